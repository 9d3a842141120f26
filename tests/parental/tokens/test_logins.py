"""Where an account is logged in: `/auth/logins` and `/auth/logout`, for apps and pages together."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session

from parental.models import RefreshToken, TokenFamily
from parental.tokens.cleaning import clean_up
from parental.tokens.clients import client_name
from parental.tokens.sessions import stored_key
from tests.families import make_child, make_user
from tests.parental.cast import PASSWORD, log_in, make_parent
from tests.statements import statements

URL = "/api/v1/auth/logins"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def listed(http, parent):
    answer = http.get(URL, headers=parent.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def is_let_in(http, parent):
    return http.get("/api/v1/auth/me", headers=parent.headers).status_code == 200


def test_logging_out_ends_the_callers_login_alone(http):
    parent = make_parent()
    other = log_in(parent.user)

    answer = http.post("/api/v1/auth/logout", headers=parent.headers)

    assert (answer.status_code, answer.content) == (204, b"")
    assert not is_let_in(http, parent)
    refreshed = http.post("/api/v1/auth/refresh", json={"refresh_token": parent.refresh_token})
    assert refreshed.status_code == 401
    assert is_let_in(http, other)
    assert http.post("/api/v1/auth/logout", headers=parent.headers).status_code == 401


def test_apps_and_pages_are_listed_together(http, browse, quick_hashes):
    user = make_user(password=PASSWORD)
    body = {"email": user.email, "password": PASSWORD}
    pair = http.post("/api/v1/auth/login", json=body, headers={"User-Agent": "SandglassApp/2.1 (iOS)"}).json()
    browse(user).get("/", **{"User-Agent": FIREFOX})
    headers = {"Authorization": f"Bearer {pair['access_token']}"}

    page, app = http.get(URL, headers=headers).json()

    assert (page["kind"], page["client"], page["is_current"]) == ("page", "Firefox (Windows)", False)
    assert (app["kind"], app["client"], app["is_current"]) == ("app", "SandglassApp", True)
    assert set(page) == {"id", "kind", "client", "created_at", "last_used_at", "is_current"}


def test_a_refresh_is_a_use(http, clock):
    parent = make_parent()
    clock.forward(hours=5)

    pair = http.post("/api/v1/auth/refresh", json={"refresh_token": parent.refresh_token}).json()

    (login,) = http.get(URL, headers={"Authorization": f"Bearer {pair['access_token']}"}).json()
    assert login["last_used_at"] > login["created_at"]


def test_what_lets_nobody_in_is_not_listed(http, browse, clock):
    parent = make_parent()
    ended, expired = log_in(parent.user), log_in(parent.user)
    http.post("/api/v1/auth/logout", headers=ended.headers)
    family = TokenFamily.objects.get(refresh_tokens__token_hash=RefreshToken.objects.last().token_hash)
    RefreshToken.objects.filter(family=family).update(expires_at=clock.now)
    visitor = browse(parent.user)
    visitor.get("/")
    Session.objects.filter(session_key=stored_key(visitor.http.cookies["sessionid"])).update(expire_date=clock.now)

    (login,) = listed(http, parent)

    assert login["is_current"]
    assert is_let_in(http, expired), "its access token lives on"


def test_one_login_is_ended_whatever_it_is(http, browse):
    parent, user = make_parent(), None
    user = parent.user
    app, visitor = log_in(user), browse(user)
    assert visitor.get("/").status_code == 200
    others = [login for login in listed(http, parent) if not login["is_current"]]
    assert len(others) == 2

    for login in others:
        answers = [http.delete(f"{URL}/{login['id']}", headers=parent.headers).status_code for _ in range(2)]
        assert answers == [204, 204]

    assert not is_let_in(http, app)
    assert visitor.get("/").headers["location"].startswith("/login")
    assert [login["is_current"] for login in listed(http, parent)] == [True]


def test_all_others_are_ended(http, browse):
    parent = make_parent()
    app, visitor, stranger = log_in(parent.user), browse(parent.user), make_parent()
    assert visitor.get("/").status_code == 200

    assert http.delete(URL, headers=parent.headers).json() == {"ended": 2}

    assert (is_let_in(http, parent), is_let_in(http, app), is_let_in(http, stranger)) == (True, False, True)
    assert visitor.get("/").status_code == 302
    assert http.delete(URL, headers=parent.headers).json() == {"ended": 0}


def test_not_yours_and_not_there_answer_alike(http):
    parent, other = make_parent(), make_parent()

    answers = [http.delete(f"{URL}/{login}", headers=parent.headers) for login in (other.login.pk, uuid.uuid4())]

    assert {(answer.status_code, answer.text) for answer in answers} == {
        (404, '{"detail": "Login not found", "code": "not_found"}')
    }
    assert is_let_in(http, other)
    assert http.delete(f"{URL}/x", headers=parent.headers).status_code == 422


@pytest.mark.parametrize(("method", "path"), [("POST", "logout"), ("GET", "logins"), ("DELETE", "logins")])
def test_a_player_may_not(http, method, path):
    child = make_child()

    assert http.request(method, f"/api/v1/auth/{path}", headers=child.headers).status_code == 403
    assert http.request(method, f"/api/v1/auth/{path}").status_code == 401


def test_one_statement_lists_at_most_a_hundred(http):
    parent = make_parent()
    is_let_in(http, parent)
    for _ in range(105):
        log_in(parent.user)

    with statements() as sent:
        found = listed(http, parent)

    assert len(found) == 100
    assert len(sent) == 1, sent.all


def test_the_clean_up_keeps_logins_of_living_sessions(http, browse, clock):
    user = make_user()
    living, dead = browse(user), browse(user)
    for visitor in (living, dead):
        visitor.get("/")
    Session.objects.filter(session_key=stored_key(dead.http.cookies["sessionid"])).update(expire_date=clock.now)

    clean_up(now=clock.now + timedelta(seconds=1))

    (left,) = TokenFamily.objects.filter(user=user)
    assert left.session_key == stored_key(living.http.cookies["sessionid"])


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox (Windows)"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari (iPhone)"),
        ("Mozilla/5.0 (X11; CrOS x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome (ChromeOS)"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/537 Chrome/140 Safari/537 Edg/140", "Edge (Mac)"),
        ("SandglassApp/2.1 (Android 15)", "SandglassApp"),
        ("python-httpx/0.28", "python-httpx"),
        ("Mozilla/5.0 (Linux; Something)", "Linux"),
        ("", ""),
        ("<script>", ""),
        ("\N{RIGHT-TO-LEFT OVERRIDE}abc", ""),
        ("a" * 5000, "a" * 40),
    ],
)  # fmt: skip
def test_a_client_has_a_name(user_agent, name):
    assert client_name(user_agent) == name
