"""GET /viewing-time/playback-eligible/{profile_id}: may a title begin now. Its refusals: test_balance.py."""

import pytest

from tests.families import make_child, make_family

NOT_LIMITED = {"eligible": True, "remaining_minutes": None, "reason": None, "next_reset_at": None}
OUT_OF_TIME = {
    "eligible": False,
    "remaining_minutes": 0,
    "reason": "Daily viewing time limit reached",
    "next_reset_at": "2026-03-05T00:00:00Z",
}


def eligibility_of(http, player):
    response = http.get(f"/api/v1/viewing-time/playback-eligible/{player.profile.id}", headers=player.headers)
    assert response.status_code == 200, response.text
    return response.json()


def test_a_child_with_time_left_is_eligible(http, noon):
    child = make_child()
    child.watch(http, 3)

    assert eligibility_of(http, child) == {
        "eligible": True,
        "remaining_minutes": 118.5,
        "reason": None,
        "next_reset_at": "2026-03-05T00:00:00Z",
    }


def test_asking_counts_nothing(http):
    child = make_child()

    eligibility_of(http, child)

    assert child.has_written_nothing()


@pytest.mark.parametrize("used_seconds", [120 * 60, 121 * 60])
def test_a_child_out_of_time_is_not(http, noon, used_seconds):
    child = make_child()
    child.use_up(used_seconds, day=noon.now.date())

    assert eligibility_of(http, child) == OUT_OF_TIME


def test_one_second_is_enough(http, noon):
    child = make_child()
    child.use_up(120 * 60 - 1, day=noon.now.date())

    answer = eligibility_of(http, child)

    assert (answer["eligible"], answer["remaining_minutes"]) == (True, 0.02)


def test_a_child_out_of_time_is_eligible_after_the_reset(http, noon):
    child = make_child()
    child.use_up(120 * 60, day=noon.now.date())
    noon.set("2026-03-05T00:00:00Z")

    assert eligibility_of(http, child)["eligible"] is True


def test_a_grant_makes_it_eligible_again(http, noon):
    child = make_child()
    child.use_up(120 * 60, day=noon.now.date())
    child.profile.balances.update(granted_seconds=15 * 60)

    answer = eligibility_of(http, child)

    assert (answer["eligible"], answer["remaining_minutes"]) == (True, 15)


def test_a_child_unlimited_today_is_not_limited(http, noon):
    child = make_child()
    child.use_up(120 * 60, day=noon.now.date())
    child.profile.balances.update(is_unlimited_override=True)

    assert eligibility_of(http, child) == NOT_LIMITED


def test_a_child_without_a_limit_is_not_limited(http, noon):
    child = make_child(weekday_limit_minutes=None)
    child.watch(http, 1)

    assert eligibility_of(http, child) == NOT_LIMITED


def test_an_adult_is_not_limited(http):
    assert eligibility_of(http, make_family(adult=True).adult) == NOT_LIMITED


def test_a_child_without_settings_has_the_defaults(http, noon):
    child = make_child()
    child.profile.config.delete()

    assert eligibility_of(http, child) == {
        "eligible": True,
        "remaining_minutes": 120,
        "reason": None,
        "next_reset_at": "2026-03-05T06:00:00Z",
    }
