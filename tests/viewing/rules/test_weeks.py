"""Weekly limits and carried minutes: limits of 60 minutes every day, 30 carried at most since Monday, unless said."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.viewing.rules.week import (
    FRI,
    HOUR_A_DAY,
    MON,
    SAT,
    SUN,
    THU,
    TUE,
    WED,
    child,
    exception,
    plan,
    standing,
    use,
    utc,
)
from viewing.rules import Limits
from viewing.rules.standing import next_allowed
from viewing.rules.weeks import opening, week_start

CARRYING = plan(limits=HOUR_A_DAY, carry_max=30, carry_since=MON)
BOTH = replace(CARRYING, week_limit=300)


def begins(made, day, **minutes):
    """The opening of a day; `mon=40`: minutes used then."""
    days = {"mon": MON, "tue": TUE, "wed": WED, "thu": THU, "fri": FRI, "sat": SAT, "sun": SUN}
    return opening(made, day, {days[name]: round(used * 60) for name, used in minutes.items()})


def carried(made, day, **minutes):
    return begins(made, day, **minutes).carried_seconds / 60


class TestCarrying:
    @pytest.mark.parametrize(("day", "expected"), [(MON, 0), (TUE, 20), (WED, 0), (THU, 30)])
    def test_unused_minutes_are_carried(self, day, expected):
        assert carried(CARRYING, day, mon=40, tue=80, wed=0) == expected

    def test_they_are_added_to_the_day(self):
        planned = child(CARRYING, {MON: 40, TUE: 80})
        assert standing(planned, 0, "2026-11-26 12:00").remaining_seconds == 90 * 60

    def test_they_end_with_the_week(self):
        assert carried(CARRYING, SUN) == 30
        assert carried(CARRYING, MON + timedelta(days=7)) == 0

    def test_days_before_it_was_switched_on_carry_nothing(self):
        made = replace(CARRYING, carry_since=THU)
        assert carried(made, THU) == 0
        assert carried(made, FRI) == 30

    def test_what_ran_over_the_limit_costs_no_other_day(self):
        found = begins(BOTH, TUE, mon=62.5)
        assert found.carried_seconds == 0
        assert found.days[0].own_seconds == 60 * 60
        assert found.week_left_seconds == 240 * 60

    def test_a_day_without_a_limit_keeps_the_carried_minutes(self):
        limits = Limits((60, 60, 60, 60, 60, None, 60))
        made = replace(CARRYING, limits=limits)
        assert carried(made, SAT) == 0
        assert carried(made, SUN, sat=500) == 30

    def test_the_last_minutes_of_a_week_are_not_carried_twice(self):
        # The week has 10 minutes left after Monday to Thursday; Friday uses 5 of them.
        made = replace(BOTH, week_limit=250)
        assert begins(made, SAT, mon=60, tue=60, wed=60, thu=60, fri=5).week_left_seconds == 5 * 60
        assert carried(made, SAT, mon=60, tue=60, wed=60, thu=60, fri=5) == 5


class TestWeekLimit:
    def test_it_limits_the_day(self):
        planned = child(BOTH, {MON: 40, TUE: 80, WED: 0, THU: 90, FRI: 60})
        found = standing(planned, 0, "2026-11-28 12:00")
        assert found.remaining_seconds == 30 * 60
        assert found.limited_by == "week_limit"

    def test_granted_time_comes_on_top_and_costs_the_week_nothing(self):
        past = {MON: 40, TUE: 80, WED: 0, THU: 90, FRI: 60}
        planned = child(BOTH, past)
        assert standing(planned, 30, "2026-11-28 12:00").reason == "week_limit_reached"
        assert standing(planned, use(30, granted=30), "2026-11-28 12:00").remaining_seconds == 30 * 60
        sunday = child(BOTH, {**past, SAT: 60})
        assert opening(BOTH, SUN, sunday.past).days[-1].own_seconds == 30 * 60
        found = standing(sunday, 0, "2026-11-29 12:00")
        assert found.reason == "week_limit_reached"
        assert next_allowed(sunday, use(), now=utc("2026-11-29 11:00"), track="fun") == utc("2026-11-30 05:00")

    def test_an_unlimited_day_costs_its_limit(self):
        made = plan(limits=HOUR_A_DAY, week_limit=300)
        found = begins(made, WED, tue=300)
        assert found.days[1].own_seconds == 60 * 60
        assert found.week_left_seconds == 240 * 60

    def test_a_day_may_be_free_of_the_week(self):
        free = exception(TUE, limit=180, counts_to_week=False)
        made = plan(limits=HOUR_A_DAY, week_limit=300, exceptions=[free])
        assert begins(made, WED, mon=45, tue=150).week_left_seconds == (300 - 45) * 60
        assert begins(made, TUE, mon=45).cap_seconds is None

    def test_a_day_without_a_limit_has_what_is_left_of_the_week(self):
        limits = Limits((60, 60, 60, 60, 60, None, 60))
        made = replace(BOTH, limits=limits)
        found = standing(child(made, {MON: 60, TUE: 60, WED: 60, THU: 30}), 0, "2026-11-28 12:00")
        assert found.remaining_seconds == 90 * 60

    def test_a_week_lowered_below_what_was_used(self):
        made = plan(limits=HOUR_A_DAY, week_limit=120)
        planned = child(made, {MON: 60, TUE: 60, WED: 60})
        assert opening(made, THU, planned.past).week_left_seconds == 0
        found = standing(planned, 20, "2026-11-26 12:00")
        assert (found.remaining_seconds, found.reason) == (0, "week_limit_reached")


class TestWeekStart:
    def test_it_may_be_any_weekday(self):
        sundays = plan(week_starts_on=6)
        assert week_start(sundays, SAT) == MON - timedelta(days=1)
        assert week_start(sundays, SUN) == SUN

    def test_a_change_holds_for_the_running_week(self):
        before = {MON - timedelta(days=1): 50 * 60, MON: 40 * 60}
        assert opening(BOTH, WED, before).week_left_seconds == 260 * 60
        moved = replace(BOTH, week_starts_on=6)
        assert opening(moved, WED, before).week_left_seconds == 210 * 60
        assert [day.day for day in opening(moved, WED, before).days] == [MON - timedelta(days=1), MON, TUE]
