"""What happened in a family, who did it and when, for all children or one."""

from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from parental.children import audit, profiles
from parental.children.limits import CONFIRMED
from parental.models import AuditEntry, TimeGrant
from parental.pages.page import own_profile, parents_page
from parental.pages.reports import audit_events, plan_values
from parental.templatetags.viewing_time import spoken
from parental.wording import with_names
from viewing import rules
from viewing.caller import Caller
from viewing.errors import access_denied
from viewing.models import Profile

SETTINGS = {
    "weekday_limit_minutes": gettext_lazy("Limit for Monday to Friday"),
    "weekend_limit_minutes": gettext_lazy("Limit for Saturday and Sunday"),
    "reset_hour": gettext_lazy("Start of the day"),
    "educational_exempt": gettext_lazy("Educational titles"),
    "timezone": gettext_lazy("Time zone"),
    **plan_values.SETTINGS,
}


@require_safe
@parents_page
def entries(request: HttpRequest, caller: Caller) -> HttpResponse:
    """`child` names one profile; `after` the entry after which the page begins."""
    family = profiles.for_account(caller.user_id)
    child = _asked_child(request, caller)
    ids = [member.id for member in family if child in (None, member.id)]
    after = audit.place(request.GET.get("after", ""))
    listed, last = audit.entries(ids, family_id=None if child else caller.user_id, after=after)
    shown = [_entry(entry.row, {member.id: member for member in family}, caller) for entry in listed]
    chosen = {"child": child} if child else {}
    context = {
        "family": [member for member in family if member.is_kids],
        "child": child,
        "days": [(day, list(of_day)) for day, of_day in groupby(shown, key=lambda entry: entry["at"].date())],
        "older": urlencode({**chosen, "after": last}) if last else None,
        "newest": urlencode(chosen),
        "is_newest": "after" not in request.GET,
    }
    return render(request, "parental/audit.html", context)


def _asked_child(request: HttpRequest, caller: Caller) -> UUID | None:
    text = request.GET.get("child", "")
    if not text:
        return None
    try:
        return own_profile(caller, UUID(text)).id
    except ValueError:
        raise access_denied() from None


def _entry(row: audit.Row, family: dict[UUID, Profile], caller: Caller) -> dict[str, Any]:
    """An entry as the page shows it, in the child's zone: `at` it happened, `time` of day, and `what`."""
    profile = family.get(row.profile_id) if row.profile_id else None
    zone = _zone(profile) or next(filter(None, map(_zone, family.values())), UTC)
    if isinstance(row, AuditEntry):
        at = row.at.astimezone(zone)
        what: dict[str, object] = {"event": audit_events.sentence(row), "who": _acted(row, caller)}
    elif isinstance(row, TimeGrant):
        at = row.granted_at.astimezone(zone)
        taken_back = row.taken_back_at and _time(row.taken_back_at.astimezone(zone))
        what = {"grant": row, "taken_back": taken_back, "who": _giver(row, caller)}
    elif row.field == CONFIRMED:
        at = row.changed_at.astimezone(zone)
        what = {"is_review": True, "who": _actor(row.changed_by_id, caller)}
    else:
        at = row.changed_at.astimezone(zone)
        old, new = _value(row.field, row.old_value), _value(row.field, row.new_value)
        setting = SETTINGS.get(row.field, row.field)
        what = {"setting": setting, "old": old, "new": new, "who": _actor(row.changed_by_id, caller)}
    return {"name": profile.name if profile else _("Your account"), "at": at, "time": _time(at), **what}


def _zone(profile: Profile | None) -> ZoneInfo | None:
    """The zone of a child or an adult; None where there are no settings."""
    return rules.zone_for(profile.config.timezone) if profile is not None and hasattr(profile, "config") else None


def _time(local: datetime) -> str:
    return time_format(local.time(), "H:i")


def _giver(grant: TimeGrant, caller: Caller) -> str:
    if grant.player_token:
        return with_names(_("with the PIN on “{device}”"), device=grant.player_token.device_name)
    if not grant.is_remote:
        return _("with the PIN")
    return _actor(grant.granted_by_id, caller)


def _acted(entry: AuditEntry, caller: Caller) -> str:
    if entry.actor_kind in ("parent", "staff"):
        # The member of staff may have no account any more.
        return _("by our staff") if entry.actor_kind == "staff" else _actor(entry.actor_user_id, caller)
    return _("by the platform") if entry.actor_kind == "platform" else ""


def _actor(user_id: UUID | None, caller: Caller) -> str:
    # Staff's addresses are not the parents' business.
    if user_id is None:
        return _("by a deleted account")
    return _("by you") if user_id == caller.user_id else _("by our staff")


def _value(field: str, value: Any) -> str:
    """A setting's value as a parent reads it."""
    if field in plan_values.SETTINGS:
        return plan_values.value(field, value)
    if field.endswith("_limit_minutes"):
        return _("no limit") if value is None else spoken(value)
    if field == "reset_hour":
        return f"{value:02}:00"
    if field == "educational_exempt":
        return _("not counted") if value else _("counted")
    return str(value)
