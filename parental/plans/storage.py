"""How a plan is written: the columns of the settings, the version that heartbeats compare, and the audit."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings as django_settings
from django.db.models import F

from parental.children import limits
from parental.models import SettingsChange, User
from viewing.errors import Refusal
from viewing.hotpath import invalidation
from viewing.hotpath.plans import limits_of
from viewing.models import FamilyCalendar, Profile, ViewingTimeConfig
from viewing.rules.documents import read_plan, weekdays_from_mask, write_plan
from viewing.rules.plan import Plan


def require_plans() -> None:
    """Refusal 503 while this installation has no week plans (WEEK_PLAN)."""
    if not django_settings.WEEK_PLAN:
        raise Refusal("not_available")


def lock_family(user_id: UUID) -> None:
    """Lock the account, as the making of its profiles does: no child slips in between. Before any settings."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user_id)


def lock_children(
    user_id: UUID, profile_ids: Collection[UUID] | None = None, *, now: datetime
) -> list[ViewingTimeConfig]:
    """The settings of the account's children, or of those named, locked in the order of their ids."""
    children = Profile.objects.filter(user_id=user_id, is_kids=True)
    if profile_ids is not None:
        children = children.filter(pk__in=profile_ids)
    ids = children.order_by("pk").values_list("pk", flat=True)
    return [limits.lock_settings(profile_id, now=now) for profile_id in ids]


def read_calendar(user_id: UUID) -> FamilyCalendar:
    """The account's calendar; one that is not saved where there is none."""
    return FamilyCalendar.objects.filter(pk=user_id).first() or FamilyCalendar(user_id=user_id)


def recurring_plan(config: ViewingTimeConfig, calendar: FamilyCalendar) -> Plan:
    """The stored plan without exceptions, lock and pass."""
    weekend = weekdays_from_mask(calendar.weekend_days)
    return read_plan(config.plan, limits_of(config, weekend), weekend=weekend, week_starts_on=calendar.week_starts_on)


def plan_columns(plan: Plan) -> dict[str, Any]:
    return {
        **limits.day_limit_columns(plan.limits, plan.weekend),
        "plan": write_plan(plan),
        "uses_week": plan.uses_week,
    }


def write(config: ViewingTimeConfig, columns: Mapping[str, Any], *, now: datetime) -> None:
    """Write a locked row with the next version, and notify every process. What ended of a lock or pass is cleared."""
    ended: dict[str, Any] = {}
    if config.locked_until is not None and config.locked_until <= now:
        ended |= {"locked_at": None, "locked_until": None, "lock_note": ""}
    if config.open_until is not None and config.open_until <= now:
        ended["open_until"] = None
    written = {**ended, **columns, "updated_at": now}
    ViewingTimeConfig.objects.filter(pk=config.pk).update(**written, plan_version=F("plan_version") + 1)
    for name, value in written.items():
        setattr(config, name, value)
    config.plan_version += 1
    invalidation.profile_changed(config.pk)


def raise_versions(configs: Iterable[ViewingTimeConfig], *, now: datetime) -> None:
    """Something that the plans of these children depend on has changed."""
    for config in configs:
        write(config, {}, now=now)


def audit(
    config: ViewingTimeConfig, changes: Mapping[str, tuple[object, object]], *, user_id: UUID, now: datetime
) -> None:
    """A row in the audit for each changed part: its value before and after, as the API writes them."""
    SettingsChange.objects.bulk_create(
        SettingsChange(
            profile_id=config.pk, changed_by_id=user_id, field=part, old_value=old, new_value=new, changed_at=now
        )
        for part, (old, new) in changes.items()
    )
