"""JWTs of the platform's own login: whom they let in, and whom not. The issuer is a process of its own."""

import base64
import hmac
import json
import time
import uuid
from types import SimpleNamespace

import jwt
import pytest
from django.utils import timezone

from parental.models import User
from parental.oidc import keys as issuer_keys
from parental.oidc import tokens
from perfmetrics.counting.cache import counted
from tests.clock import real_now
from tests.families import make_child, make_player, make_service, make_user
from tests.http import status_and_body
from tests.issuer import AUDIENCE, issuer
from tests.parental.cast import bearer
from tests.races import in_parallel
from tests.statements import statements

ME = "/api/v1/auth/me"
NO_TOKEN = (401, {"detail": "Invalid or missing token", "code": "unauthenticated"})


@pytest.fixture
def provider(server, shared, settings, monkeypatch):
    """The issuer that the service trusts; the service has not asked for its keys yet."""
    trust(shared, settings, monkeypatch)
    return shared


def trust(one, settings, monkeypatch):
    monkeypatch.setattr(timezone, "now", real_now)
    settings.OIDC_ISSUER, settings.OIDC_AUDIENCE, settings.OIDC_JWKS_URL = one.url, AUDIENCE, ""
    settings.OIDC_CREATE_ACCOUNTS = False
    monkeypatch.setattr(tokens, "keys", issuer_keys.Keys())
    counted("jwts").clear()


@pytest.fixture
def parent(server):
    return make_user(external_id=f"acct:{uuid.uuid4()}")


def me(http, token):
    return status_and_body(http.get(ME, headers=bearer(token)))


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_a_subjects_token_is_a_parents(http, provider, parent, alg):
    make_player(parent)

    assert me(http, provider.token(parent.external_id, alg=alg)) == (
        200,
        {"id": str(parent.pk), "email": parent.email, "is_admin": False},
    )
    profiles = http.get("/api/v1/auth/profiles", headers=bearer(provider.token(parent.external_id)))
    assert [one["name"] for one in profiles.json()] == ["Mia"]


def test_with_a_profile_it_is_a_players_and_bound_to_it(http, provider, parent):
    child, sibling = make_player(parent), make_player(parent)
    child.profile.external_id = "mia"
    child.profile.save(update_fields=["external_id"])
    child.token = provider.token(parent.external_id, sandglass_profile="mia")

    assert child.beat(http).json()["used_minutes"] == 0.5
    sibling.token = child.token
    assert sibling.beat(http).status_code == 403
    assert http.get("/api/v1/auth/profiles", headers=child.headers).status_code == 403
    pin = http.post("/api/v1/parental-controls/pin/verify", json={"pin": "1234"}, headers=child.headers)
    assert pin.status_code in (400, 403)
    unknown = provider.token(parent.external_id, sandglass_profile="leo")
    assert me(http, unknown) == NO_TOKEN


def test_nobody_is_staff_by_it(http, provider):
    staff = make_user(is_staff=True, is_superuser=True, external_id=f"acct:{uuid.uuid4()}")
    token = provider.token(staff.external_id, is_staff=True, is_admin=True)

    assert http.get("/api/v1/admin/metrics", headers=bearer(token)).status_code == 403


