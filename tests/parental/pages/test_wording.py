"""How durations, moments and timezones are said and understood."""

from datetime import datetime

import pytest

from parental.pages.children import timezones
from parental.wording import duration, moment
from viewing import rules

NOW = datetime.fromisoformat("2026-03-04T22:30:00+00:00")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 min"),
        (59, "under 1 min"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (3660, "1 h 01 min"),
        (8 * 3600, "8 h"),
        (30 * 3600 + 90, "30 h 01 min"),
    ],
)
def test_durations_are_whole_minutes_rounded_down(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("instant", "zone", "said"),
    [
        ("2026-03-04T23:15:00+00:00", "UTC", "today at 23:15"),
        ("2026-03-04T23:15:00+00:00", "Europe/Berlin", "tomorrow at 00:15"),
        ("2026-03-05T05:00:00+00:00", "Europe/Berlin", "tomorrow at 06:00"),
        ("2026-03-05T05:00:00+00:00", "Asia/Tokyo", "today at 14:00"),
        ("2026-03-03T12:00:00+00:00", "UTC", "yesterday at 12:00"),
        ("2026-03-09T12:00:00+00:00", "UTC", "Mon 9 March at 12:00"),
    ],
)
def test_moments_are_worded_as_seen_from_now_in_their_zone(instant, zone, said):
    assert moment(datetime.fromisoformat(instant), timezone=zone, now=NOW) == said


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "US/Eastern", "Etc/GMT+5", "EST"])
def test_every_name_that_the_api_takes_is_understood_as_it_is(name):
    assert timezones.find(name) == name


@pytest.mark.parametrize("written", ["", " ", "Nowhere", "../UTC", "Europe/"])
def test_what_names_no_zone_is_not_guessed(written):
    assert timezones.find(written) is None


@pytest.mark.parametrize(
    ("written", "found"),
    [("Indianapolis", "America/Indiana/Indianapolis"), ("Louisville", "America/Kentucky/Louisville")],
)
def test_two_names_of_one_zone_are_one(written, found):
    """America/Indianapolis is an alias."""
    assert timezones.find(written) == found


def test_only_zones_that_a_profile_may_have_are_proposed():
    proposed = timezones.suggestions()

    assert set(proposed) <= rules.timezones()
    assert len(proposed) > 300
    assert proposed[0] == "UTC"
    assert not [name for name in proposed if name.startswith(("Etc/", "posix"))]
