"""Changing the password."""

import pytest
from django.contrib.auth.hashers import make_password

from parental.models import TokenFamily, User
from parental.tokens.sessions import stored_key
from tests.families import make_user
from tests.parental.cast import PASSWORD, log_in
from tests.parental.pages.visitors import text_after, text_of
from tests.parental.pin_cast import before

pytestmark = pytest.mark.usefixtures("quick_hashes")

NEW = "a new password"


@pytest.fixture
def user(server):
    return make_user(password=PASSWORD)


def change(visitor, current=PASSWORD, new=NEW):
    return visitor.post("/password", current=current, new=new)


def has_password(user, password):
    return User.objects.get(pk=user.pk).check_password(password)


def test_changes_it_and_stays_logged_in(browse, user):
    visitor = browse(user)

    assert "Your password has been changed" in text_after(visitor, change(visitor))
    assert has_password(user, NEW)


def test_ends_every_other_login(browse, http, user):
    visitor, other, app = browse(user), browse(user), log_in(user)
    assert http.get("/api/v1/auth/me", headers=app.headers).status_code == 200

    change(visitor)

    assert other.get("/").headers["location"] == "/login?next=/"
    assert http.get("/api/v1/auth/me", headers=app.headers).status_code == 401
    assert http.post("/api/v1/auth/refresh", json={"refresh_token": app.refresh_token}).status_code == 401
    (left,) = TokenFamily.objects.filter(user=user, ended_at=None)
    assert left.session_key == stored_key(visitor.http.cookies["sessionid"])


def test_a_wrong_current_password_changes_nothing(browse, http, user):
    app = log_in(user)

    answer = change(browse(user), current="wrong")

    assert "Incorrect current password" in text_of(answer)
    assert has_password(user, PASSWORD)
    assert http.get("/api/v1/auth/me", headers=app.headers).status_code == 200


def test_a_password_that_changes_while_the_new_one_is_hashed_stays(browse, user, monkeypatch):
    other = make_user(password="another").password
    change_it = User.objects.filter(pk=user.pk).update
    monkeypatch.setattr(
        "parental.accounts.passwords.make_password", before(make_password, lambda: change_it(password=other))
    )

    assert "Incorrect current password" in text_of(change(browse(user)))
    assert has_password(user, "another")


def test_wrong_ones_count_as_tries_to_log_in(browse, user):
    visitor = browse(user)
    for _ in range(10):
        change(visitor, current="wrong")

    answer = change(visitor)

    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 300
    assert has_password(user, PASSWORD)


def test_a_right_one_gives_the_tries_back(browse, user):
    visitor = browse(user)
    for _ in range(9):
        change(visitor, current="wrong")
    change(visitor)

    for _ in range(9):
        assert change(visitor, current="wrong").status_code == 200


@pytest.mark.parametrize("new", ["short", "", "p" * 129])
def test_a_new_one_that_will_not_do_is_named(browse, user, new):
    answer = change(browse(user), new=new)

    assert 'id="id_new_error"' in answer.text
    assert has_password(user, PASSWORD)


def test_without_a_csrf_token_nothing_happens(browse, user):
    assert browse(user).post_without_csrf("/password", current=PASSWORD, new=NEW).status_code == 403
    assert has_password(user, PASSWORD)
