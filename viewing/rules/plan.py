"""The week plan: what a parent decided about how much and when, week for week, and the exceptions on single dates.

Pure values. A weekday is 0 (Monday) to 6; times are minutes after the midnight of the date on which they begin. Limits
go by the date of the viewing day, hours by the date on the wall: the two differ between midnight and the reset.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Final, Literal
from uuid import UUID

from viewing.rules.limits import Limit, Limits

MINUTES_PER_DAY: Final = 1440
WEEKEND: Final = frozenset({5, 6})
ANY_TIME: Final = (None,) * 7

QuietKind = Literal["bedtime", "school", "other"]
QUIET_KINDS: Final[tuple[QuietKind, ...]] = ("bedtime", "school", "other")
Source = Literal["quick", "manual"]
SOURCES: Final[tuple[Source, ...]] = ("quick", "manual")


class Unset(Enum):
    """Of a field whose None has a meaning: it is not set."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True)
class Period:
    """From one minute to another, both after the midnight of the date on which it begins; at most two days."""

    begins: int
    ends: int


WHOLE_DAY: Final = Period(0, MINUTES_PER_DAY)
# A date's windows; None: any time, (): never.
Windows = tuple[Period, ...] | None


@dataclass(frozen=True, slots=True)
class Quiet:
    """A time of every week at which nothing plays, or only educational titles."""

    kind: QuietKind
    weekdays: frozenset[int]
    period: Period
    allow_educational: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What an exception changes of the dates that it covers.

    `like`: the weekday whose plan holds. `nights`: whether bedtime changes on the nights of the dates, or on those
    before them. `counts_to_week` None: as ever.
    """

    like: int | None = None
    limit: Limit | Unset = UNSET
    windows: Windows | Unset = UNSET
    bedtime: Period | Unset | None = UNSET
    quiet_off: frozenset[QuietKind] = frozenset()
    nights: Literal["same", "before"] = "same"
    counts_to_week: bool | None = None


@dataclass(frozen=True, slots=True)
class PlanException:
    """Changes on every date from one to another, both included."""

    id: UUID
    name: str
    source: Source
    is_for_all: bool
    from_date: date
    to_date: date
    created_at: datetime
    changes: Changes

    @property
    def rank(self) -> tuple[int, bool, float, int]:
        """The lowest ranks first: today's decisions, then a child's own, then the latest."""
        return (SOURCES.index(self.source), self.is_for_all, -self.created_at.timestamp(), -self.id.int)

    def covers(self, day: date) -> bool:
        return self.from_date <= day <= self.to_date


@dataclass(frozen=True, slots=True)
class Lock:
    """A parent's "stop now". `until` None: until it is lifted. `since` may be in the future."""

    since: datetime
    until: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a parent set. `exceptions` are in the order of their ranks; minutes; `carry_max` 0: off."""

    limits: Limits
    windows: tuple[Windows, ...] = ANY_TIME
    quiet: tuple[Quiet, ...] = ()
    weekend: frozenset[int] = WEEKEND
    week_starts_on: int = 0
    week_limit: Limit = None
    carry_max: int = 0
    carry_since: date | None = None
    finish_title: int = 0
    exceptions: tuple[PlanException, ...] = ()
    lock: Lock | None = None
    open_until: datetime | None = None

    @property
    def uses_week(self) -> bool:
        """Whether a day depends on earlier days of its week."""
        return self.week_limit is not None or self.carry_max > 0

    @property
    def has_hours(self) -> bool:
        """Whether there may be a time at which something may not play, locks aside."""
        return bool(self.quiet) or self.windows != ANY_TIME or bool(self.exceptions)


@dataclass(frozen=True, slots=True)
class DayPlan:
    """A date's limit and hours, with the exception that decided each; None: the plan itself.

    `quiet` are the times at which nothing plays, or only educational titles, that begin on the date.
    """

    day: date
    is_weekend: bool
    limit: Limit
    limit_by: PlanException | None
    windows: Windows
    windows_by: PlanException | None
    quiet: tuple[Quiet, ...]
    bedtime_by: PlanException | None
    counts_to_week: bool
    exceptions: tuple[PlanException, ...] = field(default=())


def day_plan(plan: Plan, day: date) -> DayPlan:
    """What holds on a date: of its limit as a viewing day, of its hours as a date on the wall."""
    limit, limit_by = limit_on(plan, day)
    windows, windows_by = windows_on(plan, day)
    bedtime, bedtime_by = bedtime_on(plan, day)
    others = tuple(quiet for kind in QUIET_KINDS[1:] for quiet in quiet_on(plan, day, kind))
    return DayPlan(
        day=day,
        is_weekend=_like(plan, day) in plan.weekend,
        limit=limit,
        limit_by=limit_by,
        windows=windows,
        windows_by=windows_by,
        quiet=bedtime + others,
        bedtime_by=bedtime_by,
        counts_to_week=counts_to_week(plan, day),
        exceptions=tuple(_covering(plan, day)),
    )


def limit_on(plan: Plan, day: date) -> tuple[Limit, PlanException | None]:
    """The limit of a viewing day in minutes."""
    for exception in _covering(plan, day):
        changes = exception.changes
        if changes.limit is not UNSET:
            return changes.limit, exception
        if changes.like is not None:
            return plan.limits.by_weekday[changes.like], exception
    return plan.limits.on(day), None


def windows_on(plan: Plan, day: date) -> tuple[Windows, PlanException | None]:
    """The windows that begin on a date."""
    for exception in _covering(plan, day):
        changes = exception.changes
        if changes.windows is not UNSET:
            return changes.windows, exception
        if changes.like is not None:
            return plan.windows[changes.like], exception
    return plan.windows[day.weekday()], None


def quiet_on(plan: Plan, day: date, kind: QuietKind) -> tuple[Quiet, ...]:
    """The quiet times of a kind, not bedtimes, that begin on a date."""
    weekday = day.weekday()
    for exception in _covering(plan, day):
        if kind in exception.changes.quiet_off:
            return ()
        if exception.changes.like is not None:
            weekday = exception.changes.like
            break
    return _of_weekday(plan, kind, weekday)


def bedtime_on(plan: Plan, day: date) -> tuple[tuple[Quiet, ...], PlanException | None]:
    """The bedtimes that begin on a date."""
    for exception in plan.exceptions:
        changes = exception.changes
        is_before = changes.nights == "before"
        if not exception.covers(day + timedelta(days=1) if is_before else day):
            continue
        if changes.bedtime is not UNSET:
            off: tuple[Quiet, ...] = ()
            return off if changes.bedtime is None else (_one_night(changes.bedtime, day),), exception
        if changes.like is not None:
            # A day like a Saturday has, the night before, the bedtime of a Friday.
            return _of_weekday(plan, "bedtime", (changes.like - 1) % 7 if is_before else changes.like), exception
    return _of_weekday(plan, "bedtime", day.weekday()), None


def counts_to_week(plan: Plan, day: date) -> bool:
    """Whether what is watched on a viewing day counts to the week's limit."""
    said = (exception.changes.counts_to_week for exception in _covering(plan, day))
    return next((counts for counts in said if counts is not None), True)


def _like(plan: Plan, day: date) -> int:
    likes = (exception.changes.like for exception in _covering(plan, day))
    return next((like for like in likes if like is not None), day.weekday())


def _covering(plan: Plan, day: date) -> Iterator[PlanException]:
    return (exception for exception in plan.exceptions if exception.covers(day))


def _of_weekday(plan: Plan, kind: QuietKind, weekday: int) -> tuple[Quiet, ...]:
    return tuple(quiet for quiet in plan.quiet if quiet.kind == kind and weekday in quiet.weekdays)


def _one_night(period: Period, day: date) -> Quiet:
    return Quiet("bedtime", frozenset({day.weekday()}), period)
