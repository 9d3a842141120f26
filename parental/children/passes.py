"""A pass: until it ends, a child's hours do not matter (docs/contract.md#grants). It is wall time, as bedtime is."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from viewing.hotpath import invalidation
from viewing.models import ViewingTimeConfig
from viewing.playback import plan_reads
from viewing.rules.standing import make_frame


def extend(config: ViewingTimeConfig, *, minutes: int | None, now: datetime) -> timedelta:
    """Extend the pass of a locked row by the minutes, or (None) to the next reset: by how much it was moved.

    It begins when hours close, or now where they are closed. Nothing is moved without a week plan, or where hours do
    not close before the next reset.
    """
    child = plan_reads.for_child(config, now=now)
    if child is None:
        return timedelta()
    frame = make_frame(child, now=now, track="fun")
    closes_at = frame.hours.closes_at
    if frame.hours.is_open and (closes_at is None or closes_at >= frame.day.until):
        return timedelta()
    begins = max(at for at in (now, closes_at, config.open_until) if at is not None)
    until = frame.day.until if minutes is None else begins + timedelta(minutes=minutes)
    if until <= begins:
        return timedelta()
    _write(config, until, now=now)
    return until - begins


def shorten(config: ViewingTimeConfig, by: timedelta, *, now: datetime) -> None:
    """Take back what of a pass is still ahead."""
    if config.open_until is not None and config.open_until > now:
        _write(config, max(now, config.open_until - by), now=now)


def _write(config: ViewingTimeConfig, until: datetime, *, now: datetime) -> None:
    columns: dict[str, Any] = {"open_until": until, "updated_at": now}
    ViewingTimeConfig.objects.filter(pk=config.pk).update(**columns, plan_version=F("plan_version") + 1)
    config.open_until, config.updated_at = until, now
    config.plan_version += 1
    invalidation.profile_changed(config.pk)
