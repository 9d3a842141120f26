"""A child's week plan: read, and changed by a parent (docs/contract.md#week-plan)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from parental.children import limits
from parental.plans import schemas, storage
from parental.plans.schemas import DayIn, DayOut, LockOut, PlanIn, PlanOut, SoftEndOut, WeekOut
from viewing import rules
from viewing.errors import plan_changed
from viewing.models import FamilyCalendar, Profile, ViewingTimeConfig
from viewing.rules import Limits
from viewing.rules.documents import WEEKDAYS
from viewing.rules.plan import Plan, Windows

# The parts of a plan as the audit names them, and how their values are shown there.
PARTS: Final = ("days.limit", "days.windows", "quiet", "week", "soft_end")


def read(profile_id: UUID, *, now: datetime) -> PlanOut:
    """The child's plan with all defaults filled in. Refusal 503: plans are not available."""
    storage.require_plans()
    config = limits.read(profile_id, now=now)
    calendar = _calendar(profile_id)
    return _answer(config, calendar, now=now)


@transaction.atomic
def change(profile_id: UUID, body: PlanIn, *, user_id: UUID, now: datetime) -> PlanOut:
    """Change what is sent; what has its present value is no change, so that a form sent twice is saved once.

    Refusal 409: something would change, and `version` is not the present one; 422: a rule over several fields is
    broken; 503 as `read`.
    """
    storage.require_plans()
    config = limits.lock_settings(profile_id, now=now)
    calendar = _calendar(profile_id)
    before = storage.recurring_plan(config, calendar)
    after = _changed(before, body, config, now=now)
    if after != before:
        if body.version is not None and body.version != config.plan_version:
            raise plan_changed(config.plan_version)
        parts = {part: (old, new) for part, old, new in _compared(before, after) if old != new}
        storage.audit(config, parts, user_id=user_id, now=now)
        storage.write(config, storage.plan_columns(after), now=now)
    return _answer(config, calendar, now=now)


def _calendar(profile_id: UUID) -> FamilyCalendar:
    user_id = Profile.objects.values_list("user_id", flat=True).get(pk=profile_id)
    return storage.read_calendar(user_id)


def _changed(before: Plan, body: PlanIn, config: ViewingTimeConfig, *, now: datetime) -> Plan:
    days = [body.days.get(weekday, DayIn()) for weekday in WEEKDAYS]  # type: ignore[call-overload]
    first, second, third, fourth, fifth, sixth, seventh = (
        schemas.check_limit(day.limit_minutes) if "limit_minutes" in day.model_fields_set else limit
        for day, limit in zip(days, before.limits.by_weekday, strict=True)
    )
    windows = tuple(
        schemas.windows_from(day.windows) if "windows" in day.model_fields_set else present
        for day, present in zip(days, before.windows, strict=True)
    )
    after = replace(before, limits=Limits((first, second, third, fourth, fifth, sixth, seventh)), windows=windows)
    if "quiet" in body.model_fields_set:
        after = replace(after, quiet=schemas.quiet_from(body.quiet))
    if "limit_minutes" in body.week.model_fields_set:
        after = replace(after, week_limit=schemas.check_limit(body.week.limit_minutes))
    if "carry_over_minutes" in body.week.model_fields_set:
        after = _carrying(after, body.week.carry_over_minutes, config, now=now)
    if "finish_title_minutes" in body.soft_end.model_fields_set:
        after = replace(after, finish_title=body.soft_end.finish_title_minutes)
    return after


def _carrying(plan: Plan, minutes: int, config: ViewingTimeConfig, *, now: datetime) -> Plan:
    if not minutes:
        return replace(plan, carry_max=0, carry_since=None)
    # Days before it was switched on carry nothing: a child added on Friday must not find Monday's hour.
    since = plan.carry_since if plan.carry_max else rules.viewing_day(config.schedule, now=now)
    return replace(plan, carry_max=minutes, carry_since=since)


def _compared(before: Plan, after: Plan) -> list[tuple[str, object, object]]:
    shown = [dict(zip(PARTS, _parts(plan), strict=True)) for plan in (before, after)]
    found: list[tuple[str, object, object]] = []
    for part in PARTS:
        old, new = shown[0][part], shown[1][part]
        if isinstance(old, dict) and isinstance(new, dict) and part.startswith("days."):
            # Only the weekdays that changed.
            changed = [weekday for weekday in WEEKDAYS if old[weekday] != new[weekday]]
            old, new = ({weekday: value[weekday] for weekday in changed} for value in (old, new))
        found.append((part, old, new))
    return found


def _parts(plan: Plan) -> tuple[object, ...]:
    return (
        dict(zip(WEEKDAYS, plan.limits.by_weekday, strict=True)),
        dict(zip(WEEKDAYS, map(_windows, plan.windows), strict=True)),
        [schemas.quiet_out(quiet).model_dump(by_alias=True) for quiet in plan.quiet],
        {"limit_minutes": plan.week_limit, "carry_over_minutes": plan.carry_max},
        {"finish_title_minutes": plan.finish_title},
    )


def _windows(windows: Windows) -> list[dict[str, Any]] | None:
    shown = schemas.windows_out(windows)
    return None if shown is None else [window.model_dump(by_alias=True) for window in shown]


def _answer(config: ViewingTimeConfig, calendar: FamilyCalendar, *, now: datetime) -> PlanOut:
    plan = storage.recurring_plan(config, calendar)
    days: Mapping[Any, DayOut] = {
        weekday: DayOut(limit_minutes=limit, windows=schemas.windows_out(windows))
        for weekday, limit, windows in zip(WEEKDAYS, plan.limits.by_weekday, plan.windows, strict=True)
    }
    is_open = config.open_until is not None and config.open_until > now
    return PlanOut(
        profile_id=config.pk,
        version=config.plan_version,
        updated_at=config.updated_at,
        timezone=config.timezone,
        reset_hour=config.reset_hour,
        days=dict(days),
        quiet=[schemas.quiet_out(quiet) for quiet in plan.quiet],
        week=WeekOut(limit_minutes=plan.week_limit, carry_over_minutes=plan.carry_max),
        soft_end=SoftEndOut(finish_title_minutes=plan.finish_title),
        lock=lock_of(config, now=now),
        open_until=config.open_until if is_open else None,
        weekend=schemas.weekday_names(plan.weekend),
        week_starts_on=schemas.weekday_names([plan.week_starts_on])[0],
    )


def lock_of(config: ViewingTimeConfig, *, now: datetime) -> LockOut | None:
    """The lock that runs or is in the future."""
    until = config.locked_until
    if config.locked_at is None or (until is not None and until <= now):
        return None
    return LockOut(since=config.locked_at, until=until, note=config.lock_note)
