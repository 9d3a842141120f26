"""When something may play: the stretches of time that a plan leaves open, as UTC instants.

A time on the wall becomes an instant by one rule (`rules.wall_instant`), for beginnings and ends: so a stretch never
opens twice when the clock goes back, and one that the clock skips is empty.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from viewing.rules.days import wall_instant, zone_for
from viewing.rules.plan import (
    MINUTES_PER_DAY,
    QUIET_KINDS,
    WHOLE_DAY,
    Period,
    Plan,
    QuietKind,
    bedtime_on,
    quiet_on,
    windows_on,
)
from viewing.rules.plan import Quiet as QuietTime

# Educational titles may have more hours than others.
Track = Literal["fun", "learning"]
Kind = QuietKind | Literal["closed"]
Stretch = tuple[datetime, datetime]

# How far ahead an answer looks for the next opening.
HORIZON: Final = timedelta(days=15)
ONE_DAY: Final = timedelta(days=1)
# A window may run through the date after its own, so two dates before still matter.
REACH: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Hours:
    """Whether something may play at an instant, by its hours alone.

    `closes_at` None: not within two days. `opens_at` None: not within `HORIZON`, or open. `kind`: why it is closed.
    `kind_until`: when that may change. `closed_since`: when the last stretch or pass ended; None: not within a day.
    """

    is_open: bool
    closes_at: datetime | None = None
    opens_at: datetime | None = None
    kind: Kind | None = None
    kind_until: datetime | None = None
    closed_since: datetime | None = None


def quiet_times(plan: Plan, day: date) -> tuple[QuietTime, ...]:
    """Every quiet time that begins on a date."""
    others = tuple(quiet for kind in QUIET_KINDS[1:] for quiet in quiet_on(plan, day, kind))
    return bedtime_on(plan, day)[0] + others


def stretches(plan: Plan, timezone: str, first: date, last: date, track: Track) -> tuple[Stretch, ...]:
    """The open stretches from the first date's midnight to the last date's end: in order, disjoint, none of them empty.

    A stretch that began earlier or ends later is cut there.
    """
    since, until = wall_instant(timezone, first, 0), wall_instant(timezone, last, MINUTES_PER_DAY)
    dates = _dates(first - REACH, last)
    opened = _union(_span(timezone, day, period.begins, period.ends) for day in dates for period in _windows(plan, day))
    closed = _union(
        _span(timezone, day, quiet.period.begins, quiet.period.ends)
        for day in dates
        for quiet in quiet_times(plan, day)
        if track == "fun" or not quiet.allow_educational
    )
    return tuple(
        (max(begins, since), min(ends, until))
        for begins, ends in _without(opened, closed)
        if begins < until and ends > since
    )


class Timetable:
    """A plan's hours in a zone. Keeps what it worked out for the current date, for it is asked every few seconds."""

    def __init__(self, plan: Plan, timezone: str) -> None:
        self.plan = plan
        self.timezone = timezone
        self._zone = zone_for(timezone)
        self._known: dict[tuple[date, Track, bool], tuple[Stretch, ...]] = {}

    def at(self, now: datetime, track: Track) -> Hours:
        """The hours of an instant; a pass (`Plan.open_until`) counts, a lock does not."""
        plan, until = self.plan, self.plan.open_until
        if not plan.has_hours:
            return Hours(is_open=True)
        near = self._stretches(now, track)
        if until is not None and now < until:
            # A pass that reaches into open hours ends with them.
            return Hours(is_open=True, closes_at=self._end(near, until, now=now) or until)
        for begins, ends in near:
            if begins <= now < ends:
                return Hours(is_open=True, closes_at=self._known_end(ends, now))
        ended = [ends for _begins, ends in near if ends <= now]
        if until is not None:
            ended.append(until)
        kind, kind_until = self._kind(now, track)
        return Hours(
            is_open=False,
            opens_at=self._opens_at(now, track),
            kind=kind,
            kind_until=kind_until,
            closed_since=max(ended, default=None),
        )

    def _stretches(self, now: datetime, track: Track, *, far: bool = False) -> tuple[Stretch, ...]:
        today = now.astimezone(self._zone).date()
        key = (today, track, far)
        found = self._known.get(key)
        if found is None:
            if any(day != today for day, _track, _far in list(self._known)):  # another thread may add to it
                self._known.clear()
            last = today + (HORIZON if far else REACH)
            found = self._known[key] = stretches(self.plan, self.timezone, today - ONE_DAY, last, track)
        return found

    def _known_end(self, ends: datetime, now: datetime) -> datetime | None:
        """The end of a stretch, or None where it is only the end of what was looked at."""
        today = now.astimezone(self._zone).date()
        return None if ends == wall_instant(self.timezone, today + REACH, MINUTES_PER_DAY) else ends

    def _end(self, near: tuple[Stretch, ...], at: datetime, *, now: datetime) -> datetime | None:
        return next((self._known_end(ends, now) for begins, ends in near if begins <= at < ends), None)

    def _opens_at(self, now: datetime, track: Track) -> datetime | None:
        for far in (False, True):
            found = next((begins for begins, _ends in self._stretches(now, track, far=far) if begins > now), None)
            if found is not None:
                return found
        return None

    def _kind(self, now: datetime, track: Track) -> tuple[Kind, datetime | None]:
        """Which kind of quiet time runs, and until when at least."""
        today = now.astimezone(self._zone).date()
        spans = [
            (quiet.kind, _span(self.timezone, day, quiet.period.begins, quiet.period.ends))
            for day in _dates(today - REACH, today + ONE_DAY)
            for quiet in quiet_times(self.plan, day)
            if track == "fun" or not quiet.allow_educational
        ]
        running = {kind for kind, (begins, ends) in spans if begins <= now < ends}
        edges = [edge for _kind, span in spans for edge in span if edge > now]
        return next((kind for kind in QUIET_KINDS if kind in running), "closed"), min(edges, default=None)


def _windows(plan: Plan, day: date) -> tuple[Period, ...]:
    windows = windows_on(plan, day)[0]
    return (WHOLE_DAY,) if windows is None else windows


def _dates(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _span(timezone: str, day: date, begins: int, ends: int) -> Stretch:
    return wall_instant(timezone, day, begins), wall_instant(timezone, day, ends)


def _union(spans: Iterable[Stretch]) -> list[Stretch]:
    """The spans in order, touching and overlapping ones joined, empty ones dropped."""
    joined: list[Stretch] = []
    for begins, ends in sorted(span for span in spans if span[0] < span[1]):
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ends))
        else:
            joined.append((begins, ends))
    return joined


def _without(opened: list[Stretch], closed: list[Stretch]) -> list[Stretch]:
    """What of the first is not in the second; both in order and disjoint."""
    left: list[Stretch] = []
    for begins, ends in opened:
        at = begins
        for quiet_begins, quiet_ends in closed:
            if quiet_ends <= at or quiet_begins >= ends:
                continue
            if quiet_begins > at:
                left.append((at, quiet_begins))
            at = quiet_ends
        if at < ends:
            left.append((at, ends))
    return left
