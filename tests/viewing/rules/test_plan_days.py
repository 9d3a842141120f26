"""What holds on a date: the plan's weekday, or the exception of the highest rank that says something about it."""

from datetime import timedelta

from tests.viewing.rules.week import FRI, MON, SAT, SUN, WED, exception, period, plan, windows
from viewing.rules import Limits
from viewing.rules.plan import day_plan, limit_on

WHOLE_WEEK = [WED + timedelta(days=n) for n in range(7)]


class TestLimits:
    def test_each_weekday_has_its_own(self):
        made = plan(limits=Limits((15, 30, 45, 60, 75, 90, None)))
        assert [limit_on(made, MON + timedelta(days=n))[0] for n in range(7)] == [15, 30, 45, 60, 75, 90, None]

    def test_a_date_like_a_weekend_day(self):
        made = plan(exceptions=[exception(WED, like=5)])
        found = day_plan(made, WED)
        assert (found.limit, found.is_weekend) == (120, True)
        assert found.limit_by == made.exceptions[0]
        assert day_plan(made, FRI).is_weekend is False

    def test_the_weekend_may_be_friday_and_saturday(self):
        made = plan(weekend=frozenset({4, 5}))
        assert [day_plan(made, day).is_weekend for day in (FRI, SAT, SUN)] == [True, True, False]

    def test_no_limit_differs_from_no_change(self):
        made = plan(exceptions=[exception(WED, limit=None)])
        assert limit_on(made, WED) == (None, made.exceptions[0])
        assert limit_on(plan(exceptions=[exception(WED, windows=None)]), WED) == (60, None)


class TestRanks:
    def test_each_field_is_decided_by_the_first_that_says_something(self):
        holiday = exception(MON, SUN, n=1, is_for_all=True, like=5)
        sick = exception(WED, n=2, windows=None, at="2026-11-24 12:00")
        quick = exception(WED, n=3, source="quick", is_for_all=True, limit=30, at="2026-11-20 09:00")
        made = plan(
            windows=windows(wed=[("16:00", "18:00")], sat=[("10:00", "12:00")]), exceptions=[holiday, sick, quick]
        )
        found = day_plan(made, WED)
        assert (found.limit, found.limit_by) == (30, quick)
        assert (found.windows, found.windows_by) == (None, sick)
        assert found.is_weekend
        assert day_plan(made, FRI).windows == (period("10:00", "12:00"),)

    def test_a_childs_own_ranks_before_every_childs(self):
        everyone = exception(WED, n=2, is_for_all=True, limit=30, at="2026-11-24 12:00")
        own = exception(WED, n=1, limit=45)
        assert limit_on(plan(exceptions=[everyone, own]), WED) == (45, own)

    def test_the_later_ranks_before_the_earlier_and_then_the_higher_id(self):
        early = exception(WED, n=9, limit=30)
        late = exception(WED, n=1, limit=45, at="2026-11-21 12:00")
        same = exception(WED, n=10, limit=15)
        assert limit_on(plan(exceptions=[early, late]), WED)[1] == late
        assert limit_on(plan(exceptions=[early, same]), WED)[1] == same

    def test_an_exception_holds_on_its_dates_only(self):
        made = plan(exceptions=[exception(WED, FRI, limit=15)])
        assert [limit_on(made, day)[0] for day in WHOLE_WEEK] == [15, 15, 15, 120, 120, 60, 60]
