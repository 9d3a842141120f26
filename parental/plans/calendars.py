"""A family's weekend and first day of the week (docs/contract.md#week-plan)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from parental.children import limits
from parental.plans import schemas, storage
from parental.plans.schemas import CalendarIn, CalendarOut
from viewing.models import FamilyCalendar
from viewing.rules.documents import WEEKDAYS, mask_from_weekdays, weekdays_from_mask


def read(user_id: UUID) -> CalendarOut:
    """The account's calendar; Saturday, Sunday and Monday where none was set. Refusal 503: not available."""
    storage.require_plans()
    return _answer(storage.read_calendar(user_id))


@transaction.atomic
def change(user_id: UUID, body: CalendarIn, *, now: datetime) -> CalendarOut:
    """Change what is sent, for every child of the account; each child's limits of single days stay. Refusal as `read`.

    Where a child has two limits, other days take them.
    """
    storage.require_plans()
    storage.lock_family(user_id)
    calendar = storage.read_calendar(user_id)
    before = _answer(calendar)
    if "weekend" in body.model_fields_set:
        calendar.weekend_days = mask_from_weekdays({WEEKDAYS.index(weekday) for weekday in body.weekend})
    if "week_starts_on" in body.model_fields_set:
        calendar.week_starts_on = WEEKDAYS.index(body.week_starts_on)
    after = _answer(calendar)
    if after == before:
        return after
    values = {"weekend_days": calendar.weekend_days, "week_starts_on": calendar.week_starts_on}
    FamilyCalendar.objects.update_or_create(pk=user_id, defaults=values)
    changes: dict[str, tuple[Any, Any]] = {
        name: (getattr(before, name), getattr(after, name))
        for name in ("weekend", "week_starts_on")
        if getattr(before, name) != getattr(after, name)
    }
    for config in storage.lock_children(user_id, now=now):
        storage.audit(config, changes, user_id=user_id, now=now)
        columns: dict[str, Any] = {}
        if config.day_limits is not None:
            of_days = storage.recurring_plan(config, calendar).limits
            columns = limits.day_limit_columns(of_days, weekdays_from_mask(calendar.weekend_days))
        storage.write(config, columns, now=now)
    return after


def _answer(calendar: FamilyCalendar) -> CalendarOut:
    return CalendarOut(
        weekend=schemas.weekday_names(weekdays_from_mask(calendar.weekend_days)),
        week_starts_on=schemas.weekday_names([calendar.week_starts_on])[0],
    )
