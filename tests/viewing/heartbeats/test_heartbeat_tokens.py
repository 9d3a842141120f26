"""Whose beats are accepted: without a valid token 401, whatever else is wrong (docs/contract.md#who-may-call)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from parental.tokens import families
from tests.families import make_child, make_family
from viewing.models import PlayerToken

HEARTBEAT = "/api/v1/viewing-time/heartbeat"


def beat_as(http, child, authorization, **changes):
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    return http.post(HEARTBEAT, json=child.body(**changes), headers=headers)


def parents_pair(child):
    return families.begin_family(child.profile.user_id, now=timezone.now())


def refused(child, response):
    return (
        (response.status_code, response.json())
        == (401, {"detail": "Invalid or missing token", "code": "unauthenticated"})
        and response.headers["content-type"] == "application/json"
        and response.headers["www-authenticate"] == "Bearer"
        and child.has_written_nothing()
    )


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer unknown",
        "Bearer sgp_unknown",
        "Bearer sga_unknown",
        "Bearer sga_a.b.c",
        "Bearer sgp_\xff",
        "Bearer sga_\xff.b.c",
        "Basic dXNlcjpwYXNzd29yZA==",
    ],
)
def test_no_token_or_one_that_we_never_issued_is_401(http, authorization):
    child = make_child()

    assert refused(child, beat_as(http, child, authorization))


@pytest.mark.parametrize("scheme", ["Token ", "Basic ", "Bearer: ", "Bearer-", ""])
def test_a_valid_token_under_another_scheme_is_401(http, scheme):
    child = make_child()

    assert refused(child, beat_as(http, child, scheme + child.token))


def test_the_scheme_may_be_written_in_small_letters(http):
    child = make_child()

    assert beat_as(http, child, f"bearer {child.token}").status_code == 200


def test_a_token_cut_short_or_in_other_letters_is_401(http):
    child = make_child()

    assert refused(child, beat_as(http, child, f"Bearer {child.token[:-1]}"))
    assert refused(child, beat_as(http, child, f"Bearer {child.token.swapcase()}"))


@pytest.mark.parametrize(
    "change",
    [{"expires_at": timezone.now() - timedelta(seconds=1)}, {"revoked_at": timezone.now()}],
    ids=lambda change: next(iter(change)),
)
def test_an_expired_or_revoked_token_is_401(http, change):
    child = make_child()
    PlayerToken.objects.filter(id=child.token_id).update(**change)

    assert refused(child, child.beat(http))


def test_a_token_ends_while_it_is_cached(http, clock):
    child = make_child()
    assert child.beat(http).status_code == 200
    clock.forward(days=90)

    response = child.beat(http)

    assert response.status_code == 401
    assert child.balance().used_seconds == 30


def test_a_deactivated_account_is_401_for_its_players_and_its_parent(http):
    child = make_child()
    pair = parents_pair(child)
    user = child.profile.user
    type(user).objects.filter(id=user.id).update(is_active=False)

    assert refused(child, child.beat(http))
    assert refused(child, beat_as(http, child, f"Bearer {pair.access_token}"))


def test_a_refresh_token_is_no_access_token(http):
    child = make_child()

    assert refused(child, beat_as(http, child, f"Bearer {parents_pair(child).refresh_token}"))


def test_a_parents_access_token_may_beat_for_every_profile_of_the_account(http):
    family = make_family(children=2)

    for child in family.children:
        assert beat_as(http, child, f"Bearer {parents_pair(child).access_token}").json()["used_minutes"] == 0.5


def test_a_parents_access_token_is_403_for_a_profile_of_another_account(http):
    child, stranger = make_child(), make_child()

    response = beat_as(http, stranger, f"Bearer {parents_pair(child).access_token}")

    assert (response.status_code, response.json()) == (
        403,
        {"detail": "Profile not found or access denied", "code": "access_denied"},
    )
    assert stranger.has_written_nothing()


@pytest.mark.parametrize("content", [b"{", b"[]", b"", b"[" * 60_000])
def test_a_stranger_learns_nothing_from_a_wrong_body(http, content):
    assert http.post(HEARTBEAT, content=content).status_code == 401


def test_a_players_beat_for_its_own_profile_is_validated_before_its_rights(http):
    child = make_child()

    assert child.beat(http, profile_id=str(make_child().profile.id), sequence=-1).status_code == 422