WRONG = {
    "another audience": {"aud": "another"},
    "no audience": {"aud": ...},
    "another issuer": {"iss": "https://another.example"},
    "no issuer": {"iss": ...},
    "expired": {"exp": lambda: int(time.time()) - 61},
    "no end": {"exp": ...},
    "not yet valid": {"nbf": lambda: int(time.time()) + 120},
    "issued in the future": {"iat": lambda: int(time.time()) + 120},
    "no subject": {"sub": ...},
    "an empty subject": {"sub": ""},
    "a subject with a space": {"sub": "a b"},
    "a subject with a slash": {"sub": "a/b"},
    "a subject with NUL": {"sub": "a\0"},
    "a subject that is no text": {"sub": 7},
    "a subject of 300": {"sub": "x" * 300},
    "20 kB": {"padding": "x" * 20_000},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_claim_is_401(http, provider, parent, name):
    changes = {claim: value() if callable(value) else value for claim, value in WRONG[name].items()}

    token = (
        provider.token(**{"subject": parent.external_id, **changes})
        if "sub" not in changes
        else provider.token(**changes)
    )

    assert me(http, token) == NO_TOKEN
    assert me(http, provider.token(parent.external_id))[0] == 200


def test_60_seconds_of_difference_between_the_clocks_are_allowed(http, provider, parent):
    now = int(time.time())

    for changes in ({"exp": now - 30}, {"nbf": now + 30}, {"iat": now + 30}):
        assert me(http, provider.token(parent.external_id, **changes))[0] == 200


def in_base64(content):
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def unsigned(header, claims):
    return ".".join(in_base64(json.dumps(part).encode()) for part in (header, claims)) + "."


def with_secret(header, claims, secret):
    """Signed by HS256; PyJWT refuses to do it with a public key."""
    signed = unsigned(header, claims)
    return signed + in_base64(hmac.digest(secret, signed[:-1].encode(), "sha256"))


def test_no_signature_and_a_shared_secret_are_401(http, provider, parent):
    good = provider.token(parent.external_id)
    header, claims = jwt.get_unverified_header(good), jwt.decode(good, options={"verify_signature": False})
    forged = [
        unsigned({**header, "alg": "none"}, claims),
        unsigned({**header, "alg": "None"}, claims),
        with_secret({**header, "alg": "HS256"}, claims, provider.public_pem()),
        good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"),
        "eyJ",
        "eyJ.eyJ.x",
        good.rsplit(".", 1)[0],
    ]

    assert me(http, good)[0] == 200
    for token in forged:
        assert me(http, token) == NO_TOKEN


def test_without_an_issuer_no_jwt_is_accepted(http, provider, parent, settings):
    token = provider.token(parent.external_id)
    settings.OIDC_ISSUER = ""

    assert me(http, token) == NO_TOKEN


def test_an_unknown_key_is_fetched_once_a_minute_however_many_ask(http, provider, parent, monkeypatch):
    assert me(http, provider.token(parent.external_id))[0] == 200
    before = provider.fetches()
    provider.rotate()
    rotated = provider.token(parent.external_id)

    assert me(http, rotated) == NO_TOKEN  # within a minute of the last fetch
    assert provider.fetches() == before
    began = time.monotonic()
    monkeypatch.setattr(issuer_keys, "time", SimpleNamespace(monotonic=lambda: began + 61))
    answers = in_parallel(8, lambda n: me(http, provider.token(parent.external_id, jti=str(n)))[0])

    assert answers == [200] * 8
    assert provider.fetches() == before + 1
    assert me(http, rotated)[0] == 200


def test_known_keys_are_used_for_a_day_while_the_issuer_is_away(http, server, parent, settings, monkeypatch):
    with issuer() as leaving:
        trust(leaving, settings, monkeypatch)
        made = [leaving.token(parent.external_id, jti=str(n)) for n in range(3)]
        assert me(http, made[0])[0] == 200
        leaving.stop()
    began, later = time.monotonic(), [0]
    monkeypatch.setattr(issuer_keys, "time", SimpleNamespace(monotonic=lambda: began + later[0]))

    later[0] = 23 * 3600
    assert me(http, made[1])[0] == 200
    later[0] = 25 * 3600
    assert me(http, made[2])[0] == 503


def test_a_deactivated_account_stops_within_60_seconds(http, provider, parent, caches_later):
    token = provider.token(parent.external_id)
    assert me(http, token)[0] == 200
    User.objects.filter(pk=parent.pk).update(is_active=False)

    caches_later(60)

    assert me(http, token) == NO_TOKEN


def test_a_cached_token_ends_with_its_time(http, provider, parent, monkeypatch):
    child = make_child()
    token = provider.token(parent.external_id)
    assert me(http, token)[0] == 200
    now = real_now()
    monkeypatch.setattr(timezone, "now", lambda: now + timezone.timedelta(seconds=301))

    # It is verified again, by PyJWT's own clock, which this test does not move.
    monkeypatch.setattr(
        tokens.jwt, "decode", lambda *_args, **_options: (_ for _ in ()).throw(jwt.ExpiredSignatureError)
    )

    assert me(http, token) == NO_TOKEN
    assert child.profile.pk


def test_an_unknown_subject_is_401_or_made_on_sight(http, provider, settings):
    unknown, wanted = f"acct:{uuid.uuid4()}", f"acct:{uuid.uuid4()}"
    assert me(http, provider.token(unknown)) == NO_TOKEN
    settings.OIDC_CREATE_ACCOUNTS = True

    status, body = me(http, provider.token(wanted))

    user = User.objects.get(external_id=wanted)
    assert (status, body) == (200, {"id": str(user.pk), "email": None, "is_admin": False})
    assert not User.objects.filter(external_id=unknown).exists()


def test_parallel_first_tokens_make_one_account(http, provider, settings):
    settings.OIDC_CREATE_ACCOUNTS = True
    subject = f"acct:{uuid.uuid4()}"
    made = [provider.token(subject, jti=str(n)) for n in range(6)]

    answers = in_parallel(6, lambda n: me(http, made[n]))

    assert {status for status, _ in answers} == {200}
    assert len({body["id"] for _, body in answers}) == 1
    assert User.objects.filter(external_id=subject).count() == 1


def test_a_deactivated_subject_is_not_made_again(http, provider, parent, settings):
    settings.OIDC_CREATE_ACCOUNTS = True
    User.objects.filter(pk=parent.pk).update(is_active=False)

    assert me(http, provider.token(parent.external_id)) == NO_TOKEN


def test_it_speaks_for_the_platforms_account(http, provider):
    key = f"acct:{uuid.uuid4()}"
    account = make_service("accounts").put_account(http, key).json()

    assert me(http, provider.token(key))[1]["id"] == account["account_id"]


def test_a_heartbeat_with_a_cached_token_is_one_statement(http, provider, parent):
    child = make_player(parent)
    child.profile.external_id = "mia"
    child.profile.save(update_fields=["external_id"])
    child.token = provider.token(parent.external_id, sandglass_profile="mia")
    session_id = child.watch(http, 2)

    with statements() as found:
        child.beat(http, session_id=session_id)

    assert len(found) == 1


def test_the_login_is_ended_at_the_issuer(http, provider, parent):
    answer = http.post("/api/v1/auth/logout", headers=bearer(provider.token(parent.external_id)))

    assert (answer.status_code, answer.json()["code"]) == (403, "caller")
