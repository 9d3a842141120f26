"""A week of all children, compared to their limits and to the week before."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from parental.pages.page import parents_page
from parental.pages.reports import charts
from parental.pages.reports.dates import EARLIEST, day_field
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.reports import downloads, weekly


class WeekForm(forms.Form):
    """The last of seven days; none: the running viewing day."""

    last = day_field(_("Seven days up to"))


@require_safe
@parents_page
def report(request: HttpRequest, caller: Caller, *, as_csv: bool = False) -> HttpResponseBase:
    """The page, or the week as CSV. A week that is none, or that lies ahead: 422, with what was entered."""
    form = WeekForm(request.GET)
    found = _read(form, caller)
    if found is None:
        return render(request, "parental/report.html", {"form": form}, status=422)
    if as_csv:
        return downloads.weekly_csv(found)
    for number, profile in enumerate(found["profiles"]):
        profile.update(_compared(profile), number=number, chart=charts.bar_chart(charts.days_of(profile)))
    form = WeekForm(initial={"last": found["week_end"]})
    return render(request, "parental/report.html", {"form": form, "report": found, **_neighbours(found)})


def _read(form: WeekForm, caller: Caller) -> dict[str, Any] | None:
    if not form.is_valid():
        return None
    try:
        return weekly.compared_report(caller.user_id, now=timezone.now(), last=form.cleaned_data["last"])
    except Refusal:
        form.add_error("last", _("This day lies ahead."))
        return None


def _compared(profile: dict[str, Any]) -> dict[str, Any]:
    """What the page says of a child's week beside the report's own figures."""
    days = profile["daily_totals"]
    for day, before in zip(days, profile["before"]["daily_totals"], strict=True):
        day["before"] = before["minutes"]
    change = round(profile["total_minutes"] - profile["before"]["total_minutes"], 2)
    return {
        "more": max(change, 0),
        "less": max(-change, 0),
        "most": max(days, key=lambda day: day["minutes"]),
        "days_over": sum(
            day["limit_minutes"] is not None and day["counted_minutes"] > day["limit_minutes"] for day in days
        ),
    }


def _neighbours(found: dict[str, Any]) -> dict[str, Any]:
    """Addresses' queries of the week before and after, None where there is none, and of this one."""
    last, latest = found["week_end"], found["latest"]
    before, after = last - timedelta(days=weekly.DAYS), min(last + timedelta(days=weekly.DAYS), latest)
    return {
        "query": _query(last),
        "previous_query": _query(before) if before >= EARLIEST + timedelta(days=2 * weekly.DAYS) else None,
        "next_query": _query(after) if after > last else None,
        "is_latest": last == latest,
    }


def _query(last: date) -> str:
    return urlencode({"last": last})
