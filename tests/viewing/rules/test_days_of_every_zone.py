"""The viewing day in every zone, against a slow oracle that only walks the clock.

Every rule of a zone is tried on a sample of zones, and on all of them by `make nightly`.
"""

import functools
import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewing import rules
from viewing.rules import Schedule

QUARTER = timedelta(minutes=15)
MOMENT = timedelta(microseconds=1)
FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2041, 1, 1, tzinfo=UTC)

NIGHTLY = os.environ.get("NIGHTLY") == "true"
# One of each kind: the usual changes of the clocks on both halves of the earth; those at midnight, at 23:00 or of
# another length than an hour; those that come with Ramadan or ended within these years; offsets of quarter hours; both
# ends of the date line; and no change at all.
SAMPLE = [
    "Africa/Cairo", "Africa/Casablanca", "America/Asuncion", "America/Havana", "America/New_York", "America/Nuuk",
    "America/Santiago", "America/Scoresbysund", "America/St_Johns", "Antarctica/Casey", "Antarctica/Troll",
    "Asia/Beirut", "Asia/Gaza", "Asia/Kathmandu", "Asia/Tehran", "Australia/Lord_Howe", "Etc/GMT+12", "Europe/Berlin",
    "Europe/Dublin", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "UTC",
]  # fmt: skip
NAMES = sorted(rules.timezones()) if NIGHTLY else SAMPLE

ZONES = st.sampled_from(NAMES)
HOURS = st.integers(0, 23)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC))


def offset(zone, instant):
    return instant.astimezone(zone).utcoffset()


@functools.cache
def transitions(name):
    """Every minute of 2020-2040 from which the zone's offset is another one."""
    zone, found, low = ZoneInfo(name), [], FIRST
    while low < LAST:
        high = following = low + timedelta(days=7)
        if offset(zone, low) != offset(zone, high):
            while high - low > timedelta(minutes=1):
                middle = low + timedelta(minutes=(high - low) // timedelta(minutes=1) // 2)
                low, high = (middle, high) if offset(zone, middle) == offset(zone, low) else (low, middle)
            found.append(high)
        low = following
    return found


def walk(around):
    """Instants from 30 hours before to 28 after: quarter hours, and single minutes close to the middle."""
    begin = around.replace(minute=0, second=0) - timedelta(hours=30)
    quarters = {begin + n * QUARTER for n in range(4 * 58)}
    minutes = {around + timedelta(minutes=n) for n in range(-3, 4)}
    return sorted(quarters | minutes)


def starts_by_walking(zone, instants):
    """`{(date, hour): instant}`: when the latest local time seen so far first was at or past that hour of that date.

    Exact as all offsets of these years are whole quarter hours. The first six hours only warm it up.
    """
    starts, seen = {}, None
    for instant in instants:
        local = instant.astimezone(zone).replace(tzinfo=None, fold=0)
        hour = local.replace(minute=0, second=0, microsecond=0)
        seen = seen or hour
        while seen < hour:
            seen += timedelta(hours=1)
            starts[seen.date(), seen.hour] = instant
    return {key: instant for key, instant in starts.items() if instant >= instants[0] + timedelta(hours=6)}


def days_by_walking(zone, hour, instants):
    """`[(instant, viewing day)]`: the latest date that local time, less the reset hour, has ever shown."""
    days, latest = [], date.min
    for instant in instants:
        local = instant.astimezone(zone).replace(tzinfo=None, fold=0)
        latest = max(latest, (local - timedelta(hours=hour)).date())
        days.append((instant, latest))
    return days[4 * 6 :]


@pytest.mark.nightly
class TestEveryZone:
    def test_transitions_are_known(self):
        assert {*SAMPLE, "America/Argentina/Buenos_Aires"} <= rules.timezones()
        assert sum(len(transitions(name)) > 0 for name in NAMES) >= (150 if NIGHTLY else 18)
        assert len(transitions("Europe/Berlin")) == 2 * 21

    def test_day_starts_are_those_of_the_clock_at_every_transition_and_reset_hour(self):
        for name in NAMES:
            zone = ZoneInfo(name)
            for transition in transitions(name):
                assert offset(zone, transition) % QUARTER == timedelta(0)
                for (day, hour), start in starts_by_walking(zone, walk(transition)).items():
                    assert rules.day_start(timezone=name, reset_hour=hour, day=day) == start, (name, day, hour)

    def test_the_day_turns_at_its_start_and_is_never_short_at_every_kind_of_transition(self):
        kinds = {}
        for name in NAMES:
            for at in transitions(name):
                kinds[at, offset(ZoneInfo(name), at - QUARTER), offset(ZoneInfo(name), at)] = name
        assert len(kinds) > (1000 if NIGHTLY else 500)
        for (at, _, _), name in kinds.items():
            for hour in range(24):
                schedule = Schedule(name, hour)
                running = rules.running_day(schedule, now=at)
                assert running.since <= at < running.until
                assert running.until - running.since >= rules.SHORTEST_DAY
                assert rules.viewing_day(schedule, now=running.since - MOMENT) == running.day - timedelta(days=1)
                assert rules.viewing_day(schedule, now=running.until - MOMENT) == running.day
                assert rules.viewing_day(schedule, now=running.until) == running.day + timedelta(days=1)

    @given(name=ZONES, hour=HOURS, data=st.data())
    @settings(deadline=None, max_examples=1000 if NIGHTLY else 150)
    def test_the_day_is_the_latest_that_local_time_has_reached(self, name, hour, data):
        moments = transitions(name) or [FIRST + timedelta(days=100)]
        schedule, zone = Schedule(name, hour), ZoneInfo(name)
        for instant, day in days_by_walking(zone, hour, walk(data.draw(st.sampled_from(moments)))):
            assert rules.viewing_day(schedule, now=instant) == day
            assert rules.viewing_day(schedule, now=instant.astimezone(zone)) == day

    @given(name=ZONES, hour=HOURS, now=INSTANTS)
    @settings(deadline=None, max_examples=2000 if NIGHTLY else 400)
    def test_the_running_day_lies_between_two_starts(self, name, hour, now):
        running = rules.running_day(Schedule(name, hour), now=now)
        assert running.since <= now < running.until
        assert running.since == rules.day_start(timezone=name, reset_hour=hour, day=running.day)
        assert running.until == rules.next_reset(Schedule(name, hour), now=now)
        assert running.until == rules.day_start(timezone=name, reset_hour=hour, day=running.day + timedelta(days=1))
        assert running.until.tzinfo is UTC
