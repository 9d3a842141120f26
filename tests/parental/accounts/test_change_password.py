"""A changed password ends all logins; and a login that races with the change."""

import threading

import pytest
from django.utils import timezone

from parental.accounts import accounts, passwords
from parental.events.record import SYSTEM
from parental.models import RefreshToken, TokenFamily, User
from tests.families import make_child, make_user
from tests.parental.cast import PASSWORD, log_in, make_parent

pytestmark = pytest.mark.usefixtures("quick_hashes")

NEW = "a new password"


@pytest.fixture
def parent(server):
    return make_parent(password=PASSWORD)


def login_status(http, user, password):
    return http.post("/api/v1/auth/login", json={"email": user.email, "password": password}).status_code


def test_ends_every_login_of_the_account(http, parent):
    other = log_in(parent.user)
    assert http.get("/api/v1/auth/me", headers=other.headers).status_code == 200

    passwords.change_password(parent.user, NEW, actor=SYSTEM)

    for login in (parent, other):
        assert http.get("/api/v1/auth/me", headers=login.headers).status_code == 401
        answer = http.post("/api/v1/auth/refresh", json={"refresh_token": login.refresh_token})
        assert answer.status_code == 401
    assert login_status(http, parent.user, PASSWORD) == 401
    assert login_status(http, parent.user, NEW) == 200


def test_leaves_other_accounts_and_players_alone(http, parent):
    child, other = make_child(), make_parent()

    passwords.change_password(child.profile.user, NEW, actor=SYSTEM)

    assert child.beat(http).status_code == 200
    assert http.get("/api/v1/auth/me", headers=other.headers).status_code == 200


def test_a_change_by_any_other_way_ends_them_too(http, parent):
    """As `manage.py changepassword` does."""
    parent.user.set_password(NEW)
    parent.user.save()

    assert http.get("/api/v1/auth/me", headers=parent.headers).status_code == 401
    assert login_status(http, parent.user, NEW) == 200


def test_none_ends_logging_in(http, parent):
    passwords.change_password(parent.user, None, actor=SYSTEM)

    assert login_status(http, parent.user, PASSWORD) == 401


def test_saves_the_password_alone(parent):
    user = User.objects.get(pk=parent.user.pk)
    User.objects.filter(pk=user.pk).update(is_staff=True)

    passwords.change_password(user, NEW, actor=SYSTEM)

    assert User.objects.get(pk=user.pk).is_staff is True


def test_a_login_racing_with_a_password_change_gets_no_tokens(committed):
    user = make_user(password=PASSWORD)
    proven = passwords.Proven(user.id, user.password, ())
    passwords.change_password(user, NEW, actor=SYSTEM)

    assert accounts._begin(proven, client="", now=timezone.now()) is None
    assert not TokenFamily.objects.filter(user=user).exists()


def test_logins_racing_with_a_password_change_all_end(committed):
    user = make_user(password=PASSWORD)
    proven = passwords.Proven(user.id, user.password, ())
    start = threading.Barrier(6)

    def begin():
        from django.db import connection

        start.wait()
        for _ in range(20):
            accounts._begin(proven, client="", now=timezone.now())
        connection.close()

    threads = [threading.Thread(target=begin) for _ in range(5)]
    for thread in threads:
        thread.start()
    start.wait()
    passwords.change_password(user, NEW, actor=SYSTEM)
    for thread in threads:
        thread.join()

    assert not TokenFamily.objects.filter(user=user, ended_at=None).exists()
    assert RefreshToken.objects.filter(family__user=user, family__ended_at=None).count() == 0
