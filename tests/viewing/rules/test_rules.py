"""The viewing day, its limit and what a player is answered, against a slow oracle that only walks the clock.

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


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


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


# zone, reset hour, date, when it begins in UTC
NAMED = {
    "Cairo, midnight does not exist": ("Africa/Cairo", 0, date(2024, 4, 26), "2024-04-25T22:00"),
    "Cairo, 23 to 24 comes twice": ("Africa/Cairo", 23, date(2024, 10, 31), "2024-10-31T20:00"),
    "Cairo, midnight after it": ("Africa/Cairo", 0, date(2024, 11, 1), "2024-10-31T22:00"),
    "Beirut, midnight does not exist": ("Asia/Beirut", 0, date(2025, 3, 30), "2025-03-29T22:00"),
    "Beirut, 23 to 24 comes twice": ("Asia/Beirut", 23, date(2025, 10, 25), "2025-10-25T20:00"),
    "Lord Howe, 2:00 to 2:30 does not exist": ("Australia/Lord_Howe", 2, date(2025, 10, 5), "2025-10-04T15:30"),
    "Lord Howe, 1:30 to 2:00 comes twice": ("Australia/Lord_Howe", 2, date(2025, 4, 6), "2025-04-05T15:30"),
    "Chatham, 2:45 to 3:45 does not exist": ("Pacific/Chatham", 3, date(2025, 9, 28), "2025-09-27T14:00"),
    "Chatham, 2:45 to 3:45 comes twice": ("Pacific/Chatham", 3, date(2025, 4, 6), "2025-04-05T13:15"),
    "Troll, 1 to 3 does not exist": ("Antarctica/Troll", 2, date(2025, 3, 30), "2025-03-30T01:00"),
    "Troll, 1 to 3 comes twice": ("Antarctica/Troll", 2, date(2025, 10, 26), "2025-10-26T00:00"),
    "Kiritimati, farthest east": ("Pacific/Kiritimati", 6, date(2026, 7, 1), "2026-06-30T16:00"),
    "Kiritimati, 1994-12-31 left out": ("Pacific/Kiritimati", 6, date(1994, 12, 31), "1994-12-31T16:00"),
    "Apia, 2011-12-30 left out": ("Pacific/Apia", 6, date(2011, 12, 30), "2011-12-30T16:00"),
    "Dublin, 1 to 2 does not exist": ("Europe/Dublin", 1, date(2025, 3, 30), "2025-03-30T01:00"),
    "Dublin, 1 to 2 comes twice": ("Europe/Dublin", 1, date(2025, 10, 26), "2025-10-26T00:00"),
    "Casablanca, Ramadan sets back 3 to 2": ("Africa/Casablanca", 2, date(2025, 2, 23), "2025-02-23T01:00"),
    "Casablanca, 2 to 3 does not exist": ("Africa/Casablanca", 2, date(2025, 4, 6), "2025-04-06T02:00"),
    "Casey, 0:01 to 3:01 does not exist": ("Antarctica/Casey", 2, date(2020, 10, 4), "2020-10-03T16:01"),
    "Kathmandu, a quarter hour": ("Asia/Kathmandu", 6, date(2026, 1, 1), "2026-01-01T00:15"),
}


class TestNamedZones:
    @pytest.mark.parametrize(("name", "hour", "day", "start"), NAMED.values(), ids=NAMED.keys())
    def test_day_start(self, name, hour, day, start):
        begins = utc(start)
        assert rules.day_start(timezone=name, reset_hour=hour, day=day) == begins
        assert rules.viewing_day(Schedule(name, hour), now=begins) >= day
        assert rules.viewing_day(Schedule(name, hour), now=begins - MOMENT) < day

    @pytest.mark.parametrize(
        ("name", "hour", "begun", "set_back"),
        [
            ("America/Havana", 0, "2025-11-02T04:00", "2025-11-02T05:00"),  # 1:00 to 0:00
            ("Africa/Cairo", 23, "2024-10-31T20:00", "2024-10-31T21:00"),  # 24:00 to 23:00
            ("America/Nuuk", 23, "2025-10-26T00:00", "2025-10-26T01:00"),  # 24:00 to 23:00
            ("America/St_Johns", 0, "2010-11-07T02:30", "2010-11-07T02:31"),  # 0:01 to 23:01 of the date before
        ],
    )
    def test_local_time_set_back_over_the_reset_stays_in_the_day_begun(self, name, hour, begun, set_back):
        schedule, begun = Schedule(name, hour), utc(begun)
        assert offset(ZoneInfo(name), utc(set_back)) < offset(ZoneInfo(name), utc(set_back) - MOMENT)
        day = rules.viewing_day(schedule, now=begun)
        assert rules.viewing_day(schedule, now=begun - MOMENT) == day - timedelta(days=1)
        later = {begun + timedelta(minutes=n) for n in range(180)}
        assert {rules.viewing_day(schedule, now=now) for now in later} == {day}

    @pytest.mark.parametrize(
        ("name", "left_out"), [("Pacific/Apia", (2011, 12, 30)), ("Pacific/Kwajalein", (1993, 8, 21))]
    )
    @pytest.mark.parametrize("hour", [0, 6, 23])
    def test_a_date_left_out_is_no_day_and_the_one_before_keeps_its_24_hours(self, name, left_out, hour):
        day, schedule = date(*left_out), Schedule(name, hour)
        now = rules.day_start(timezone=name, reset_hour=hour, day=day - timedelta(days=1))
        before = rules.running_day(schedule, now=now)
        assert (before.day, before.until - before.since) == (day - timedelta(days=1), timedelta(hours=24))
        assert rules.viewing_day(schedule, now=before.until) == day + timedelta(days=1)

    def test_before_the_reset_local_time_belongs_to_yesterday(self):
        schedule = Schedule("America/New_York", 6)
        assert rules.viewing_day(schedule, now=datetime(2026, 7, 4, 9, 59, 59, tzinfo=UTC)) == date(2026, 7, 3)
        assert rules.viewing_day(schedule, now=datetime(2026, 7, 4, 10, tzinfo=UTC)) == date(2026, 7, 4)
        assert rules.next_reset(schedule, now=datetime(2026, 7, 4, 10, tzinfo=UTC)) == datetime(
            2026, 7, 5, 10, tzinfo=UTC
        )


class TestRefused:
    def test_a_naive_now(self):
        with pytest.raises(ValueError, match="aware"):
            rules.viewing_day(Schedule(), now=datetime(2026, 7, 1))

    @pytest.mark.parametrize("hour", [-1, 24])
    def test_an_hour_that_no_clock_shows(self, hour):
        with pytest.raises(ValueError, match="hour"):
            rules.day_start(timezone="UTC", reset_hour=hour, day=date(2026, 7, 1))

    @pytest.mark.parametrize(
        "name",
        ["", " UTC", "UTC\0", "europe/berlin", "Europe", "Mars/Olympus", "localtime", "posixrules", "Factory",
         "posix/Europe/Berlin", "right/UTC", "/etc/localtime", "../zoneinfo/UTC", "Europe/../UTC", "tzdata.zi"],
    )  # fmt: skip
    def test_no_timezone(self, name):
        assert not rules.is_timezone(name)

    @pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "US/Pacific", "Etc/GMT+12", "America/Indiana/Knox"])
    def test_timezone(self, name):
        assert rules.is_timezone(name)


class TestLimit:
    @pytest.mark.parametrize(("first", "last", "limit"), [(6, 10, 120), (11, 12, 180)])
    def test_saturday_and_sunday_take_the_weekend_limit(self, first, last, limit):
        for day in range(first, last + 1):  # 2026-07-06 is a Monday
            assert rules.Limits.from_pair(weekday=120, weekend=180).on(date(2026, 7, day)) == limit

    def test_no_limit_on_one_kind_of_day(self):
        assert rules.Limits.from_pair(weekday=None, weekend=180).on(date(2026, 7, 10)) is None
        assert rules.Limits.from_pair(weekday=120, weekend=None).on(date(2026, 7, 11)) is None

    @pytest.mark.parametrize(
        ("limit", "used", "granted", "unlimited", "left"),
        [
            (120, 0, 0, False, 7200),
            (120, 30, 0, False, 7170),
            (120, 7200, 0, False, 0),
            (120, 7230, 0, False, 0),
            (120, 7200, 1800, False, 1800),
            (15, 21 * 60, 60 * 60, False, 54 * 60),
            (120, 7200, 0, True, None),
            (None, 7200, 0, False, None),
        ],
    )
    def test_remaining_seconds(self, limit, used, granted, unlimited, left):
        assert rules.Allowance(limit, used, granted, is_unlimited=unlimited).remaining_seconds == left

    @pytest.mark.parametrize(
        ("left", "word"),
        [
            (901, "allowed"),
            (900, "warning_15"),
            (301, "warning_15"),
            (300, "warning_5"),
            (1, "warning_5"),
            (0, "blocked"),
            (-30, "blocked"),
        ],
    )
    def test_enforcement(self, left, word):
        assert rules.Allowance(60, used_seconds=3600 - left).enforcement == word
        assert rules.Allowance(15, used_seconds=2700 - left, granted_seconds=1800).enforcement == word
        assert rules.Allowance(60, used_seconds=3600 - left, is_unlimited=True).enforcement == "allowed"
        assert rules.Allowance(None, used_seconds=3600 - left).enforcement == "allowed"

    @pytest.mark.parametrize(
        ("limit", "used", "granted", "grant", "unused"),
        [
            (60, 0, 1800, 1800, 1800),  # the limit is used first
            (60, 3600, 1800, 1800, 1800),
            (60, 3900, 1800, 1800, 1500),
            (60, 5400, 1800, 1800, 0),
            (60, 9000, 1800, 1800, 0),  # watched on an unlimited day: never below 0
            (60, 3900, 3600, 1800, 1800),  # of two grants this one last
            (60, 0, 900, 1800, 900),  # a limit that was raised took of it: never more than is granted
            (None, 9000, 1800, 1800, 1800),
        ],
    )
    def test_unused_part_of_a_grant(self, limit, used, granted, grant, unused):
        assert rules.Allowance(limit, used, granted).unused(grant) == unused
        assert rules.Allowance(limit, used, granted, is_unlimited=True).unused(grant) == unused

    @pytest.mark.parametrize(
        ("limit", "used", "granted", "stays"),
        [(60, 1800, 0, 0), (60, 5400, 0, 1800), (60, 5400, 3600, 3600), (60, 7200, 900, 3600), (None, 7200, 900, 900)],
    )
    def test_what_was_watched_of_an_unlimited_day_stays_granted(self, limit, used, granted, stays):
        allowance = rules.Allowance(limit, used, granted, is_unlimited=True)

        assert allowance.granted_seconds_once_limited == stays

    def test_total(self):
        assert rules.Allowance(60, 30, 1800).total_seconds == 5400
        assert rules.Allowance(60, 30, 1800, is_unlimited=True).total_seconds is None
        assert rules.Allowance(None, 30, 1800).total_seconds is None
