"""A moved reset never gives a second allowance: the held day, by examples and by arbitrary lives of a schedule."""

import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from viewing import rules
from viewing.rules import Schedule, ViewingDay

MOMENT = timedelta(microseconds=1)
NIGHTLY = os.environ.get("NIGHTLY") == "true"


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def change(schedule, at, *, timezone=None, reset_hour=None):
    return rules.hold(
        schedule,
        timezone=timezone or schedule.timezone,
        reset_hour=schedule.reset_hour if reset_hour is None else reset_hour,
        now=utc(at),
    )


# What stood before, when it was changed, to what, and when the running day now ends. Its date is always 7 July.
MOVES = {
    "later by an hour": (Schedule("UTC", 6), "2026-07-07T12:00", {"reset_hour": 7}, "2026-07-08T07:00"),
    "to 20 h after the day began": (Schedule("UTC", 6), "2026-07-07T12:00", {"reset_hour": 2}, "2026-07-08T02:00"),
    "to 19 h after the day began": (Schedule("UTC", 6), "2026-07-07T12:00", {"reset_hour": 1}, "2026-07-09T01:00"),
    "to the next hour": (Schedule("UTC", 6), "2026-07-07T12:10", {"reset_hour": 13}, "2026-07-08T13:00"),
    "to a reset just gone by": (Schedule("UTC", 6), "2026-07-08T05:00", {"reset_hour": 4}, "2026-07-09T04:00"),
    "to the very instant": (Schedule("UTC", 6), "2026-07-08T04:00", {"reset_hour": 4}, "2026-07-09T04:00"),
    "into tomorrow": (Schedule("UTC", 6), "2026-07-07T20:00", {"timezone": "Pacific/Kiritimati"}, "2026-07-08T16:00"),
    "into yesterday": (Schedule("UTC", 6), "2026-07-07T07:00", {"timezone": "Pacific/Pago_Pago"}, "2026-07-08T17:00"),
    "west over the date line, where 24 h later it is still the 7th": (
        Schedule("Pacific/Kiritimati", 6),
        "2026-07-06T20:00",
        {"timezone": "Pacific/Honolulu"},
        "2026-07-08T16:00",
    ),
    "east over the date line, where 24 h later it is the 9th": (
        Schedule("Pacific/Honolulu", 6),
        "2026-07-07T20:00",
        {"timezone": "Pacific/Kiritimati"},
        "2026-07-08T16:00",
    ),
}


class TestMoves:
    @pytest.mark.parametrize(("schedule", "at", "to", "until"), MOVES.values(), ids=MOVES.keys())
    def test_the_running_day_continues(self, schedule, at, to, until):
        before = rules.running_day(schedule, now=utc(at))
        moved = change(schedule, at, **to)
        assert moved.held == ViewingDay(date(2026, 7, 7), before.since, utc(until))
        assert rules.running_day(moved, now=utc(at)) == moved.held
        assert rules.next_reset(moved, now=utc(until) - MOMENT) == utc(until)
        after = rules.running_day(moved, now=utc(until))
        assert after == rules.running_day(Schedule(moved.timezone, moved.reset_hour), now=utc(until))
        assert after.since == utc(until)

    def test_the_date_line_eastward_skips_a_date(self):
        moved = change(Schedule("Pacific/Honolulu", 6), "2026-07-07T20:00", timezone="Pacific/Kiritimati")
        assert rules.viewing_day(moved, now=utc("2026-07-08T16:00")) == date(2026, 7, 9)

    @pytest.mark.parametrize("undone", ["2026-07-07T12:00", "2026-07-07T23:00", "2026-07-08T05:59:59"])
    def test_the_old_values_restore_the_old_schedule(self, undone):
        moved = change(Schedule("UTC", 6), "2026-07-07T12:00", timezone="Asia/Tokyo", reset_hour=1)
        assert change(moved, undone, timezone="UTC", reset_hour=6) == Schedule("UTC", 6)

    def test_the_old_values_after_the_old_reset_wait_for_the_next_one(self):
        moved = change(Schedule("UTC", 6), "2026-07-07T12:00", reset_hour=1)
        undone = change(moved, "2026-07-08T10:00", reset_hour=6)
        assert undone.held == ViewingDay(date(2026, 7, 7), utc("2026-07-07T06:00"), utc("2026-07-09T06:00"))

    def test_the_old_values_restore_a_hold(self):
        first = change(Schedule("UTC", 6), "2026-07-07T12:00", reset_hour=1)
        second = change(first, "2026-07-07T13:00", reset_hour=9)
        assert change(second, "2026-07-07T14:00", reset_hour=1) == first

    def test_present_values_are_no_change(self):
        assert change(Schedule("UTC", 6), "2026-07-07T12:00") == Schedule("UTC", 6)
        moved = change(Schedule("UTC", 6), "2026-07-07T12:00", reset_hour=1)
        assert change(moved, "2026-07-08T12:00") == moved

    def test_a_zone_by_another_name_moves_nothing(self):
        assert change(Schedule("Europe/London", 6), "2026-07-07T12:00", timezone="GB") == Schedule("GB", 6)

    def test_twenty_hours_count_from_when_the_day_really_began(self):
        moved = change(Schedule("UTC", 6), "2026-07-07T12:00", reset_hour=5)
        again = change(moved, "2026-07-07T13:00", reset_hour=1)
        assert again.held == ViewingDay(date(2026, 7, 7), utc("2026-07-07T06:00"), utc("2026-07-09T01:00"))

    def test_a_day_after_a_hold_began_when_the_hold_ended(self):
        moved = change(Schedule("UTC", 6), "2026-07-07T12:00", reset_hour=1)
        again = change(moved, "2026-07-09T01:00", reset_hour=0)
        assert again.held == ViewingDay(date(2026, 7, 9), utc("2026-07-09T01:00"), utc("2026-07-10T00:00"))


