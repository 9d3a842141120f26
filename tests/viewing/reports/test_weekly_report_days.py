"""The seven dates of a weekly report are viewing days, and the same for every child wherever it lives."""

from datetime import date, timedelta

import pytest

from tests.families import make_player
from tests.parental.cast import make_parent
from tests.viewing.watched import add_session, weekly_report
from viewing import rules
from viewing.models import ViewingTimeConfig


@pytest.fixture
def parent(server):
    return make_parent()


def watched(report):
    """What was watched, by date, of one child's report."""
    return {day["date"]: day["minutes"] for day in report["daily_totals"] if day["minutes"]}


def test_the_week_ends_with_the_latest_running_day_of_all_children(http, clock, parent):
    clock.set("2026-03-04T10:30:00Z")
    east = make_player(parent.user, timezone="Pacific/Kiritimati")  # 5 March, 00:30
    west = make_player(parent.user, timezone="Etc/GMT+12", reset_hour=23)  # 3 March, 22:30: still 2 March
    east.watch(http, 2)
    west.watch(http, 4)

    answer = weekly_report(http, parent).json()

    assert (answer["week_start"], answer["week_end"]) == ("2026-02-27", "2026-03-05")
    dates = [str(date(2026, 2, 27) + timedelta(days=n)) for n in range(7)]
    for report in answer["profiles"]:
        assert [day["date"] for day in report["daily_totals"]] == dates
    assert [watched(report) for report in answer["profiles"]] == [{"2026-03-05": 1.0}, {"2026-03-02": 2.0}]


def test_the_days_end_when_the_childs_reset_comes(http, clock, parent):
    child = make_player(parent.user, timezone="Europe/Berlin", reset_hour=6)
    clock.set("2026-03-04T04:59:59Z")  # 05:59:59 in Berlin
    child.watch(http, 1)
    night = weekly_report(http, parent).json()
    clock.set("2026-03-04T05:00:00Z")
    child.watch(http, 2)
    morning = weekly_report(http, parent).json()

    assert (night["week_end"], watched(night["profiles"][0])) == ("2026-03-03", {"2026-03-03": 0.5})
    assert morning["week_end"] == "2026-03-04"
    assert watched(morning["profiles"][0]) == {"2026-03-03": 0.5, "2026-03-04": 1.0}


def test_the_first_and_the_last_day_are_whole(http, clock, parent):
    child = make_player(parent.user, timezone="Pacific/Kiritimati")
    clock.set("2026-03-05T09:59:00Z")  # the last minute of 5 March there
    for day, began in (
        ("2026-02-26", "2026-02-26T09:59:59Z"),
        ("2026-02-27", "2026-02-26T10:00:00Z"),
        ("2026-03-05", "2026-03-05T09:59:00Z"),
        ("2026-03-06", "2026-03-05T10:00:00Z"),
    ):
        add_session(child, began, day=day)

    (report,) = weekly_report(http, parent).json()["profiles"]

    assert watched(report) == {"2026-02-27": 1.0, "2026-03-05": 1.0}


def test_a_held_day_continues(http, clock, parent):
    clock.set("2026-03-03T11:00:00Z")
    child = make_player(parent.user, timezone="Pacific/Kiritimati")
    held = rules.hold(rules.Schedule("Pacific/Kiritimati", 0), timezone="Etc/GMT+12", reset_hour=23, now=clock.now).held
    ViewingTimeConfig.objects.filter(profile=child.profile).update(
        timezone="Etc/GMT+12", reset_hour=23, held_day=held.day, held_since=held.since, held_until=held.until
    )
    clock.set("2026-03-05T10:59:00Z")
    child.watch(http, 2)

    answer = weekly_report(http, parent).json()

    assert answer["week_end"] == "2026-03-04"
    assert watched(answer["profiles"][0]) == {"2026-03-04": 1.0}


def test_after_a_move_west_the_days_before_it_are_still_found(http, clock, parent):
    child = make_player(parent.user, timezone="Pacific/Kiritimati")
    clock.set("2026-03-01T10:00:00Z")  # 2 March there
    child.watch(http, 2)
    ViewingTimeConfig.objects.filter(profile=child.profile).update(timezone="Etc/GMT+12")
    clock.set("2026-03-08T12:00:00Z")  # 8 March

    (report,) = weekly_report(http, parent).json()["profiles"]

    assert watched(report) == {"2026-03-02": 1.0}
