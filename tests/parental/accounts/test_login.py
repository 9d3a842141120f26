"""POST /auth/login."""

import pytest
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher

from parental.models import User
from tests.families import make_user
from tests.parental.cast import PASSWORD, bearer, fields_of, make_parent

URL = "/api/v1/auth/login"
WRONG = (401, {"detail": "Invalid email or password", "code": "login_wrong"})


@pytest.fixture
def parent(server, quick_hashes):
    return make_parent(password=PASSWORD)


def log_in(http, user, password=PASSWORD):
    return http.post(URL, json={"email": user.email, "password": password})


def test_answers_a_pair_that_works(http, parent):
    answer = log_in(http, parent.user)

    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "refresh_token", "device_token", "token_type"}
    assert answer.json()["token_type"] == "bearer"
    assert http.get("/api/v1/auth/me", headers=bearer(answer.json()["access_token"])).status_code == 200
    assert User.objects.get(pk=parent.user.pk).last_login is not None


def test_the_address_may_be_in_any_case(http, parent):
    assert http.post(URL, json={"email": parent.user.email.upper(), "password": PASSWORD}).status_code == 200


def test_logins_are_independent(http, parent):
    first, second = log_in(http, parent.user).json(), log_in(http, parent.user).json()
    http.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
    http.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})

    assert http.get("/api/v1/auth/me", headers=bearer(first["access_token"])).status_code == 401
    assert http.get("/api/v1/auth/me", headers=bearer(second["access_token"])).status_code == 200


@pytest.mark.parametrize("password", ["correct horse battery stapl", "Correct horse battery staple", " ", "x" * 1024])
def test_a_wrong_password(http, parent, password):
    answer = log_in(http, parent.user, password)

    assert (answer.status_code, answer.json()) == WRONG


def test_an_unknown_address(http, quick_hashes):
    answer = http.post(URL, json={"email": "nobody-here@example.com", "password": PASSWORD})

    assert (answer.status_code, answer.json()) == WRONG


def test_a_deactivated_account(http, parent):
    User.objects.filter(pk=parent.user.pk).update(is_active=False)

    answer = log_in(http, parent.user)

    assert (answer.status_code, answer.json()) == WRONG


def test_an_account_without_a_password(http, quick_hashes):
    answer = log_in(http, make_user())

    assert (answer.status_code, answer.json()) == WRONG


def test_the_response_time_does_not_reveal_whether_an_account_exists(http, monkeypatch):
    """One bcrypt each: it takes nearly all of the time of an answer."""
    user = make_user(password=PASSWORD)
    hashed = []
    encode = BCryptSHA256PasswordHasher.encode
    monkeypatch.setattr(BCryptSHA256PasswordHasher, "encode", lambda *args: hashed.append(1) or encode(*args))

    for email in (user.email, f"nobody-{user.email}"):
        hashed.clear()
        assert http.post(URL, json={"email": email, "password": "wrong"}).status_code == 401
        assert len(hashed) == 1


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("password", "", "string_too_short"),
        ("password", "x" * 1025, "string_too_long"),
        ("password", ["x"], "string_type"),
        ("password", "a\0b", "nul_character"),
        ("email", "nobody", "email"),
        ("email", "x" * 243 + "@example.com", "string_too_long"),
        ("email", None, "string_type"),
    ],
)
def test_bad_fields_are_named(http, field, value, kind):
    answer = http.post(URL, json={"email": "a@example.com", "password": PASSWORD, field: value})

    assert fields_of(answer) == [(["body", field], kind)]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe"])
def test_broken_json(http, body):
    answer = http.post(URL, content=body)

    assert (answer.status_code, answer.json()) == (400, {"detail": "Cannot parse request body", "code": "broken_body"})
