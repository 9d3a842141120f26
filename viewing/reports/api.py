"""History and weekly report (docs/contract.md#history, docs/contract.md#weekly-report)."""

from datetime import datetime
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http.response import HttpResponse, HttpResponseBase
from django.utils import timezone
from ninja import Query, Router

from viewing import rules
from viewing.caller import obtain_profile, require_reader
from viewing.endpoints import INVALID, REFUSED, Request
from viewing.profile import Profile
from viewing.reports import downloads, history, periods, weekly
from viewing.reports.history_json import history_json
from viewing.reports.schemas import HistoryOut, HistoryQuery, ReportQuery, WeeklyReportOut
from viewing.reports.weekly_json import weekly_json

router = Router()

CSV = {"responses": {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}}


@router.get("/profiles/{profile_id}/history", response={200: HistoryOut, **REFUSED, **INVALID}, openapi_extra=CSV)
async def profile_history(request: Request, profile_id: UUID, query: Query[HistoryQuery]) -> HttpResponseBase:
    """What a profile watched, by viewing day, newest first. The CSV has one line per session, without a cap."""
    profile = await obtain_profile(require_reader(request.auth), profile_id)
    now = timezone.now()
    today = rules.viewing_day(profile.schedule, now=now)
    period = periods.asked_period(from_date=query.from_date, to_date=query.to_date, today=today)
    if query.format == "csv":
        return await downloads.history_csv(profile, period)
    return await sync_to_async(_history_response)(profile, period, now)


def _history_response(profile: Profile, period: periods.Period, now: datetime) -> HttpResponse:
    # Written in this thread: Ninja would check and write 500 sessions in the event loop, and every beat wait for it.
    return HttpResponse(history_json(history.history(profile, period, now=now)), content_type="application/json")


@router.get("/weekly-report", response={200: WeeklyReportOut, **REFUSED, **INVALID}, openapi_extra=CSV)
async def weekly_report(request: Request, query: Query[ReportQuery]) -> HttpResponseBase:
    """The last seven viewing days of the account's children. The CSV has one line per child and day."""
    user_id = require_reader(request.auth).user_id
    report = await sync_to_async(weekly.weekly_report)(user_id, now=timezone.now())
    if query.format == "csv":
        return downloads.weekly_csv(report)
    return HttpResponse(weekly_json(report), content_type="application/json; charset=utf-8")
