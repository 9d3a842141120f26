"""What strangers try locks nobody out who proved to be the owner before (docs/contract.md#auth)."""

import uuid

import pytest

from parental.accounts import passwords
from parental.tokens import devices
from tests.families import make_user
from tests.http import any_worker
from tests.parental.cast import PASSWORD, log_in
from tests.parental.pages.visitors import CSRF, text_of
from tests.parental.pin_cast import parent_with_pin
from tests.races import in_parallel

pytestmark = pytest.mark.usefixtures("quick_hashes")

URL = "/api/v1/auth/login"
RESET_PIN = "/api/v1/parental-controls/pin/reset"


@pytest.fixture
def user(server):
    return make_user(password=PASSWORD)


def try_password(http, user, password="wrong", **fields):
    return http.post(URL, json={"email": user.email, "password": password, **fields})


def log_in_and_out(visitor, user):
    assert visitor.post("/login", email=user.email, password=PASSWORD).status_code == 302
    kept = visitor.http.cookies[devices.COOKIE]
    visitor.http.cookies.clear()  # the session, and the token of forms that a login changes
    visitor.http.cookies.set("csrftoken", CSRF, domain="127.0.0.1")
    visitor.http.cookies.set(devices.COOKIE, kept, domain="127.0.0.1")


@pytest.fixture
def locked(http, user):
    """The account, while strangers have used up their tries of its password."""
    for _ in range(10):
        assert try_password(http, user).status_code == 401
    assert try_password(http, user, PASSWORD).status_code == 429
    return user


@pytest.fixture
def device_token(http, user):
    return try_password(http, user, PASSWORD).json()["device_token"]


def test_an_app_that_logged_in_before_gets_in(http, device_token, locked):
    answer = try_password(http, locked, PASSWORD, device_token=device_token)

    assert answer.status_code == 200
    assert try_password(http, locked, PASSWORD).status_code == 429  # nothing changes for strangers


def test_so_does_a_browser(browse, user, http):
    visitor = browse()
    log_in_and_out(visitor, user)
    for _ in range(11):
        try_password(http, user)

    assert browse().post("/login", email=user.email, password=PASSWORD).status_code == 429
    assert visitor.post("/login", email=user.email, password=PASSWORD).status_code == 302


def test_a_browser_of_another_account_does_not(browse, locked):
    visitor = browse()
    log_in_and_out(visitor, make_user(password=PASSWORD))

    assert visitor.post("/login", email=locked.email, password=PASSWORD).status_code == 429


@pytest.mark.parametrize("token", ["", "nonsense", "another's"])
def test_neither_does_an_app_with_a_token_that_proves_nothing(http, locked, token):
    if token == "another's":
        token = devices.issue(uuid.uuid4(), email="other@example.com")

    assert try_password(http, locked, PASSWORD, device_token=token).status_code == 429


def test_a_known_device_has_ten_tries_of_its_own(http, user, device_token, clock):
    for _ in range(10):
        assert try_password(http, user, device_token=device_token).status_code == 401

    refused = try_password(http, user, PASSWORD, device_token=device_token)

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_tries")
    assert try_password(http, user, PASSWORD).status_code == 200  # strangers have used none
    clock.forward(minutes=5)
    assert try_password(http, user, PASSWORD, device_token=device_token).status_code == 200


def test_strangers_share_100_tries_an_hour(http, user, clock):
    for _ in range(10):
        for _ in range(10):
            assert try_password(http, user).status_code == 401
        clock.forward(minutes=5)

    refused = try_password(http, user, PASSWORD)

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "600")
    clock.forward(minutes=10)
    assert try_password(http, user, PASSWORD).status_code == 200


def test_a_right_password_does_not_end_the_hour(http, user, clock):
    for _ in range(10):
        for _ in range(9):
            assert try_password(http, user).status_code == 401
        assert try_password(http, user, PASSWORD).status_code == 200

    assert try_password(http, user).status_code == 429


def test_who_is_logged_in_may_change_the_password(browse, locked):
    inside = browse(locked)

    assert inside.post("/password", current=PASSWORD, new="another password").status_code == 302


def test_who_is_logged_in_may_reset_the_pin(http):
    parent = parent_with_pin(password=PASSWORD)
    for _ in range(11):
        try_password(http, parent.user)

    answer = http.post(RESET_PIN, json={"password": PASSWORD, "new_pin": "8024"}, headers=parent.headers)

    assert answer.status_code == 200


def test_who_is_logged_in_has_ten_tries_which_are_nobody_elses(http, browse, user):
    parent, inside = log_in(user), browse(user)
    for n in range(10):
        if n % 2:
            assert "Incorrect current" in text_of(inside.post("/password", current="wrong", new="another password"))
        else:
            body = {"password": "wrong", "new_pin": "8024"}
            assert http.post(RESET_PIN, json=body, headers=parent.headers).status_code == 401

    assert inside.post("/password", current=PASSWORD, new="another password").status_code == 429
    assert try_password(http, user, PASSWORD).status_code == 200


def test_a_reset_password_makes_the_browser_a_known_one(browse, user, http):
    from django.contrib.auth.tokens import default_token_generator

    visitor = browse()
    visitor.get(f"/password/forgotten/{user.pk}/{default_token_generator.make_token(user)}")
    visitor.post("/password/forgotten/new", new="another password")
    for _ in range(11):
        try_password(http, user)

    assert visitor.post("/login", email=user.email, password="another password").status_code == 302


def test_each_refresh_gives_a_device_token_too(http, user):
    parent = log_in(user)

    token = http.post("/api/v1/auth/refresh", json={"refresh_token": parent.refresh_token}).json()["device_token"]

    assert devices.recognize([token], email=user.email) == parent.login.pk


@pytest.mark.slow
def test_one_source_may_try_300_passwords_an_hour(http, settings, monkeypatch, clock):
    settings.TRUST_PROXY_HEADERS = True
    monkeypatch.setattr(passwords, "check_password", lambda *_: False)

    def spray(n, source):
        body = {"email": f"{uuid.uuid4()}@example.com", "password": "wrong"}
        return http.post(URL, json=body, headers={"X-Forwarded-For": source}).status_code

    source = f"2001:db8:{uuid.uuid4().hex[:4]}:1::1"
    assert {spray(n, source) for n in range(300)} == {401}

    assert spray(0, source) == 429
    assert spray(0, "203.0.113.9") == 401


@pytest.mark.slow
def test_parallel_tries_in_three_processes_are_counted_together(three_workers):
    user = make_user(password=PASSWORD)
    with any_worker(three_workers.url) as http:
        token = try_password(http, user, PASSWORD).json()["device_token"]
        in_parallel(12, lambda _: try_password(http, user))
        while try_password(http, user).status_code == 401:
            pass

        assert try_password(http, user, PASSWORD).json()["code"] in ("too_many_tries", "rate_limited")
        assert try_password(http, user, PASSWORD, device_token=token).status_code == 200
