"""The report of any week with the week before it, which the parents' page shows."""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.serializers.json import DjangoJSONEncoder

from tests.families import make_player, make_title, make_user
from tests.parental.cast import log_in
from tests.statements import statements
from tests.viewing.watched import add_many, add_session, plans, weekly_report
from viewing.errors import Refusal
from viewing.reports import weekly

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)


@pytest.fixture
def user(server):
    return make_user()


def compared(user, last=None, now=NOW):
    return weekly.compared_report(user.id, now=now, last=last)


def test_without_a_day_it_is_the_apis_report(http, clock, user):
    clock.now = NOW
    for limit in (60, None):
        child = make_player(user, weekday_limit_minutes=limit)
        add_session(child, "2026-03-03T12:00:00Z", counted_seconds=600)
        add_session(child, "2026-02-25T12:00:00Z")

    found = compared(user)

    # Written and read, so that ids and dates are text as in the API's.
    ours = json.loads(json.dumps(asdict(found.report), cls=DjangoJSONEncoder))
    for profile in ours["profiles"]:  # without a plan, the API leaves them out
        assert (profile.pop("has_plan"), profile.pop("week_limit_minutes")) == (False, None)
        assert {day.pop("exception") for day in profile["daily_totals"]} == {None}
    assert ours == weekly_report(http, log_in(user)).json()
    assert found.latest == date(2026, 3, 4)
    assert [each.week for each in found.profiles] == found.report.profiles
    assert [(each.week.total_minutes, each.before.total_minutes) for each in found.profiles] == [(10.0, 1.0)] * 2
    assert [each.today for each in found.profiles] == [date(2026, 3, 4)] * 2


def test_any_seven_days_with_the_seven_before(user):
    child = make_player(user)
    film = make_title("Volcanoes")
    for day, seconds in (
        ("02-07", 60),
        ("02-08", 120),
        ("02-14", 240),
        ("02-15", 480),
        ("02-21", 960),
        ("02-22", 1920),
    ):
        add_session(child, f"2026-{day}T12:00:00Z", title=film, counted_seconds=seconds)

    found = compared(user, date(2026, 2, 21))

    week = found.report
    assert (week.week_start, week.week_end, found.latest) == (date(2026, 2, 15), date(2026, 2, 21), date(2026, 3, 4))
    (child_week,) = found.profiles
    assert [day.minutes for day in child_week.week.daily_totals] == [8.0, 0, 0, 0, 0, 0, 16.0]
    assert [title.total_minutes for title in child_week.week.top_titles] == [24.0]
    before = child_week.before
    assert [day.date for day in before.daily_totals] == [date(2026, 2, 8) + timedelta(days=n) for n in range(7)]
    assert [day.minutes for day in before.daily_totals] == [2.0, 0, 0, 0, 0, 0, 4.0]


def test_the_week_before_is_each_childs_own(user):
    for minutes in (1, 2):
        add_session(make_player(user), "2026-02-20T12:00:00Z", counted_seconds=minutes * 60)

    assert [each.before.total_minutes for each in compared(user).profiles] == [1.0, 2.0]


def test_today_may_be_asked_for_and_tomorrow_not(user):
    make_player(user)

    assert compared(user, date(2026, 3, 4)).report.week_end == date(2026, 3, 4)
    with pytest.raises(Refusal) as refused:
        compared(user, date(2026, 3, 5))
    assert refused.value.code == "invalid"


def test_each_child_shows_its_own_running_day(user):
    make_player(user, timezone="Pacific/Kiritimati")
    make_player(user, timezone="Etc/GMT+12")

    found = compared(user, now=datetime(2026, 3, 4, 10, 30, tzinfo=UTC))

    assert [each.today for each in found.profiles] == [date(2026, 3, 5), date(2026, 3, 3)]


@pytest.mark.parametrize("children", [1, 10])
def test_four_statements_for_one_child_or_ten(user, children):
    for _ in range(children):
        add_session(make_player(user), "2026-03-03T12:00:00Z")
    compared(user)

    with statements() as sent:
        found = compared(user, date(2026, 3, 3))

    # 1. the profiles  2. their settings  3. their sessions, summed by day and by title  4. the same of the week before
    assert len(sent) == 4, sent
    assert [each.week.total_minutes for each in found.profiles] == [1.0] * children


def test_both_weeks_are_found_by_the_index(user):
    child, other = make_player(user), make_player(make_user())
    add_many(child, 3000, until=NOW, every=timedelta(minutes=60))
    add_many(other, 30_000, until=NOW, every=timedelta(minutes=20))

    with plans() as found:
        compared(user, date(2026, 2, 1))

    for plan in found[2:]:
        assert "session_profile_started_idx" in plan, plan
        assert "Seq Scan on viewing_viewingsession" not in plan, plan
    assert len(found) == 4
