"""The hours of a week plan: windows, bedtime and school, over changes of the clock and odd zones."""

from datetime import date, timedelta

import pytest

from tests.viewing.rules.week import (
    BERLIN,
    FRI,
    SAT,
    SUN,
    THU,
    WED,
    bedtime,
    child,
    exception,
    local,
    plan,
    school,
    standing,
    utc,
    windows,
)
from viewing.rules.hours import Timetable, stretches

MOMENT = timedelta(microseconds=1)


def hours(made, at, track="fun", zone=BERLIN):
    return Timetable(made, zone).at(at, track)


def of_date(made, day, zone=BERLIN):
    """The stretches that touch a date on the wall."""
    return stretches(made, zone, day, day, "fun")


class TestWindows:
    def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins(self):
        made = plan(windows=windows(fri=[("16:00", "01:00")], sat=[]))
        late = hours(made, local("2026-11-28 00:59:30"))
        assert late.is_open
        assert late.closes_at == local("2026-11-28 01:00")
        closed = hours(made, local("2026-11-28 01:00"))
        assert not closed.is_open
        assert closed.kind == "closed"

    def test_the_reset_cuts_no_window(self):
        made = plan(windows=windows(sat=[("05:00", "08:00")]))
        assert hours(made, local("2026-11-28 05:59:30")).closes_at == local("2026-11-28 08:00")
        assert hours(made, local("2026-11-28 06:00")).closes_at == local("2026-11-28 08:00")

    def test_windows_that_touch_are_one(self):
        made = plan(windows=windows(wed=[("16:00", "18:00"), ("18:00", "19:00")]))
        assert hours(made, local("2026-11-25 17:59:30")).closes_at == local("2026-11-25 19:00")

    def test_any_time_all_week_never_closes(self):
        made = plan(quiet=(bedtime("20:30", "07:00", [0]),))
        # The next bedtime is five days away.
        assert hours(made, local("2026-11-25 12:00")).closes_at is None

    def test_never_on_any_day_never_opens(self):
        found = hours(plan(windows=((),) * 7), local("2026-11-25 12:00"))
        assert not found.is_open
        assert found.opens_at is None

    def test_it_opens_within_the_fortnight(self):
        made = plan(windows=((),) * 7, exceptions=[exception(WED + timedelta(days=14), windows=None)])
        assert hours(made, local("2026-11-25 12:00")).opens_at == local("2026-12-09 00:00")


class TestQuietTimes:
    def test_bedtime(self):
        made = plan(quiet=(bedtime("20:30", "07:00"),))
        assert hours(made, local("2026-11-25 20:29:59")).is_open
        night = hours(made, local("2026-11-25 20:30"))
        assert (night.is_open, night.kind) == (False, "bedtime")
        assert night.opens_at == local("2026-11-26 07:00")
        assert night.closed_since == local("2026-11-25 20:30")

    def test_bedtime_ranks_before_school(self):
        made = plan(quiet=(school("06:00", "13:00"), bedtime("20:30", "07:00")))
        early = hours(made, local("2026-11-26 06:30"))
        assert (early.kind, early.kind_until) == ("bedtime", local("2026-11-26 07:00"))
        assert early.opens_at == local("2026-11-26 13:00")
        assert hours(made, local("2026-11-26 07:00")).kind == "school"

    def test_school_may_allow_learning(self):
        made = plan(quiet=(school("08:00", "13:00", allow_educational=True),))
        at = local("2026-11-25 10:00")
        assert hours(made, at).kind == "school"
        assert hours(made, at).opens_at == utc("2026-11-25 12:00")
        assert hours(made, at, "learning").is_open


