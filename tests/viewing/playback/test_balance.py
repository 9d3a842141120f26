"""GET /viewing-time/balance/{profile_id}: the whole answer for each kind of profile (docs/contract.md#balance)."""

import uuid

import pytest
from django.utils import timezone

from parental.tokens import families
from tests.families import make_child, make_family, make_title

MIDNIGHT = "2026-03-05T00:00:00Z"


def balance(http, profile_id, headers):
    return http.get(f"/api/v1/viewing-time/balance/{profile_id}", headers=headers)


def balance_of(http, player):
    response = balance(http, player.profile.id, player.headers)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("application/json")
    return response.json()


def a_childs(child, **differing):
    """The answer for a child with 120 minutes and nothing used, but for what differs."""
    return {
        "profile_id": str(child.profile.id),
        "is_child_profile": True,
        "has_limits": True,
        "used_minutes": 0,
        "educational_minutes": 0,
        "limit_minutes": 120,
        "remaining_minutes": 120,
        "is_unlimited_override": False,
        "next_reset_at": MIDNIGHT,
        "warning_threshold_minutes": [15, 5],
        "granted_minutes": 0,
        **differing,
    }


def test_a_child_that_has_watched_nothing(http, noon):
    child = make_child()

    answer = balance_of(http, child)

    assert answer == a_childs(child)
    assert all(
        type(value) in (int, float)
        for key, value in answer.items()
        if key.endswith("_minutes") and "threshold" not in key
    )
    assert child.has_written_nothing()


def test_a_child_that_has_watched(http, noon):
    child = make_child()
    child.watch(http, 3)
    child.watch(http, 2, title_id=str(make_title(is_educational=True).id))

    assert balance_of(http, child) == a_childs(
        child, used_minutes=1.5, educational_minutes=1.0, remaining_minutes=118.5
    )


def test_minutes_are_rounded_to_two_decimals(http, noon):
    child = make_child()
    child.use_up(100, day=noon.now.date())

    assert balance_of(http, child) == a_childs(child, used_minutes=1.67, remaining_minutes=118.33)


def test_a_child_that_used_more_than_its_limit_has_nothing_left(http, noon):
    child = make_child()
    child.use_up(121 * 60, day=noon.now.date())

    assert balance_of(http, child) == a_childs(child, used_minutes=121, remaining_minutes=0)


def test_granted_time_adds_to_the_allowance_and_is_reported(http, noon):
    child = make_child()
    child.use_up(120 * 60, day=noon.now.date())
    child.profile.balances.update(granted_seconds=30 * 60)

    assert balance_of(http, child) == a_childs(child, used_minutes=120, remaining_minutes=30, granted_minutes=30)


def test_a_child_that_is_unlimited_today(http, noon):
    child = make_child()
    child.use_up(130 * 60, day=noon.now.date())
    child.profile.balances.update(is_unlimited_override=True)

    assert balance_of(http, child) == a_childs(
        child, used_minutes=130, remaining_minutes=None, is_unlimited_override=True
    )


def test_a_child_without_a_limit(http, noon):
    child = make_child(weekday_limit_minutes=None)
    child.watch(http, 1)

    assert balance_of(http, child) == a_childs(
        child, has_limits=False, limit_minutes=None, remaining_minutes=None, used_minutes=0.5
    )


def test_a_child_without_settings_has_the_defaults(http, noon):
    child = make_child()
    child.profile.config.delete()

    assert balance_of(http, child) == a_childs(child, next_reset_at="2026-03-05T06:00:00Z")
    noon.set("2026-03-07T10:00:00Z")
    assert balance_of(http, child)["limit_minutes"] == 180


def test_the_day_is_the_viewing_day(http, noon):
    child = make_child(reset_hour=6, timezone="Asia/Tokyo", weekday_limit_minutes=60, weekend_limit_minutes=90)
    noon.set("2026-03-06T20:59:00Z")  # Saturday 05:59 in Tokyo: Friday's viewing day
    child.watch(http, 2)

    friday = balance_of(http, child)
    noon.forward(minutes=1)
    saturday = balance_of(http, child)

    assert (friday["used_minutes"], friday["limit_minutes"]) == (1.0, 60)
    assert friday["next_reset_at"] == "2026-03-06T21:00:00Z"
    assert (saturday["used_minutes"], saturday["limit_minutes"]) == (0, 90)
    assert saturday["next_reset_at"] == "2026-03-07T21:00:00Z"


def test_an_adult_has_zeros_and_nulls(http):
    adult = make_family(adult=True).adult
    adult.watch(http, 3)

    assert balance_of(http, adult) == a_childs(
        adult,
        is_child_profile=False,
        has_limits=False,
        limit_minutes=None,
        remaining_minutes=None,
        next_reset_at=None,
    )


def test_a_parents_token_reads_every_profile_of_the_account(http, noon):
    family = make_family(children=2, adult=True)
    pair = families.begin_family(family.user.id, now=timezone.now())
    headers = {"Authorization": f"Bearer {pair.access_token}"}

    for player in (*family.children, family.adult):
        assert balance(http, player.profile.id, headers).json() == balance_of(http, player)


@pytest.mark.parametrize("path", ["balance", "playback-eligible"])
@pytest.mark.parametrize("whose", ["sibling", "stranger", "nobody"])
def test_another_profile_is_403_whether_or_not_it_exists(http, path, whose):
    child, sibling = make_family(children=2).children
    ids = {"sibling": sibling.profile.id, "stranger": make_child().profile.id, "nobody": uuid.uuid4()}

    response = http.get(f"/api/v1/viewing-time/{path}/{ids[whose]}", headers=child.headers)

    assert (response.status_code, response.json()) == (
        403,
        {"detail": "Profile not found or access denied", "code": "access_denied"},
    )


@pytest.mark.parametrize("path", ["balance", "playback-eligible"])
@pytest.mark.parametrize("whose", ["stranger", "nobody"])
def test_a_parent_reads_no_other_account(http, path, whose):
    family = make_family()
    pair = families.begin_family(family.user.id, now=timezone.now())
    profile_id = make_child().profile.id if whose == "stranger" else uuid.uuid4()

    response = http.get(
        f"/api/v1/viewing-time/{path}/{profile_id}", headers={"Authorization": f"Bearer {pair.access_token}"}
    )

    assert (response.status_code, response.json()) == (
        403,
        {"detail": "Profile not found or access denied", "code": "access_denied"},
    )


@pytest.mark.parametrize("path", ["balance", "playback-eligible"])
@pytest.mark.parametrize("profile_id", ["me", "123", "%00", "%F0%9F", "00000000-0000-0000-0000-00000000000g"])
def test_a_malformed_id_is_422_and_named(http, path, profile_id):
    response = http.get(f"/api/v1/viewing-time/{path}/{profile_id}", headers=make_child().headers)

    assert response.status_code == 422
    (error,) = response.json()["detail"]
    assert set(error) == {"type", "loc", "msg"}
    assert (error["type"], error["loc"]) == ("uuid_parsing", ["path", "profile_id"])


@pytest.mark.parametrize("path", ["balance", "playback-eligible"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sgp_unknown"}], ids=["none", "unknown"])
def test_without_a_valid_token_it_is_401_before_the_id_is_looked_at(http, path, headers):
    response = http.get(f"/api/v1/viewing-time/{path}/not-an-id", headers=headers)

    assert (response.status_code, response.json()) == (
        401,
        {"detail": "Invalid or missing token", "code": "unauthenticated"},
    )
    assert response.headers["www-authenticate"] == "Bearer"
