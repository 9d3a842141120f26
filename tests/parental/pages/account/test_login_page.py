"""Logging in and out of the pages."""

import pytest

from tests.families import make_user
from tests.parental.cast import PASSWORD
from tests.parental.pages.visitors import text_after, text_of

pytestmark = pytest.mark.usefixtures("quick_hashes")

WRONG = "Incorrect email address or password"


@pytest.fixture
def user(server):
    return make_user(password=PASSWORD)


def log_in(visitor, email, password=PASSWORD, **form):
    return visitor.post("/login", email=email, password=password, **form)


def test_leads_to_the_dashboard(browse, user):
    visitor = browse()

    answer = log_in(visitor, user.email)

    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    assert visitor.get("/").status_code == 200


def test_the_address_may_be_written_in_capitals(browse, user):
    assert log_in(browse(), user.email.upper()).status_code == 302


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(browse, user):
    wrong = text_of(log_in(browse(), user.email, "wrong"))
    unknown = text_of(log_in(browse(), "nobody@example.com", "wrong"))

    assert wrong == unknown
    assert WRONG in wrong


def test_what_was_entered_stays_but_for_the_password(browse, user):
    answer = log_in(browse(), user.email, "a wrong password")

    assert f'value="{user.email}"' in answer.text
    assert "a wrong password" not in answer.text


def test_a_deactivated_account_gets_in_no_more_and_its_session_ends(browse, user):
    inside = browse(user)
    assert inside.get("/").status_code == 200

    type(user).objects.filter(pk=user.pk).update(is_active=False)

    assert WRONG in text_of(log_in(browse(), user.email))
    assert inside.get("/").headers["location"] == "/login?next=/"


def test_after_ten_tries_there_is_a_page_that_says_how_long_to_wait(browse, user, clock):
    visitor = browse()
    for _ in range(10):
        assert log_in(visitor, user.email, "wrong").status_code == 200

    answer = log_in(visitor, user.email)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "300")
    assert "about 5 minutes" in text_of(answer)


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/password?x=1", "/password?x=1"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\\evil.example", "/"),
    ],
)
def test_it_goes_on_only_to_a_page_of_ours(browse, user, target, leads_to):
    assert log_in(browse(), user.email, next=target).headers["location"] == leads_to


def test_the_form_carries_where_to_go_on(browse):
    page = browse().get("/login?next=/password")

    assert 'name="next" value="/password"' in page.text
    assert "evil" not in browse().get("/login?next=//evil.example").text


def test_without_a_csrf_token_nothing_happens(browse, user):
    visitor = browse()

    answer = visitor.post_without_csrf("/login", email=user.email, password=PASSWORD)

    assert answer.status_code == 403
    assert "Please try again" in text_of(answer)
    assert visitor.get("/").status_code == 302


@pytest.mark.parametrize("email", ["", "no address", "a@b@c", "a\0b@example.com", f"{'a' * 250}@example.com"])
def test_a_malformed_address_is_reported_next_to_its_field(browse, email):
    answer = log_in(browse(), email)

    assert answer.status_code == 200
    assert 'id="id_email_error"' in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_logging_out_ends_the_session(browse, user):
    visitor = browse(user)
    session = visitor.http.cookies["sessionid"]

    assert "You're logged out" in text_after(visitor, visitor.post("/logout"))

    visitor.http.cookies.set("sessionid", session, domain="127.0.0.1")
    assert visitor.get("/").headers["location"] == "/login?next=/"


def test_logging_out_is_a_post(browse, user):
    visitor = browse(user)

    assert visitor.get("/logout").status_code == 405
    assert visitor.post_without_csrf("/logout").status_code == 403
    assert visitor.get("/").status_code == 200


def test_whoever_is_logged_in_goes_on(browse, user):
    visitor = browse(user)

    assert visitor.get("/login").headers["location"] == "/"
    assert visitor.get("/login?next=/password").headers["location"] == "/password"


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(browse, user):
    cookies = log_in(browse(), user.email).headers.get_list("set-cookie")

    (session,) = [cookie for cookie in cookies if cookie.startswith("sessionid=")]
    assert {"HttpOnly", "SameSite=Lax", "Max-Age=1209600"} <= set(session.split("; "))