# Zone, date, windows of that weekday and what is open on the date.
CLOCK_CHANGES = {
    "spring: a window in the gap": (BERLIN, "2027-03-28", [("02:15", "02:45")], []),
    "spring: an end in the gap": (
        BERLIN,
        "2027-03-28",
        [("01:30", "02:30")],
        [("2027-03-28 00:30", "2027-03-28 01:00")],
    ),
    "spring: a beginning in the gap": (
        BERLIN,
        "2027-03-28",
        [("02:30", "04:00")],
        [("2027-03-28 01:00", "2027-03-28 02:00")],
    ),
    "autumn: an end that comes twice": (
        BERLIN,
        "2026-10-25",
        [("01:00", "02:30")],
        [("2026-10-24 23:00", "2026-10-25 00:30")],
    ),
    "autumn: a beginning that comes twice": (
        BERLIN,
        "2026-10-25",
        [("02:30", "04:00")],
        [("2026-10-25 00:30", "2026-10-25 03:00")],
    ),
    "Lord Howe: half an hour comes twice": (
        "Australia/Lord_Howe",
        "2026-04-05",
        [("01:45", "03:00")],
        [("2026-04-04 14:45", "2026-04-04 16:30")],
    ),
}


class TestClockChanges:
    @pytest.mark.parametrize(("zone", "day", "given", "open_"), CLOCK_CHANGES.values(), ids=CLOCK_CHANGES.keys())
    def test_a_window(self, zone, day, given, open_):
        on = date.fromisoformat(day)
        name = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[on.weekday()]
        never = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ())
        made = plan(windows=windows(**{**never, name: given}))
        assert list(of_date(made, on, zone)) == [(utc(begins), utc(ends)) for begins, ends in open_]

    def test_it_stays_closed_when_the_same_time_comes_again(self):
        made = plan(windows=windows(sun=[("01:00", "02:30")]))
        assert not hours(made, utc("2026-10-25 01:15")).is_open

    @pytest.mark.parametrize(
        ("night", "begins", "ends"),
        [
            (date(2026, 10, 24), "2026-10-24 18:30", "2026-10-25 06:00"),
            (date(2027, 3, 27), "2027-03-27 19:30", "2027-03-28 05:00"),
        ],
        ids=["longer", "shorter"],
    )
    def test_a_night_is_longer_or_shorter(self, night, begins, ends):
        made = plan(quiet=(bedtime("20:30", "07:00", [night.weekday()]),))
        around = stretches(made, BERLIN, night, night + timedelta(days=1), "fun")
        assert [around[0][1], around[1][0]] == [utc(begins), utc(ends)]

    def test_a_midnight_that_is_skipped_joins_two_dates(self):
        # Cairo, Friday 2026-04-24: 00:00 becomes 01:00.
        made = plan(windows=windows(thu=[("20:00", "24:00")], wed=[]))
        found = stretches(made, "Africa/Cairo", date(2026, 4, 23), date(2026, 4, 24), "fun")
        assert [begins for begins, _ends in found] == [utc("2026-04-23 18:00")]

    def test_a_date_that_is_left_out(self):
        # Apia has no Friday 2011-12-30.
        never = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ())
        late = plan(windows=windows(**{**never, "thu": [("22:00", "02:00")]}))
        days = (date(2011, 12, 28), date(2012, 1, 1))
        assert stretches(late, "Pacific/Apia", *days, "fun") == ((utc("2011-12-30 08:00"), utc("2011-12-30 10:00")),)
        fridays = plan(windows=windows(**{**never, "fri": [("00:00", "24:00")]}))
        assert stretches(fridays, "Pacific/Apia", *days, "fun") == ()


