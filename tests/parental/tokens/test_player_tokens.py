"""POST /auth/profiles/{profile_id}/player-token and DELETE /auth/player-tokens/{token_id}."""

import uuid
from datetime import datetime, timedelta

import httpx
import pytest
from django.contrib.auth.hashers import make_password
from django.core.signing import TimestampSigner
from django.utils import timezone

from parental.models import Pin
from parental.tokens import pin_tokens, signed
from tests.families import make_child, make_player
from tests.parental.cast import bearer, fields_of, log_in, make_parent
from tests.races import in_parallel
from viewing.models import PlayerToken, Profile

DENIED = (403, {"detail": "Profile not found or access denied", "code": "access_denied"})
PIN_NEEDED = (403, {"detail": "Valid PIN token required", "code": "pin_required"})
NOT_FOUND = (404, {"detail": "Player token not found", "code": "not_found"})


@pytest.fixture
def child(server):
    return make_child()


@pytest.fixture
def parent(child):
    return log_in(child.profile.user)


@pytest.fixture
def pin(parent, quick_hashes):
    return Pin.objects.create(user=parent.user, pin_hash=make_password("1234"))


def issue(http, parent, profile_id, **body):
    url = f"/api/v1/auth/profiles/{profile_id}/player-token"
    return http.post(url, json={"device_name": "Tablet", **body}, headers=parent.headers)


def revoke(http, parent, token_id):
    return http.delete(f"/api/v1/auth/player-tokens/{token_id}", headers=parent.headers)


def balance(http, token, profile_id):
    return http.get(f"/api/v1/viewing-time/balance/{profile_id}", headers=bearer(token)).status_code


def test_a_device_gets_a_token_for_one_profile(http, child, parent, clock):
    sister = make_player(parent.user)

    answer = issue(http, parent, child.profile.id)

    assert answer.status_code == 201
    assert set(answer.json()) == {"player_token", "token_id", "expires_at"}
    expires_at = datetime.fromisoformat(answer.json()["expires_at"])
    assert abs(expires_at - clock.now - timedelta(days=90)) < timedelta(milliseconds=1)
    token = answer.json()["player_token"]
    assert balance(http, token, child.profile.id) == 200
    assert balance(http, token, sister.profile.id) == 403
    row = PlayerToken.objects.get(pk=answer.json()["token_id"])
    assert (row.device_name, len(bytes(row.token_hash))) == ("Tablet", 32)


def test_it_expires_after_90_days_without_use(http, child, parent, clock):
    token = issue(http, parent, child.profile.id).json()["player_token"]
    clock.forward(days=90, seconds=1)

    assert balance(http, token, child.profile.id) == 401


def test_a_cached_one_expires_too(http, child, parent, clock):
    answer = issue(http, parent, child.profile.id).json()
    PlayerToken.objects.filter(pk=answer["token_id"]).update(expires_at=clock.now + timedelta(seconds=10))
    assert balance(http, answer["player_token"], child.profile.id) == 200
    clock.forward(seconds=10)

    assert balance(http, answer["player_token"], child.profile.id) == 401


def test_the_same_refusal_for_another_family_and_for_no_profile(http, child):
    stranger = make_parent()
    for profile_id in (child.profile.id, uuid.uuid4()):
        answer = issue(http, stranger, profile_id)
        assert (answer.status_code, answer.json()) == DENIED


def test_a_profile_deleted_just_now(http, child, parent):
    assert issue(http, parent, child.profile.id).status_code == 201
    Profile.objects.filter(pk=child.profile.id).delete()  # still in the cache

    answer = issue(http, parent, child.profile.id)

    assert (answer.status_code, answer.json()) == DENIED


def test_with_a_pin_its_token_is_needed(http, child, parent, pin):
    answer = issue(http, parent, child.profile.id, pin_token=pin_tokens.pin_token(pin))

    assert answer.status_code == 201


def test_without_a_pin_none_is_asked_for(http, child, parent):
    assert issue(http, parent, child.profile.id, pin_token="whatever").status_code == 201
    assert issue(http, parent, child.profile.id, pin_token=None).status_code == 201


