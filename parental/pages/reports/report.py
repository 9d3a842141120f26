"""A week of all children, compared to their limits and to the week before."""

from dataclasses import dataclass
from datetime import date, timedelta
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
from viewing.reports.answers import ProfileWeek, WeekDay


class WeekForm(forms.Form):
    """The last of seven days; none: the running viewing day."""

    last = day_field(_("Week ending"))


@dataclass(frozen=True, slots=True)
class ChildWeek:
    """A child's week as the page shows it: `number` makes ids unique, `days` pairs each day with the week before's.

    `more` and `less` are minutes, compared to the week before; one of them is 0. `days_over` counts the days above
    their limit, of the `limited_days` that have one.
    """

    number: int
    week: ProfileWeek
    before: ProfileWeek
    today: date
    chart: charts.Chart
    days: list[tuple[WeekDay, WeekDay]]
    more: float
    less: float
    most: WeekDay
    days_over: int
    limited_days: int


@require_safe
@parents_page
def report(request: HttpRequest, caller: Caller, *, as_csv: bool = False) -> HttpResponseBase:
    """The page, or the week as CSV. A week that is none, or that lies ahead: 422, with what was entered."""
    form = WeekForm(request.GET)
    found = _read(form, caller)
    if found is None:
        return render(request, "parental/report.html", {"form": form}, status=422)
    if as_csv:
        return downloads.weekly_csv(found.report, for_spreadsheet=True)
    context = {
        "form": WeekForm(initial={"last": found.report.week_end}),
        "report": found.report,
        "children": [_child_week(number, compared) for number, compared in enumerate(found.profiles)],
        **_neighbours(found),
    }
    return render(request, "parental/report.html", context)


def _read(form: WeekForm, caller: Caller) -> weekly.ComparedReport | None:
    if not form.is_valid():
        return None
    try:
        return weekly.compared_report(caller.user_id, now=timezone.now(), last=form.cleaned_data["last"])
    except Refusal:
        form.add_error("last", _("That day is in the future."))
        return None


def _child_week(number: int, compared: weekly.ComparedWeek) -> ChildWeek:
    week, before = compared.week, compared.before
    days = week.daily_totals
    change = round(week.total_minutes - before.total_minutes, 2)
    return ChildWeek(
        number=number,
        week=week,
        before=before,
        today=compared.today,
        chart=charts.bar_chart(charts.chart_days(week)),
        days=list(zip(days, before.daily_totals, strict=True)),
        more=max(change, 0),
        less=max(-change, 0),
        most=max(days, key=lambda day: day.minutes),
        days_over=sum(day.limit_minutes is not None and day.counted_minutes > day.limit_minutes for day in days),
        limited_days=sum(day.limit_minutes is not None for day in days),
    )


def _neighbours(found: weekly.ComparedReport) -> dict[str, object]:
    """Addresses' queries of the week before and after, None where there is none, and of this one."""
    last, latest = found.report.week_end, found.latest
    before, after = last - timedelta(days=weekly.DAYS), min(last + timedelta(days=weekly.DAYS), latest)
    return {
        "query": _query(last),
        "previous_query": _query(before) if before >= EARLIEST + timedelta(days=2 * weekly.DAYS) else None,
        "next_query": _query(after) if after > last else None,
        "is_latest": last == latest,
    }


def _query(last: date) -> str:
    return urlencode({"last": last})