class TestPass:
    def test_it_opens_what_is_closed(self):
        made = plan(quiet=(bedtime("20:30", "07:00"),), open_until=local("2026-11-25 20:50"))
        for at in ("20:20", "20:40"):
            found = hours(made, local(f"2026-11-25 {at}"))
            assert (found.is_open, found.closes_at) == (True, local("2026-11-25 20:50"))
        after = hours(made, local("2026-11-25 20:50"))
        assert (after.kind, after.closed_since) == ("bedtime", local("2026-11-25 20:50"))

    def test_one_that_reaches_into_open_hours_ends_with_them(self):
        made = plan(quiet=(bedtime("20:30", "07:00"),), open_until=local("2026-11-25 07:20"))
        assert hours(made, local("2026-11-25 06:50")).closes_at == local("2026-11-25 20:30")
        assert hours(made, local("2026-11-25 07:30")).closes_at == local("2026-11-25 20:30")


class TestExceptions:
    def test_nights_before_free_the_evenings_before_days_off(self):
        off = exception(date(2026, 12, 24), date(2027, 1, 6), like=5, nights="before")
        made = plan(quiet=(bedtime("20:30", "07:00", [6, 0, 1, 2, 3]),), exceptions=[off])
        # Wednesday 23 December is like a Friday; on 6 January, a Wednesday, school begins the next morning.
        assert hours(made, local("2026-12-23 22:00")).is_open
        assert hours(made, local("2027-01-06 22:00")).kind == "bedtime"

    def test_no_bedtime_tonight(self):
        made = plan(quiet=(bedtime("22:00", "07:00"),), exceptions=[exception(FRI, source="quick", bedtime=None)])
        # At half past midnight it is still Friday's bedtime.
        assert hours(made, local("2026-11-28 00:30")).is_open
        assert hours(made, local("2026-11-28 22:00")).kind == "bedtime"

    def test_a_later_bedtime(self):
        from viewing.rules.plan import Period

        made = plan(quiet=(bedtime("20:30", "07:00"),), exceptions=[exception(WED, bedtime=Period(1290, 1860))])
        assert hours(made, local("2026-11-25 21:00")).is_open
        assert hours(made, local("2026-11-25 21:30")).kind == "bedtime"
        assert hours(made, local("2026-11-26 21:00")).kind == "bedtime"

    def test_no_school(self):
        made = plan(quiet=(school("08:00", "13:00"),), exceptions=[exception(THU, quiet_off=frozenset({"school"}))])
        assert hours(made, local("2026-11-26 10:00")).is_open
        assert hours(made, local("2026-11-27 10:00")).kind == "school"

    def test_a_holiday_like_saturday_leaves_the_nights_by_the_plan(self):
        made = plan(
            quiet=(bedtime("20:30", "07:00", [3]),),
            exceptions=[exception(FRI, like=5, nights="before")],
        )
        # Thursday's night is a Friday's, which has no bedtime; Friday's own is the plan's, which has none either.
        assert hours(made, local("2026-11-26 21:00")).is_open
        assert hours(made, local("2026-11-27 21:00")).is_open


class TestTravel:
    def test_hours_move_at_once_though_the_day_is_held(self):
        from viewing import rules

        now = local("2026-11-25 21:00")
        schedule = rules.hold(rules.Schedule(BERLIN, 6), timezone="America/New_York", reset_hour=6, now=now)
        made = plan(quiet=(bedtime("20:30", "07:00"),))
        assert schedule.held is not None
        assert standing(child(made, schedule=schedule), 0, now).reasons == ()


class TestTimetable:
    def test_what_it_keeps_changes_nothing(self):
        made = plan(quiet=(bedtime("20:30", "07:00"), school("08:00", "13:00", allow_educational=True)))
        kept = Timetable(made, BERLIN)
        at = local("2026-11-25 00:00")
        for _quarter in range(4 * 24 * 3):
            for track in ("fun", "learning"):
                assert kept.at(at, track) == Timetable(made, BERLIN).at(at, track)
            at += timedelta(minutes=15)

    def test_an_empty_weekend(self):
        made = plan(windows=windows(sat=[], sun=[]))
        found = hours(made, local("2026-11-28 12:00"))
        assert found.opens_at == local("2026-11-30 00:00")
        assert of_date(made, SAT) == of_date(made, SUN) == ()
