"""Why a child may watch now, or not: every rule in the order in which one is named, and what would help."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parental.children import limits
from parental.pages.page import own_child, parents_page
from parental.plans import explain
from parental.plans.preview_schemas import Check
from parental.wording import duration, moment
from viewing.caller import Caller
from viewing.models import Profile
from viewing.playback.wording import CLOSED, end


@require_safe
@parents_page
def why(request: HttpRequest, caller: Caller, profile_id: UUID) -> HttpResponse:
    """The answer of the API's explain, in words; of educational titles where they differ."""
    child, now = own_child(caller, profile_id), timezone.now()
    found = explain.for_child(child.id, is_educational=False, now=now)
    learning = explain.for_child(child.id, is_educational=True, now=now)
    zone = limits.read(child.id, now=now).timezone
    again = found.next_allowed_at
    context = {
        "child": Profile.objects.get(pk=profile_id),
        "found": found,
        "sentence": "" if found.sentence == explain.MAY_PLAY else found.sentence,
        "again": moment(again, timezone=zone, now=now) if again else "",
        "is_learning_allowed": learning.allowed and not found.allowed,
        "checks": [_row(check, zone=zone, now=now) for check in found.checks],
    }
    return render(request, "parental/why.html", context)


def _row(check: Check, *, zone: str, now: datetime) -> dict[str, Any]:
    """A rule as the page shows it: its label, the sentence, and smaller ones below it."""

    said = Said(zone, now)
    names = {"lock": _("Stopped by a parent"), "hours": _("Viewing times"), "day": _("Today"), "week": _("This week")}
    says = {"lock": _lock, "hours": _hours, "day": _day, "week": _week}[check.check]
    sentence, details = says(check, said)
    return {"label": names[check.check], "passes": check.passes, "sentence": sentence, "details": details}


@dataclass(frozen=True, slots=True)
class Said:
    """Instants as the page says them."""

    zone: str
    now: datetime

    def at(self, instant: datetime) -> str:
        return moment(instant, timezone=self.zone, now=self.now)

    def until(self, instant: datetime) -> str:
        return end(instant, timezone=self.zone, now=self.now)


def _lock(check: Check, said: Said) -> tuple[str, list[str]]:
    if check.since is None:
        return _("No"), []
    details = [_("“%(note)s”") % {"note": check.note}] if check.note else []
    if check.until is None:
        return _("Since %(when)s, until you allow it again") % {"when": said.at(check.since)}, details
    return _("Since %(when)s, until %(until)s") % {
        "when": said.at(check.since),
        "until": said.until(check.until),
    }, details


def _hours(check: Check, said: Said) -> tuple[str, list[str]]:
    if check.passes:
        return (_("Open until %(when)s") % {"when": said.until(check.until)} if check.until else _("Open")), []
    what = CLOSED.get(check.kind or "closed", CLOSED["closed"])
    if check.until is None:
        return str(what), []
    return _("%(what)s until %(when)s") % {"what": what, "when": said.until(check.until)}, []


def _day(check: Check, _said: Said) -> tuple[str, list[str]]:
    used = _spoken(check.used_minutes)
    parts = []
    if check.carried_minutes:
        parts.append(_("%(time)s carried over from the days before") % {"time": _spoken(check.carried_minutes)})
    if check.granted_minutes:
        parts.append(_("%(time)s given today") % {"time": _spoken(check.granted_minutes)})
    if check.exception:
        parts.append(_("Limit from the exception “%(name)s”") % {"name": check.exception})
    if check.is_unlimited:
        return _("%(used)s used, unlimited today") % {"used": used}, parts
    if check.limit_minutes is None:
        return _("%(used)s used, no limit") % {"used": used}, parts
    if check.carried_minutes or check.granted_minutes:
        parts.insert(0, _("Limit of the day: %(time)s") % {"time": _spoken(check.limit_minutes)})
    whole = check.limit_minutes + (check.carried_minutes or 0) + (check.granted_minutes or 0)
    return _("%(used)s of %(whole)s used") % {"used": used, "whole": _spoken(whole)}, parts


def _week(check: Check, _said: Said) -> tuple[str, list[str]]:
    days = [
        _("%(day)s: %(time)s") % {"day": formats.date_format(day.date, "D j M"), "time": _spoken(day.own_minutes)}
        for day in check.days or []
    ]
    words = {"used": _spoken(check.used_minutes), "whole": _spoken(check.limit_minutes)}
    return _("%(used)s of %(whole)s used") % words, days


def _spoken(minutes: float | None) -> str:
    return duration(round((minutes or 0) * 60))
