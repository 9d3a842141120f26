"""The standing of a child whom nothing stops, for every heartbeat: a tenth of the time that all of `stand` takes."""

from datetime import datetime
from typing import NamedTuple

from viewing.rules.hours import ONE_DAY
from viewing.rules.standing import DayUse, Frame, LimitedBy


class Allowed(NamedTuple):
    """As in a `Standing`: seconds that remain (None: nothing limits), what limits, and when it closes."""

    remaining_seconds: int | None
    limited_by: LimitedBy | None
    closes_at: datetime | None


def allowed(frame: Frame, use: DayUse, *, now: datetime, rest_seconds: int | None) -> Allowed | None:
    """What `stand` says where it names no reason and no finishing; None where it may say more.

    `rest_seconds`: of the title that plays, None where it is unknown.
    """
    if frame.lock is not None or not frame.hours.is_open:
        return None
    limit, cap = frame.limit_seconds, frame.cap_seconds
    is_week_bound = cap is not None and (limit is None or cap < limit)
    allowance = cap if is_week_bound else limit
    remaining: int | None = None
    limited_by: LimitedBy | None = None
    if allowance is not None and not use.is_unlimited:
        remaining = allowance + use.granted_seconds - use.used_seconds
        if remaining <= 0:
            return None
        limited_by = "week_limit" if is_week_bound else "day_limit"
    closes_at = frame.closes_at
    if closes_at is not None:
        span = closes_at - now
        if span > ONE_DAY:
            closes_at = None
        else:
            seconds = span.days * 86_400 + span.seconds + (span.microseconds > 0)
            if remaining is None or seconds < remaining:
                remaining, limited_by = seconds, frame.closes_by
    if rest_seconds is not None and frame.finish_seconds and remaining is not None and remaining < rest_seconds:
        return None
    return Allowed(remaining, limited_by, closes_at)
