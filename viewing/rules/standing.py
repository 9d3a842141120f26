"""Whether a title may play now, for how long, and why not: by lock, hours, the day's and the week's time in this order.

A `Frame` is what time alone decides, unchanged from one instant to another; a `Standing` adds what was watched today.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from viewing.rules.days import Schedule, ViewingDay, running_day
from viewing.rules.hours import HORIZON, ONE_DAY, Hours, Timetable, Track
from viewing.rules.limits import Enforcement, enforcement_for
from viewing.rules.plan import Lock, Plan
from viewing.rules.weeks import Opening, Past, least, opening

Reason = Literal["locked", "outside_hours", "limit_reached", "week_limit_reached"]
LimitedBy = Literal["day_limit", "week_limit", "hours", "lock"]
# More turns of hours and days than 15 days can have.
MAX_STEPS: Final = 64


@dataclass(frozen=True, slots=True)
class DayUse:
    """A viewing day's balance in seconds; zeros before its first beat."""

    used_seconds: int = 0
    granted_seconds: int = 0
    is_unlimited: bool = False


@dataclass(frozen=True, slots=True)
class PlannedChild:
    """A child's plan, when their days turn, and what was used of the earlier days of the week."""

    table: Timetable
    schedule: Schedule
    past: Past

    @property
    def plan(self) -> Plan:
        return self.table.plan


@dataclass(frozen=True, slots=True)
class Playing:
    """A title that plays already. `is_charged`: it counts toward the limit. `rest_seconds` None: unknown."""

    is_charged: bool = True
    rest_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What holds from `since` to before `until` for one child and one track.

    `limit_seconds`: the day's limit with what was carried to it. `cap_seconds`: what is left of the week. `lock`: the
    one that runs; `locks_at`: when one begins. `closes_at`: the earlier of that and of when hours close, `closes_by`
    which of them.
    """

    since: datetime
    until: datetime
    day: ViewingDay
    opening: Opening
    hours: Hours
    limit_seconds: int | None
    cap_seconds: int | None
    lock: Lock | None
    locks_at: datetime | None
    closes_at: datetime | None
    closes_by: Literal["hours", "lock"]
    finish_seconds: int

    @property
    def is_blocked(self) -> bool:
        """Locked or closed: nothing may begin, whatever is left."""
        return self.lock is not None or not self.hours.is_open

    @property
    def allowance_seconds(self) -> int | None:
        """What the plan gives the day, without grants; None: no limit."""
        return least(self.limit_seconds, self.cap_seconds)

    @property
    def is_week_bound(self) -> bool:
        """Whether the week, and not the day, is what limits the day."""
        return self.cap_seconds is not None and (self.limit_seconds is None or self.cap_seconds < self.limit_seconds)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a player is to do, and why. `remaining_seconds` None: nothing limits.

    `day_left_seconds`: of the day's time alone. `is_finishing`: time is over, the title may be watched to its end.
    `can_finish`: it will be, though less is left than it needs.
    """

    remaining_seconds: int | None
    enforcement: Enforcement
    limited_by: LimitedBy | None
    reasons: tuple[Reason, ...]
    day_left_seconds: int | None
    closes_at: datetime | None
    is_finishing: bool = False
    can_finish: bool = False

    @property
    def reason(self) -> Reason | None:
        return self.reasons[0] if self.reasons else None


def make_frame(child: PlannedChild, *, now: datetime, track: Track) -> Frame:
    """The frame of an instant."""
    plan = child.plan
    day = running_day(child.schedule, now=now)
    begins = opening(plan, day.day, child.past)
    hours = child.table.at(now, track)
    lock, locks_at = _lock(plan, now)
    closes_by: Literal["hours", "lock"] = "hours"
    closes_at = hours.closes_at
    if locks_at is not None and (closes_at is None or locks_at <= closes_at):
        closes_by, closes_at = "lock", locks_at
    edges = (
        day.until,
        hours.closes_at,
        hours.opens_at,
        hours.kind_until,
        locks_at,
        lock.until if lock else None,
        plan.open_until,
    )
    ahead = [edge for edge in edges if edge is not None and edge > now]
    limit = begins.limit_seconds
    return Frame(
        since=now,
        until=min([*ahead, now + ONE_DAY]),
        day=day,
        opening=begins,
        hours=hours,
        limit_seconds=None if limit is None else limit + begins.carried_seconds,
        cap_seconds=begins.cap_seconds,
        lock=lock,
        locks_at=locks_at,
        closes_at=closes_at,
        closes_by=closes_by,
        finish_seconds=plan.finish_title * 60,
    )


def _lock(plan: Plan, now: datetime) -> tuple[Lock | None, datetime | None]:
    """The lock that runs, and when one that is in the future begins."""
    lock = plan.lock
    if lock is None or (lock.until is not None and lock.until <= now):
        return None, None
    return (lock, None) if lock.since <= now else (None, lock.since)


