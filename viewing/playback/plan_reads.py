"""Week plans for synchronous callers: pages, grants, reports, preview and explain.

They read what is committed; heartbeats read the same through the caches (`viewing/hotpath/plans.py`).
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from viewing.hotpath.plans import DAYS_AHEAD, DAYS_BACK, PlanColumns, build_plan, read_past
from viewing.models import ViewingTimeConfig
from viewing.playback import sql
from viewing.rules.hours import Timetable
from viewing.rules.standing import PlannedChild


def for_child(config: ViewingTimeConfig, *, now: datetime) -> PlannedChild | None:
    """The plan of one child; None where nothing was ever planned. At most one statement."""
    return for_children([config], now=now).get(config.pk)


def for_children(
    configs: Iterable[ViewingTimeConfig], *, now: datetime, since: date | None = None
) -> dict[UUID, PlannedChild]:
    """The plans of the children that have one, by profile; one statement, or none where no child has a plan.

    `since`: the first date that is asked about, where it is more than a week ago.
    """
    planned = {config.pk: config for config in configs if config.plan_version}
    if not planned:
        return {}
    first = now.date() - timedelta(days=DAYS_BACK)
    until = now.date() + timedelta(days=DAYS_AHEAD)
    parts = sql.read_plan_parts(planned, since=min(first, since or first), until=until)
    return {row.profile_id: _planned(planned[row.profile_id], row) for row in parts}


def _planned(config: ViewingTimeConfig, row: sql.PlanParts) -> PlannedChild:
    plan = build_plan(columns(config, row))
    past = read_past(row.past) if plan.uses_week else {}
    return PlannedChild(Timetable(plan, config.timezone), config.schedule, past)


def columns(config: ViewingTimeConfig, row: sql.PlanParts) -> PlanColumns:
    return PlanColumns(
        weekday_limit_minutes=config.weekday_limit_minutes,
        weekend_limit_minutes=config.weekend_limit_minutes,
        day_limits=config.day_limits,
        plan=config.plan,
        locked_at=config.locked_at,
        locked_until=config.locked_until,
        lock_note=config.lock_note,
        open_until=config.open_until,
        weekend_days=row.weekend_days,
        week_starts_on=row.week_starts_on,
        exceptions=row.exceptions,
    )
