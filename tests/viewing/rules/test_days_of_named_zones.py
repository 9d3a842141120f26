"""The viewing day where a zone does something unusual, and the timezones and times that are refused."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from viewing import rules
from viewing.rules import Schedule

MOMENT = timedelta(microseconds=1)

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


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def offset(zone, instant):
    return instant.astimezone(zone).utcoffset()


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
