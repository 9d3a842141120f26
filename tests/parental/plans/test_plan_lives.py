"""Arbitrary lives of a family with a week plan: every answer follows from what was done.

The expectation is computed here from the grid that a parent sees, minute by minute, not by the rules of the service.
"""

import math
import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.families import NIL
from tests.parental.plans.berlin import House, make_house
from viewing.rules.documents import WEEKDAYS

NIGHTLY = os.environ.get("NIGHTLY") == "true"
LIMITS = st.sampled_from([15, 30, 60, None])
CLOCKS = st.integers(0, 47).map(lambda n: f"{n // 2:02}:{n % 2 * 30:02}")
NAMES = st.sampled_from(WEEKDAYS)
# In the order in which one is named.
REASONS = ("locked", "outside_hours", "limit_reached", "week_limit_reached")


def minute(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def least(*values):
    return min((value for value in values if value is not None), default=None)


def covers(window, date_minute):
    """Whether a window that begins on a date covers a minute after that date's midnight."""
    first, last = (minute(window[name]) for name in ("from", "to"))
    return first <= date_minute < (last if last > first else last + 1440)


class LifeWithAPlan(RuleBasedStateMachine):
    """A child in UTC, whose day begins at 06:00, that tries to watch; a parent that changes the plan."""

    def __init__(self, http, clock):
        super().__init__()
        self.http, self.clock = http, clock

    @initialize(hours=st.integers(0, 24 * 7))
    def begin(self, hours):
        self.house: House = make_house(self.http, self.clock, timezone="UTC")
        self.clock.now = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hours, seconds=1)
        self.limits = dict.fromkeys(WEEKDAYS, 60) | {"saturday": 120, "sunday": 120}
        self.windows = dict.fromkeys(WEEKDAYS)
        self.bedtime, self.lock, self.open_until = None, None, None
        self.used, self.granted, self.changed = {}, {}, {}
        self.week_limit, self.carry, self.carry_since, self.finish = None, 0, None, 0
        self.session_id = self.session_day = None

    @property
    def day(self):
        return (self.clock.now - timedelta(hours=6)).date()

    @property
    def limit(self):
        return self.limit_on(self.day)

    def limit_on(self, day):
        return self.changed.get(day, self.limits[WEEKDAYS[day.weekday()]])

    def opening(self):
        """What the running day begins with: carried minutes, and what is left of the week."""
        carried, week_left = 0, self.week_limit
        day = self.day - timedelta(days=self.day.weekday())
        while day < self.day:
            limit, used = self.limit_on(day), self.used.get(day, 0)
            allowed = least(None if limit is None else limit + carried, week_left)
            if limit is not None:
                carries = self.carry > 0 and day >= self.carry_since
                carried = min(self.carry, max(0, allowed - used)) if carries else 0
            if week_left is not None:
                week_left -= used if allowed is None else min(used, allowed)
            day += timedelta(days=1)
        return carried, week_left

    def closed_for(self):
        """Seconds since the hours closed, by the plan as it is now; None: for longer than titles may be finished."""
        now = self.clock.now
        edge = now.replace(second=0, microsecond=0)
        for _minute in range(20):
            if self.is_open(edge - timedelta(minutes=1)):
                return math.ceil((now - edge).total_seconds())
            edge -= timedelta(minutes=1)
        return None

    def may_finish(self, rest):
        """Whether a running title goes on, by what it has overrun."""
        over = {"limit_reached": -(self.left() or 0) * 60, "outside_hours": self.closed_for()}
        over["week_limit_reached"] = over["limit_reached"]
        for reason in self.reasons():
            if reason == "locked" or over[reason] is None or rest * 60 > self.finish * 60 - over[reason]:
                return False
        return True

    def is_open(self, now=None):
        now = now or self.clock.now
        if self.open_until is not None and now < self.open_until:
            return True
        is_allowed = is_quiet = False
        for ago in range(2):
            date = (now - timedelta(days=ago)).date()
            windows = self.windows[WEEKDAYS[date.weekday()]]
            since = ago * 1440 + now.hour * 60 + now.minute
            is_allowed |= ago == 0 if windows is None else any(covers(each, since) for each in windows)
            is_quiet |= self.bedtime is not None and covers(self.bedtime, since)
        return is_allowed and not is_quiet

    def reasons(self):
        now, found = self.clock.now, set()
        if self.lock is not None and self.lock[0] <= now and (self.lock[1] is None or now < self.lock[1]):
            found.add("locked")
        if not self.is_open():
            found.add("outside_hours")
        left = self.left()
        if left is not None and left <= 0:
            carried, week_left = self.opening()
            is_week = week_left is not None and (self.limit is None or week_left < self.limit + carried)
            found.add("week_limit_reached" if is_week else "limit_reached")
        return found

    def left(self):
        carried, week_left = self.opening()
        allowance = least(None if self.limit is None else self.limit + carried, week_left)
        if allowance is None:
            return None
        return allowance + self.granted.get(self.day, 0) - self.used.get(self.day, 0)

    @rule(minutes=st.sampled_from([1, 17, 60, 5 * 60, 23 * 60]))
    def wait(self, minutes):
        self.clock.now += timedelta(minutes=minutes)

    @rule(weekday=NAMES, limit=LIMITS)
    def change_limit(self, weekday, limit):
        self.house.plan(days={weekday: {"limit_minutes": limit}})
        self.limits[weekday] = limit

    @rule(weekday=NAMES, windows=st.none() | st.lists(st.tuples(CLOCKS, CLOCKS), max_size=1))
    def change_windows(self, weekday, windows):
        given = None if windows is None else [{"from": a, "to": b} for a, b in windows if a != b]
        self.house.plan(days={weekday: {"windows": given}})
        self.windows[weekday] = given

    @rule(begins=CLOCKS, ends=CLOCKS, is_on=st.booleans())
    def change_bedtime(self, begins, ends, is_on):
        self.bedtime = {"from": begins, "to": ends} if is_on and begins != ends else None
        rows = [{"kind": "bedtime", "weekdays": WEEKDAYS, **self.bedtime}] if self.bedtime else []
        self.house.plan(quiet=rows)

    @rule(limit=st.sampled_from([60, 120, 300, None]), carry=st.sampled_from([0, 30]))
    def change_week(self, limit, carry):
        self.house.plan(week={"limit_minutes": limit, "carry_over_minutes": carry})
        if carry and not self.carry:
            self.carry_since = self.day
        self.week_limit, self.carry = limit, carry

    @rule(minutes=st.sampled_from([0, 15]))
    def change_finish(self, minutes):
        self.house.plan(soft_end={"finish_title_minutes": minutes})
        self.finish = minutes

    @rule(limit=LIMITS)
    def differ_today(self, limit):
        day = self.day.isoformat()
        answer = self.house.exception(day, source="quick", changes={"limit_minutes": limit})
        assert answer.status_code == 201, answer.text
        self.changed[self.day] = limit
        self.clock.now += timedelta(milliseconds=1)  # the later one decides

    @rule(minutes=st.none() | st.sampled_from([5, 60]), ahead=st.sampled_from([0, 10]))
    def stop(self, minutes, ahead):
        self.house.lock(starts_in_minutes=ahead, **({} if minutes is None else {"minutes": minutes}))
        since = self.clock.now + timedelta(minutes=ahead)
        self.lock = (since, None if minutes is None else since + timedelta(minutes=minutes))

    @rule()
    def allow(self):
        self.house.unlock()
        self.lock = None

    @rule(minutes=st.sampled_from([15, 30]))
    def grant(self, minutes):
        answer = self.house.home.grant(self.http, minutes).json()
        self.granted[self.day] = self.granted.get(self.day, 0) + minutes
        assert (answer["remaining_minutes"] == 0) == bool(self.reasons())

    @rule(beats=st.sampled_from([1, 2, 40]), is_first=st.booleans(), rest=st.sampled_from([None, 1, 10, 20]))
    def watch(self, beats, is_first, rest):
        if is_first:
            self.session_id = None
        sent = {} if rest is None else {"duration_seconds": 3600, "position_seconds": 3600 - rest * 60}
        for _beat in range(beats):
            before, day = self.reasons(), self.day
            answer = self.house.beat(**sent, **({"session_id": self.session_id} if self.session_id else {}))
            is_same_session = answer["session_id"] == self.session_id and self.session_day == day
            runs = not before or is_same_session
            if runs:
                self.used[day] = self.used.get(day, 0) + 0.5
                self.session_id, self.session_day = answer["session_id"], day
            else:
                assert answer["session_id"] in (NIL, self.session_id)
            now = self.reasons()
            assert answer["used_minutes"] == self.used.get(day, 0)
            if now and runs and rest and self.finish and self.may_finish(rest):
                assert (answer["finishing"], answer["enforcement"], answer["remaining_minutes"]) == (
                    True,
                    "warning_5",
                    rest,
                )
            else:
                assert "finishing" not in answer
                assert (answer["enforcement"] == "blocked") == bool(now)
                if now:
                    assert answer["reason"] == next(each for each in REASONS if each in now)
                    break
            self.clock.now += timedelta(seconds=30)

    @rule()
    def look(self):
        answer, left = self.house.balance(), self.left()
        assert answer["used_minutes"] == self.used.get(self.day, 0)
        assert answer["limit_minutes"] == self.limit
        assert (answer["remaining_minutes"] == 0) == bool(self.reasons())
        assert self.house.eligible()["eligible"] is not bool(self.reasons())
        if left is not None and answer["remaining_minutes"] is not None:
            assert answer["remaining_minutes"] <= max(0, left)
        carried, week_left = self.opening()
        if self.carry:
            assert answer["carried_minutes"] == (0 if self.limit is None else carried)
        if self.week_limit is not None:
            own = min(
                self.used.get(self.day, 0), least(None if self.limit is None else self.limit + carried, week_left)
            )
            assert answer["week"]["remaining_minutes"] == week_left - own


@pytest.mark.nightly
@pytest.mark.usefixtures("server")
def test_every_answer_follows_from_what_was_done(http, clock):
    run_state_machine_as_test(
        lambda: LifeWithAPlan(http, clock),
        settings=settings(
            deadline=None,
            derandomize=not NIGHTLY,
            database=None,
            max_examples=200 if NIGHTLY else 10,
            stateful_step_count=25,
            phases=[Phase.generate],  # at the speed of HTTP shrinking a failure takes minutes
        ),
    )
