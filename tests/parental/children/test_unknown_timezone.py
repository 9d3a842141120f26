"""A stored timezone that today's zone data does not know: the child's days follow UTC, and a parent can repair it."""

from datetime import timedelta

import pytest
from django.core.checks import run_checks
from django.utils import timezone

from parental.models import SettingsChange
from tests.families import make_player, make_user
from tests.parental.cast import log_in
from tests.viewing.watched import add_session, days_of, weekly_report
from viewing import rules
from viewing.models import ViewingTimeConfig

UNKNOWN = "US/Pacific-New"
NOON = "2026-03-04T12:00:00Z"


@pytest.fixture
def user(server):
    user = make_user()
    yield user
    # Other tests run the checks of the stored data too.
    ViewingTimeConfig.objects.filter(profile__user=user).update(timezone="UTC")


def lose_zone(child, name=UNKNOWN, **fields):
    ViewingTimeConfig.objects.filter(profile=child.profile).update(timezone=name, **fields)
    return child


@pytest.fixture
def child(user):
    return lose_zone(make_player(user))


def limits_url(child):
    return f"/api/v1/parental-controls/profiles/{child.profile.id}/viewing-time"


def next_reset_of(http, child):
    return http.get(f"/api/v1/viewing-time/balance/{child.profile.id}", headers=child.headers).json()["next_reset_at"]


@pytest.mark.parametrize("name", [UNKNOWN, "", "Europe", "../../etc/passwd", "localtime", "a\x7fb"])
def test_its_zone_is_utc(name):
    assert rules.zone_for(name).key == "UTC"
    assert rules.next_reset(rules.Schedule(name, 6), now=timezone.now()) == rules.next_reset(
        rules.Schedule("UTC", 6), now=timezone.now()
    )


def test_the_child_can_watch_and_the_log_says_why_its_days_follow_utc(http, clock, events, child):
    clock.set(NOON)

    assert child.beat(http).json()["enforcement"] == "allowed"
    assert next_reset_of(http, child) == "2026-03-05T00:00:00Z"
    assert str(child.balance().day) == "2026-03-04"
    (event,) = [each for each in events("unknown_timezone") if each["profile_id"] == child.profile.id]
    assert (event["level"], event["timezone"]) == ("warning", UNKNOWN)


def test_a_held_day_goes_on_to_its_end(http, clock, user):
    clock.set(NOON)
    since, until = clock.now - timedelta(hours=15), clock.now + timedelta(hours=9)
    child = lose_zone(make_player(user), held_day="2026-03-03", held_since=since, held_until=until)

    child.beat(http)

    assert next_reset_of(http, child) == "2026-03-04T21:00:00Z"
    assert str(child.balance().day) == "2026-03-03"


def test_reports_of_the_family_say_what_was_watched(http, clock, user, child):
    clock.set(NOON)
    other = make_player(user, timezone="Europe/Berlin")
    for each in (child, other):
        add_session(each, "2026-03-04T10:00:00Z")
    parent = log_in(user)

    assert [week["total_minutes"] for week in weekly_report(http, parent).json()["profiles"]] == [1.0, 1.0]
    assert days_of(http, parent, child)[0]["date"] == "2026-03-04"


def test_a_put_of_something_else_leaves_it_and_a_put_of_the_timezone_replaces_it(http, clock, user, child):
    clock.set(NOON)
    headers = log_in(user).headers

    kept = http.put(limits_url(child), json={"weekday_limit_minutes": 90}, headers=headers).json()
    repaired = http.put(limits_url(child), json={"timezone": "Europe/Berlin"}, headers=headers).json()

    assert (kept["timezone"], kept["weekday_limit_minutes"]) == (UNKNOWN, 90)
    assert repaired["timezone"] == "Europe/Berlin"
    (change,) = SettingsChange.objects.filter(profile=child.profile, field="timezone")
    assert (change.old_value, change.new_value) == (UNKNOWN, "Europe/Berlin")


def test_the_check_lists_such_rows_and_no_others(user, child):
    make_player(user, timezone="Europe/Berlin")

    found = {message.id: message.msg for message in run_checks(databases=["default"], include_deployment_checks=False)}

    assert UNKNOWN in found["sandglass.W004"]
    ViewingTimeConfig.objects.exclude(timezone__in=rules.timezones()).update(timezone="UTC")
    assert "sandglass.W004" not in {message.id for message in run_checks(databases=["default"])}
