"""GET /auth/me, and which bearer tokens let anyone in."""

import re
import time

import pytest
from django.core.signing import TimestampSigner, b62_encode

from parental.models import Pin, TokenFamily, User
from parental.tokens import families, pin_tokens, signed
from perfmetrics.counting.cache import counted
from tests.families import make_child
from tests.parental.cast import bearer, make_parent
from tests.statements import statements

URL = "/api/v1/auth/me"
REFUSED = (401, {"detail": "Invalid or missing token", "code": "unauthenticated"})


@pytest.fixture
def parent(server):
    return make_parent()


def status(http, token):
    return http.get(URL, headers=bearer(token)).status_code


def aged(monkeypatch, seconds, *args):
    """Return a token that was signed `seconds` ago."""
    with monkeypatch.context() as patch:
        patch.setattr(TimestampSigner, "timestamp", lambda self: b62_encode(int(time.time()) - seconds))
        return signed.sign(*args)


def test_answers_the_account(http, parent):
    answer = http.get(URL, headers=parent.headers)

    assert answer.status_code == 200
    assert answer.json() == {"id": str(parent.user.id), "email": parent.user.email, "is_admin": False}


def test_staff_are_admins(http):
    parent = make_parent(is_staff=True)

    assert http.get(URL, headers=parent.headers).json()["is_admin"] is True


def test_one_statement_cold_and_none_warm(http, parent):
    with statements() as cold:
        assert status(http, parent.access_token) == 200
    with statements() as warm:
        assert status(http, parent.access_token) == 200

    # 1. the login with its account
    assert len(cold) == 1, cold
    assert len(warm) == 0, warm


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic YTpi"}, bearer("x")])
def test_no_token(http, headers):
    answer = http.get(URL, headers=headers)

    assert (answer.status_code, answer.json()) == REFUSED


def test_every_character_of_it_counts(http, parent):
    for at in range(0, len(parent.access_token), 7):
        other = "A" if parent.access_token[at] != "A" else "B"
        assert status(http, parent.access_token[:at] + other + parent.access_token[at + 1 :]) == 401


@pytest.mark.parametrize("token", ["sga_", "sga_..", "sgp_", "sgp_x", "ü", "a.b.c", "sga_" + "A" * 8000])
def test_nonsense(http, token):
    assert http.get(URL, headers={"Authorization": f"Bearer {token}".encode("latin-1")}).status_code == 401


def test_it_lives_for_60_minutes(http, parent, monkeypatch):
    ids = (parent.user.id, parent.login.id)

    assert status(http, aged(monkeypatch, 3590, signed.ACCESS, *ids)) == 200
    assert status(http, aged(monkeypatch, 3602, signed.ACCESS, *ids)) == 401


def test_a_pin_token_is_no_access_token(http, parent):
    pin = Pin(user=parent.user, version=parent.login.id)  # the worst case: it names the login

    token = pin_tokens.pin_token(pin)

    assert pin_tokens.is_valid(token, pin)
    assert status(http, token) == 401
    assert status(http, signed.ACCESS + token.removeprefix(signed.PIN)) == 401
    assert not pin_tokens.is_valid(parent.access_token, pin)
    assert not pin_tokens.is_valid(signed.PIN + parent.access_token.removeprefix(signed.ACCESS), pin)


def test_a_refresh_token_is_no_access_token(http, parent):
    assert status(http, parent.refresh_token) == 401


def test_it_is_invalid_for_another_account(http, parent):
    assert status(http, signed.sign(signed.ACCESS, make_parent().user.id, parent.login.id)) == 401


def test_old_keys_still_read(http, parent, settings):
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "a new key"
    signed._signer.cache_clear()
    try:
        assert status(http, parent.access_token) == 200
        settings.SECRET_KEY_FALLBACKS = []
        signed._signer.cache_clear()
        assert status(http, parent.access_token) == 401
    finally:
        signed._signer.cache_clear()


def test_a_deactivated_account_is_out_within_60_s(http, parent, caches_later):
    assert status(http, parent.access_token) == 200
    User.objects.filter(pk=parent.user.pk).update(is_active=False)  # as another process does
    assert status(http, parent.access_token) == 200

    caches_later(60)

    assert status(http, parent.access_token) == 401


def test_a_login_ended_elsewhere_stops_within_60_s(http, parent, caches_later):
    assert status(http, parent.access_token) == 200
    TokenFamily.objects.filter(user=parent.user).update(ended_at=parent.login.created_at)

    caches_later(60)

    assert status(http, parent.access_token) == 401


def test_what_this_process_ends_is_out_at_once(http, parent):
    assert status(http, parent.access_token) == 200

    families.end_token_families(parent.user)

    assert status(http, parent.access_token) == 401


def test_a_changed_account_is_read_again_immediately(http):
    child = make_child()
    parent = make_parent()
    for token, user in ((parent.access_token, parent.user), (child.token, child.profile.user)):
        http.get(URL, headers=bearer(token))
        User.objects.filter(pk=user.pk).update(is_active=False)
        families.invalidate_account(user)

        assert status(http, token) == 401


def test_an_unknown_login_is_not_cached(http, parent):
    family_id = parent.login.id
    TokenFamily.objects.filter(user=parent.user).delete()

    assert status(http, parent.access_token) == 401
    assert counted("accounts").get(family_id) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/me"),
        ("GET", "/profiles"),
        ("POST", "/profiles"),
        ("POST", "/profiles/{profile}/player-token"),
        ("DELETE", "/player-tokens/{token}"),
    ],
)
def test_a_player_token_may_do_nothing_here(http, method, path):
    child = make_child()
    body = {"name": "Mia", "device_name": "TV"} if method == "POST" else None
    url = "/api/v1/auth" + path.format(profile=child.profile.id, token=child.token_id)

    answer = http.request(method, url, json=body, headers=child.headers)

    assert (answer.status_code, answer.json()) == (403, {"detail": "A player token cannot do this", "code": "caller"})
    assert (http.request(method, url, json=body).status_code) == 401


def test_it_is_made_of_what_a_bearer_token_may_hold(parent):
    assert re.fullmatch(r"[A-Za-z0-9._~+/-]+", parent.access_token)  # RFC 6750
