"""The viewing day, its reset, and the day that a change keeps running.

Pure functions of values and of `now`, an aware datetime; no clock, no database, no Django. docs/contract.md#viewing-day
and docs/contract.md#limits describe them. Instants are UTC, durations whole seconds, limits whole minutes.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import count, pairwise
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

SHORTEST_DAY: Final = timedelta(hours=20)
DEFAULT_RESET_HOUR: Final = 6
DEFAULT_TIMEZONE: Final = "UTC"


@dataclass(frozen=True, slots=True)
class ViewingDay:
    """One viewing day: its date and the UTC instants at which it began and at which the next one begins."""

    day: date
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a profile's days begin: an IANA timezone and a local reset hour, 0-23.

    `held` is the day that a change of either keeps running (columns `held_day`, `held_since`, `held_until`: all or
    none); once its `until` has passed it is ignored.
    """

    timezone: str = DEFAULT_TIMEZONE
    reset_hour: int = DEFAULT_RESET_HOUR
    held: ViewingDay | None = None


@cache
def timezones() -> frozenset[str]:
    """The IANA names that a profile may have. The first call reads the system's zone files, later ones are cached."""
    return frozenset(available_timezones()) - {"Factory", "localtime", "posixrules"}


def is_timezone(name: str) -> bool:
    """Whether `name` is exactly one of `timezones()`; never opens a file named by the caller."""
    return name in timezones()


def zone_for(name: str) -> ZoneInfo:
    """The zone of that name, or UTC where this host's zone data does not know it.

    A name may be stored and then dropped from the data (US/Pacific-New). The child's days go on, in UTC.
    """
    return ZoneInfo(name if is_timezone(name) else DEFAULT_TIMEZONE)


def day_start(*, timezone: str, reset_hour: int, day: date) -> datetime:
    """The UTC instant at which the viewing day of that date begins, ignoring any held day.

    It is the first instant whose local time reaches `reset_hour` on that date: the first of two in an overlap, the end
    of the gap in a gap (docs/contract.md#viewing-day). A date that the zone leaves out altogether (Apia, 2011-12-30)
    begins with the date after it: it has no length, and the day before it keeps its 24 hours.
    An unknown zone is read as UTC. Raises `ValueError` for an hour outside 0-23.
    """
    start, is_skipped = _reach(timezone, datetime.combine(day, time(reset_hour)))
    return day_start(timezone=timezone, reset_hour=reset_hour, day=day + timedelta(days=1)) if is_skipped else start


# Bounded, with room for the times that the families of a zone share, on a few dates.
@lru_cache(maxsize=32_768)
def wall_instant(timezone: str, day: date, minute: int) -> datetime:
    """The UTC instant of a time on the wall, in minutes after the date's midnight; 1440 and more are the next dates.

    It is the first instant whose local time reaches it on that date, as `day_start`; on a date that the zone leaves out
    it is the midnight after that date. An unknown zone is read as UTC.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return _reach(timezone, wall)[0]


def _reach(timezone: str, wall: datetime) -> tuple[datetime, bool]:
    """The first instant at which a naive local time is reached, and whether the zone leaves out its whole date."""
    zone = zone_for(timezone)
    first = wall.replace(tzinfo=zone).astimezone(UTC)
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    # PEP 495: fold 0 is the earlier instant in an overlap but the later one in a gap, which lies between the two.
    if first <= second:
        return first, False
    end = _gap_end(zone, before=second, after=first)
    before = (end - timedelta(seconds=1)).astimezone(zone).date()
    return end, before < wall.date() < end.astimezone(zone).date()


def _gap_end(zone: ZoneInfo, *, before: datetime, after: datetime) -> datetime:
    # zoneinfo does not expose its transitions: binary search between an instant before it and one not before it.
    offset = before.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)


# Bounded, with room for every zone and hour on one date; a heartbeat costs a lookup and two comparisons.
@lru_cache(maxsize=16_384)
def _days_of(timezone: str, reset_hour: int, utc_date: date) -> tuple[ViewingDay, ...]:
    days = [utc_date + timedelta(days=n) for n in range(-3, 3)]
    starts = [day_start(timezone=timezone, reset_hour=reset_hour, day=day) for day in days]
    midnight = datetime.combine(utc_date, time(), tzinfo=UTC)
    spans = zip(days, pairwise(starts), strict=False)
    return tuple(ViewingDay(day, since, until) for day, (since, until) in spans if until > midnight)


def running_day(schedule: Schedule, *, now: datetime) -> ViewingDay:
    """The viewing day of `now`, aware in any zone: the held day while it lasts, otherwise the schedule's own.

    It never goes back as `now` advances: local time set back over a reset stays in the day already begun
    (docs/contract.md#viewing-day). Raises `ValueError` for a naive `now`; other errors as `day_start`.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware datetime")
    if now.tzinfo is not UTC:
        now = now.astimezone(UTC)
    held = schedule.held
    if held is not None and now < held.until:
        return held
    for day in _days_of(schedule.timezone, schedule.reset_hour, now.date()):
        if now < day.until:
            return day
    raise AssertionError("the last of the days ends after the date")


def viewing_day(schedule: Schedule, *, now: datetime) -> date:
    """The date of `running_day`; errors as there."""
    return running_day(schedule, now=now).day


def next_reset(schedule: Schedule, *, now: datetime) -> datetime:
    """The first UTC instant after `now` at which a new viewing day begins (`next_reset_at`).

    Errors as `running_day`.
    """
    return running_day(schedule, now=now).until


def hold(schedule: Schedule, *, timezone: str, reset_hour: int, now: datetime) -> Schedule:
    """The schedule after its zone or reset hour is changed at `now`; the running day continues as the held day.

    It lasts until the first reset of the new schedule after `now` that comes at least 20 h after the day began and
    begins a later date (docs/contract.md#limits: moving the reset never gives a second allowance). `held` is None
    where nothing is moved, so that setting the old values back before the old reset restores the old schedule.
    Errors as `running_day`.
    """
    running = running_day(schedule, now=now)
    later = (running.day + timedelta(days=n) for n in count(1))
    starts = (day_start(timezone=timezone, reset_hour=reset_hour, day=day) for day in later)
    until = next(start for start in starts if start > now and start - running.since >= SHORTEST_DAY)
    held, moved = ViewingDay(running.day, running.since, until), Schedule(timezone, reset_hour)
    return moved if running_day(moved, now=now) == held else Schedule(timezone, reset_hour, held)