ZONES = st.sampled_from(
    ["UTC", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Chatham", "Antarctica/Troll",
     "Pacific/Kiritimati", "Pacific/Pago_Pago", "Etc/GMT+12", "Europe/Dublin", "America/Havana", "Africa/Casablanca"]
)  # fmt: skip
HOURS = st.integers(0, 23)
SHARES = st.floats(0, 0.999)


def reset_by_walking(timezone, reset_hour, *, running, now):
    """Walk the quarter hours until the clock shows, for the first time, a date that may follow the running day."""
    instant, latest = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=30), date.max
    while True:
        local = instant.astimezone(ZoneInfo(timezone)).replace(tzinfo=None, fold=0)
        shown = (local - timedelta(hours=reset_hour)).date()
        if shown > max(latest, running.day) and instant > now and instant >= running.since + timedelta(hours=20):
            return instant
        latest = shown if latest == date.max else max(latest, shown)
        instant += timedelta(minutes=15)


class LifeOfASchedule(RuleBasedStateMachine):
    """A clock that only advances, and a parent who moves the reset whenever it pleases."""

    @initialize(
        timezone=ZONES,
        reset_hour=HOURS,
        now=st.datetimes(datetime(2020, 1, 2), datetime(2039, 12, 1), timezones=st.just(UTC)),
    )
    def begin(self, timezone, reset_hour, now):
        self.now, self.schedule = now, Schedule(timezone, reset_hour)
        self.running = rules.running_day(self.schedule, now=now)

    def turn(self):
        before, self.now = self.running, self.running.until
        self.running = rules.running_day(self.schedule, now=self.now)
        assert self.running.day > before.day
        assert self.running.since == before.until
        assert self.running.since - before.since >= timedelta(hours=20)

    @rule(minutes=st.integers(1, 60 * 60))
    def wait(self, minutes):
        target = self.now + timedelta(minutes=minutes)
        while self.running.until <= target:
            self.turn()
        self.now = target

    @rule()
    def wait_for_the_reset(self):
        self.turn()

    @rule(early=st.sampled_from([MOMENT, timedelta(minutes=1)]))
    def wait_until_just_before_the_reset(self, early):
        self.now = max(self.now, self.running.until - early)

    @rule(timezone=ZONES, reset_hour=HOURS)
    def move(self, timezone, reset_hour):
        if (timezone, reset_hour) != (self.schedule.timezone, self.schedule.reset_hour):
            until = reset_by_walking(timezone, reset_hour, running=self.running, now=self.now)
            self.running = ViewingDay(self.running.day, self.running.since, until)
        self.schedule = rules.hold(self.schedule, timezone=timezone, reset_hour=reset_hour, now=self.now)

    @rule(moves=st.lists(st.tuples(ZONES, HOURS, SHARES), min_size=1, max_size=3))
    def move_and_undo(self, moves):
        old, schedule = self.schedule, self.schedule
        for timezone, reset_hour, share in moves:
            schedule = rules.hold(schedule, timezone=timezone, reset_hour=reset_hour, now=self.now)
            end = min(self.running.until, rules.next_reset(schedule, now=self.now))
            self.now += (end - MOMENT - self.now) * share
            assert rules.viewing_day(schedule, now=self.now) == self.running.day
        back = rules.hold(schedule, timezone=old.timezone, reset_hour=old.reset_hour, now=self.now)
        assert rules.next_reset(back, now=self.now) == rules.next_reset(old, now=self.now)
        self.schedule = back

    @invariant()
    def the_schedule_gives_the_running_day(self):
        if not hasattr(self, "running"):
            return
        assert rules.running_day(self.schedule, now=self.now) == self.running
        assert self.running.since <= self.now < rules.next_reset(self.schedule, now=self.now)
        until = self.running.until
        assert rules.viewing_day(self.schedule, now=until - MOMENT) == self.running.day
        assert rules.viewing_day(self.schedule, now=until) > self.running.day


TestLifeOfASchedule = pytest.mark.nightly(LifeOfASchedule.TestCase)
TestLifeOfASchedule.settings = settings(deadline=None, max_examples=2000 if NIGHTLY else 100, stateful_step_count=20)
