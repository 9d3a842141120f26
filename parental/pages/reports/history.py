"""What a child or an adult of the account watched, by viewing day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from asgiref.sync import async_to_sync
from django import forms
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from parental.children import profiles
from parental.children.watched import device_names
from parental.pages.page import own_profile, parents_page
from parental.pages.reports.dates import day_field
from viewing import rules
from viewing.caller import Caller
from viewing.errors import Refusal, access_denied
from viewing.reports import downloads
from viewing.reports.answers import WatchedSession
from viewing.reports.history_pages import HistoryPage, PageDay, history_page
from viewing.reports.periods import Period, asked_period

QUICK_DAYS: Final = (7, 30, 90)
DEFAULT_DAYS: Final = 30


class PeriodForm(forms.Form):
    """The days asked for. One alone: the other lies 30 days off, as in the API; none: the last 30."""

    from_date = day_field(_("From"))
    to_date = day_field(_("To"))

    def __init__(self, *given: Any, today: date, **named: Any) -> None:
        super().__init__(*given, **named)
        self.today = today

    def clean(self) -> dict[str, object]:
        """Sets `period`."""
        from_date, to_date = self.cleaned_data.get("from_date"), self.cleaned_data.get("to_date")
        if self.errors:
            return self.cleaned_data
        self.period = last_days(DEFAULT_DAYS, self.today)
        if from_date or to_date:
            try:
                self.period = asked_period(from_date=from_date, to_date=to_date, today=self.today)
            except Refusal:
                is_reversed = from_date and to_date and from_date > to_date
                raise forms.ValidationError(
                    _("The start date must not be after the end date.")
                    if is_reversed
                    else _("Choose 90 days or fewer."),
                    code="period",
                ) from None
        return self.cleaned_data


def last_days(count: int, today: date) -> Period:
    return Period(today - timedelta(days=count - 1), today)


@require_safe
@parents_page
def history(request: HttpRequest, caller: Caller, profile_id: UUID, *, as_csv: bool = False) -> HttpResponseBase:
    """The page, or the whole period as CSV. A wrong period: 422, with what was entered."""
    profile = own_profile(caller, profile_id)
    now = timezone.now()
    today = rules.viewing_day(profile.schedule, now=now)
    zone = rules.zone_for(profile.schedule.timezone)
    form = PeriodForm(request.GET, today=today)
    is_valid = form.is_valid()
    if is_valid and as_csv:
        return async_to_sync(downloads.history_csv)(profile, form.period, for_spreadsheet=True)
    family = profiles.for_account(caller.user_id)
    shown = next((member for member in family if member.id == profile_id), None)
    if shown is None:
        raise access_denied()
    context = {
        "form": form,
        "profile": shown,
        "family": family,
        "today": today,
        "timezone": zone,
        "quick": [(days, _query(last_days(days, today))) for days in QUICK_DAYS],
    }
    if is_valid:
        page = history_page(profile_id, form.period, number=_number(request), now=now)
        shown_days = {"from_date": form.period.from_date, "to_date": form.period.to_date}
        context |= {
            "form": PeriodForm(initial=shown_days, today=today),
            "page": page,
            "days": _shown_days(profile_id, page, zone),
            "period": form.period,
            "shows_today": page.number == 1 and form.period.to_date >= today,
            "has_today": bool(page.days) and page.days[0].day.date == today,
            "query": urlencode(shown_days),
        }
    return render(request, "parental/history.html", context, status=200 if is_valid else 422)


@dataclass(frozen=True, slots=True)
class Row:
    """A session as the page shows it.

    `device` is the name that a parent gave it, "" where it is not known. `other_date` is the local date on which the
    session began where that is not its viewing day's: after midnight, before the reset.
    """

    session: WatchedSession
    device: str
    other_date: date | None


def _shown_days(profile_id: UUID, page: HistoryPage, zone: ZoneInfo) -> list[tuple[PageDay, list[Row]]]:
    device_ids = {session.device_id for each in page.days for session in each.day.sessions}
    names = device_names([profile_id], device_ids)
    return [
        (each, [_row(session, each.day.date, zone, names=names) for session in each.day.sessions]) for each in page.days
    ]


def _row(session: WatchedSession, day: date, zone: ZoneInfo, *, names: Mapping[str, str]) -> Row:
    began = session.started_at.astimezone(zone).date()
    device = names.get(session.device_id, "")
    return Row(session=session, device=device, other_date=began if began != day else None)


def _query(period: Period) -> str:
    return urlencode({"from_date": period.from_date, "to_date": period.to_date})


def _number(request: HttpRequest) -> int:
    """The page's number; the first one where none is named."""
    text = request.GET.get("page", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1