def stand(frame: Frame, use: DayUse, *, now: datetime, playing: Playing | None = None) -> Standing:
    """The standing of a child within a frame, for a title that begins or, with `playing`, for one that goes on."""
    day_left = _day_left(frame, use)
    closes_at = frame.closes_at if frame.closes_at is not None and frame.closes_at - now <= ONE_DAY else None
    hours_left = None if closes_at is None else _seconds_up(closes_at - now)
    reasons = _reasons(frame, day_left)
    remaining = 0 if reasons else least(day_left, hours_left)
    standing = Standing(
        remaining_seconds=remaining,
        enforcement=enforcement_for(remaining),
        limited_by=_limited_by(frame, day_left, hours_left),
        reasons=reasons,
        day_left_seconds=None if day_left is None else max(0, day_left),
        closes_at=None if frame.is_blocked else closes_at,
    )
    rest = None if playing is None else playing.rest_seconds
    if playing is None or rest is None or not frame.finish_seconds:
        return standing
    if not reasons:
        return replace(standing, can_finish=_can_finish(frame, remaining, rest, now=now))
    if _may_finish(frame, use, reasons, playing, now=now):
        return replace(standing, remaining_seconds=rest, enforcement="warning_5", reasons=(), is_finishing=True)
    return standing


def _day_left(frame: Frame, use: DayUse) -> int | None:
    """What is left of the day's time, below 0 where it was overrun; None: no limit."""
    allowance = frame.allowance_seconds
    return None if use.is_unlimited or allowance is None else allowance + use.granted_seconds - use.used_seconds


def _reasons(frame: Frame, day_left: int | None) -> tuple[Reason, ...]:
    found: list[Reason] = []
    if frame.lock is not None:
        found.append("locked")
    if not frame.hours.is_open:
        found.append("outside_hours")
    if day_left is not None and day_left <= 0:
        found.append("week_limit_reached" if frame.is_week_bound else "limit_reached")
    return tuple(found)


def _limited_by(frame: Frame, day_left: int | None, hours_left: int | None) -> LimitedBy | None:
    if frame.lock is not None:
        return "lock"
    if not frame.hours.is_open:
        return "hours"
    if day_left is not None and (hours_left is None or max(0, day_left) <= hours_left):
        return "week_limit" if frame.is_week_bound else "day_limit"
    return None if hours_left is None else frame.closes_by


def _may_finish(frame: Frame, use: DayUse, reasons: tuple[Reason, ...], playing: Playing, *, now: datetime) -> bool:
    """Whether a title may be watched to its end: as far as the overrun of every reason leaves it the time."""
    rest = playing.rest_seconds or 0
    for reason in reasons:
        if reason == "locked":
            return False
        if reason == "outside_hours":
            since = frame.hours.closed_since
            over = None if since is None else _seconds_up(now - since)
        else:
            day_left = _day_left(frame, use)
            # A title that is not charged cannot have run into the limit.
            over = None if day_left is None or not playing.is_charged else -day_left
        if over is None or rest > frame.finish_seconds - over:
            return False
    return rest > 0


def _can_finish(frame: Frame, remaining: int | None, rest: int, *, now: datetime) -> bool:
    """Whether a title that needs more than what is left will still be allowed to end."""
    if remaining is None or not remaining < rest <= remaining + frame.finish_seconds:
        return False
    return frame.locks_at is None or rest <= _seconds_up(frame.locks_at - now)


def time_to_end(frame: Frame, use: DayUse, *, now: datetime, is_charged: bool) -> int | None:
    """How long a title may be that begins now and is to be watched to its end, in seconds; None: any length.

    Less matters only where it may begin. `is_charged`: it counts toward the limit.
    """
    day_left = _day_left(frame, use) if is_charged else None
    closes_at, locks_at = frame.hours.closes_at, frame.locks_at
    return least(
        None if day_left is None else day_left + frame.finish_seconds,
        None if closes_at is None else _seconds_up(closes_at - now) + frame.finish_seconds,
        None if locks_at is None else _seconds_up(locks_at - now),
    )


def next_allowed(child: PlannedChild, use: DayUse, *, now: datetime, track: Track) -> datetime | None:
    """When a title could begin if nothing changed and nothing were watched; None: not by time alone, or not in 15 days.

    `now` itself where it may begin now. An unlimited day counts for today only.
    """
    at, today = now, running_day(child.schedule, now=now).day
    later = replace(child, past={**child.past, today: use.used_seconds})
    for _step in range(MAX_STEPS):
        if at > now + HORIZON:
            return None
        frame = make_frame(child if at == now else later, now=at, track=track)
        if frame.lock is not None:
            if frame.lock.until is None:
                return None
            at = frame.lock.until
        elif not frame.hours.is_open:
            if frame.hours.opens_at is None:
                return None
            at = frame.hours.opens_at
        else:
            left = _day_left(frame, use if frame.day.day == today else DayUse())
            if left is None or left > 0:
                return at
            at = frame.day.until
    return None


def _seconds_up(span: timedelta) -> int:
    """Whole seconds, rounded up: what is open for a moment still has some time left."""
    return -(-span // timedelta(seconds=1))
