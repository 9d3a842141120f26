"""What a day begins with from the earlier days of its week: carried minutes, and what is left of the week's limit.

Nothing of it is stored: it follows from the plan as it is now and from what was watched. So it can be explained, and a
plan that is changed holds for the running week too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from viewing.rules.plan import Plan, counts_to_week, limit_on

# Seconds used of each earlier day; a day that is missing has none.
Past = Mapping[date, int]


@dataclass(frozen=True, slots=True)
class WeekDay:
    """An earlier day of the week, in seconds.

    `own`: what it cost the week; what was watched beyond came from grants or ran over. `carried_on`: what the next day
    got from it and the days before.
    """

    day: date
    used_seconds: int
    own_seconds: int
    carried_on_seconds: int


@dataclass(frozen=True, slots=True)
class Opening:
    """What a viewing day begins with, in seconds.

    `limit_seconds`: the day's own limit. `week_left_seconds`: what is left of the week. `cap_seconds`: the same where
    the day counts to the week, else None. None: nothing limits.
    """

    limit_seconds: int | None
    carried_seconds: int = 0
    week_left_seconds: int | None = None
    cap_seconds: int | None = None
    days: tuple[WeekDay, ...] = ()


def least(*values: int | None) -> int | None:
    """The least of the values, None being no bound; None when all are."""
    return min((value for value in values if value is not None), default=None)


def week_start(plan: Plan, day: date) -> date:
    """The first day of the week that holds a viewing day."""
    return day - timedelta(days=(day.weekday() - plan.week_starts_on) % 7)


def opening(plan: Plan, day: date, past: Past) -> Opening:
    """What a viewing day begins with.

    A day carries on what its limit, and the week, would still have allowed: no granted time. A day without a limit
    leaves the carried minutes as they are. They end with the week, so at most six earlier days matter.
    """
    limit = _seconds(limit_on(plan, day)[0])
    if not plan.uses_week:
        return Opening(limit)
    carried, week_left, days = 0, _seconds(plan.week_limit), []
    first = week_start(plan, day)
    for earlier in (first + timedelta(days=n) for n in range((day - first).days)):
        used = past.get(earlier, 0)
        of_week = week_left if counts_to_week(plan, earlier) else None
        day_limit = _seconds(limit_on(plan, earlier)[0])
        allowed = least(None if day_limit is None else day_limit + carried, of_week)
        own = used if allowed is None else min(used, allowed)
        if day_limit is not None:
            carried = _carried_on(plan, earlier, max(0, (allowed or 0) - used))
        if of_week is not None and week_left is not None:
            week_left = max(0, week_left - own)
        days.append(WeekDay(earlier, used, own, carried))
    return Opening(
        limit_seconds=limit,
        carried_seconds=0 if limit is None else carried,
        week_left_seconds=week_left,
        cap_seconds=week_left if counts_to_week(plan, day) else None,
        days=tuple(days),
    )


def _carried_on(plan: Plan, day: date, unused_seconds: int) -> int:
    if plan.carry_since is None or day < plan.carry_since:
        return 0
    return min(plan.carry_max * 60, unused_seconds)


def _seconds(minutes: int | None) -> int | None:
    return None if minutes is None else minutes * 60