def bad_pin_tokens(parent, pin, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(TimestampSigner, "timestamp", lambda self: "1Yq5bP")  # long ago
        old = pin_tokens.pin_token(pin)
    return {
        "missing": None,
        "empty": "",
        "tampered": pin_tokens.pin_token(pin)[:-1],
        "expired": old,
        "of an older PIN": pin_tokens.pin_token(Pin(user=parent.user, version=uuid.uuid4())),
        "of another account": pin_tokens.pin_token(Pin(user_id=uuid.uuid4(), version=pin.version)),
        "an access token": parent.access_token,
        "signed as access": signed.sign(signed.ACCESS, parent.user.id, pin.version),
        "not ASCII": "sgn_\N{SNOWMAN}",
    }


def test_no_other_pin_token_will_do(http, child, parent, pin, monkeypatch):
    for kind, token in bad_pin_tokens(parent, pin, monkeypatch).items():
        answer = issue(http, parent, child.profile.id, pin_token=token)
        assert (answer.status_code, answer.json()) == PIN_NEEDED, kind


def test_a_pin_token_lives_for_five_minutes(pin, monkeypatch, settings):
    token = pin_tokens.pin_token(pin)
    settings.PIN_TOKEN_SECONDS = -1

    assert not pin_tokens.is_valid(token, pin)


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("device_name", "", "string_too_short"),
        ("device_name", "x" * 101, "string_too_long"),
        ("device_name", "  ", "blank"),
        ("device_name", "TV\0", "nul_character"),
        ("device_name", 5, "string_type"),
        ("device_name", None, "string_type"),
        ("pin_token", 1234, "string_type"),
        ("pin_token", "x" * 501, "string_too_long"),
        ("pin_token", "\0", "nul_character"),
    ],
)
def test_bad_fields_are_named(http, parent, field, value, kind):
    answer = issue(http, parent, make_player(parent.user).profile.id, **{field: value})

    assert fields_of(answer) == [(["body", field], kind)]


def test_bad_ids_and_broken_json(http, child, parent):
    assert fields_of(issue(http, parent, "7")) == [(["path", "profile_id"], "uuid_parsing")]
    assert fields_of(revoke(http, parent, "7")) == [(["path", "token_id"], "uuid_parsing")]
    url = f"/api/v1/auth/profiles/{child.profile.id}/player-token"
    broken = http.post(url, content=b"[", headers=parent.headers)
    assert (broken.status_code, broken.json()) == (400, {"detail": "Cannot parse request body", "code": "broken_body"})


def living(profile):
    return PlayerToken.objects.alive(now=timezone.now()).filter(profile=profile)


def test_beyond_50_the_least_recently_used_is_evicted(http, child, parent):
    now = timezone.now()
    PlayerToken.objects.filter(pk=child.token_id).update(last_used_at=now - timedelta(days=30))
    for _ in range(49):
        PlayerToken.objects.create(
            profile=child.profile, device_name="TV", token_hash=uuid.uuid4().bytes, expires_at=now + timedelta(days=1)
        )
    assert balance(http, child.token, child.profile.id) == 200
    PlayerToken.objects.filter(pk=child.token_id).update(last_used_at=now - timedelta(days=30))

    assert issue(http, parent, child.profile.id).status_code == 201

    assert living(child.profile).count() == 50
    assert balance(http, child.token, child.profile.id) == 401


def test_parallel_issues_stay_within_50(server, child, parent):
    for _ in range(47):
        PlayerToken.objects.create(
            profile=child.profile,
            device_name="TV",
            token_hash=uuid.uuid4().bytes,
            expires_at=timezone.now() + timedelta(days=1),
        )

    url = f"{server}/api/v1/auth/profiles/{child.profile.id}/player-token"
    body = {"device_name": "TV"}
    answers = in_parallel(8, lambda n: httpx.post(url, json=body, headers=parent.headers, timeout=30))

    assert {answer.status_code for answer in answers} == {201}
    assert living(child.profile).count() == 50


def test_a_revoked_token_stops_immediately_in_this_process(http, child, parent):
    assert balance(http, child.token, child.profile.id) == 200

    answer = revoke(http, parent, child.token_id)

    assert (answer.status_code, answer.content) == (204, b"")
    assert balance(http, child.token, child.profile.id) == 401
    assert child.beat(http).status_code == 401


def test_a_token_revoked_elsewhere_stops_within_60_s(http, child, caches_later):
    assert balance(http, child.token, child.profile.id) == 200
    PlayerToken.objects.filter(pk=child.token_id).update(revoked_at=timezone.now())

    caches_later(60)

    assert balance(http, child.token, child.profile.id) == 401


def test_revoking_again_changes_nothing(http, child, parent):
    revoke(http, parent, child.token_id)
    first = PlayerToken.objects.get(pk=child.token_id).revoked_at

    assert revoke(http, parent, child.token_id).status_code == 204
    assert PlayerToken.objects.get(pk=child.token_id).revoked_at == first


def test_the_same_refusal_for_another_familys_and_for_no_token(http, child):
    stranger = make_parent()
    for token_id in (child.token_id, uuid.uuid4()):
        answer = revoke(http, stranger, token_id)
        assert (answer.status_code, answer.json()) == NOT_FOUND
    assert balance(http, child.token, child.profile.id) == 200
