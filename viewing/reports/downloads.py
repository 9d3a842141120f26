"""History and weekly report as CSV, streamed: UTF-8, one header row, lines ended by CRLF (RFC 4180).

Numbers and times are written as in the JSON, null as nothing. A download is not cut at 500 sessions: its 90 days bound
it, and it is read page by page.
"""

import csv
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from io import StringIO
from operator import attrgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models import Q
from django.http import StreamingHttpResponse
from django.utils import timezone

from viewing.profile import Profile
from viewing.reports.answers import WeeklyReport
from viewing.reports.history import SessionRow, newest_sessions, session_rows, watched_session
from viewing.reports.periods import Period

PAGE_SIZE = 500
SESSION_COLUMNS: Final = (
    "session_id",
    "title_id",
    "title_name",
    "device_type",
    "is_educational",
    "started_at",
    "ended_at",
    "duration_minutes",
)
DAY_COLUMNS: Final = ("date", "minutes", "counted_minutes", "educational_minutes", "limit_minutes")
# What makes a spreadsheet take a cell for a formula; in some languages the wide forms do too.
FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")

_json_time = DjangoJSONEncoder().default
_session_cells = attrgetter(*SESSION_COLUMNS)
_day_cells = attrgetter(*DAY_COLUMNS)


async def history_csv(profile: Profile, period: Period) -> StreamingHttpResponse:
    """One line for each session of the period, newest first. The first page is read before the response starts."""
    first = await sync_to_async(_page)(profile.id, period, None)
    name = f"history-{period.from_date}-to-{period.to_date}.csv"
    return _response(name, ("date", *SESSION_COLUMNS), _pages(profile.id, period, first))


def weekly_csv(report: WeeklyReport) -> StreamingHttpResponse:
    """One line for each child and day of a weekly report, oldest day first."""
    name = f"weekly-report-{report.week_start}-to-{report.week_end}.csv"
    return _response(name, ("profile_id", "profile_name", *DAY_COLUMNS), _weeks(report))


class Page(NamedTuple):
    """Lines, and the session after which the next page begins, or None where this page is the last."""

    text: str
    last: SessionRow | None


async def _pages(profile_id: UUID, period: Period, page: Page) -> AsyncIterator[str]:
    yield page.text
    while page.last:
        page = await sync_to_async(_page)(profile_id, period, page.last)
        yield page.text


def _page(profile_id: UUID, period: Period, last: SessionRow | None) -> Page:
    """The sessions after `last`, also of those that began together with it; those that begin meanwhile come before."""
    rows = newest_sessions(profile_id, period)
    if last:
        rows = rows.filter(started_at__lte=last.started_at)
        rows = rows.filter(Q(started_at__lt=last.started_at) | Q(id__lt=last.id))
    try:
        sessions = session_rows(rows[:PAGE_SIZE])
    finally:
        # Back to the pool: a client that reads slowly must not keep it.
        connection.close()
    now = timezone.now()
    text = _lines((row.day, *_session_cells(watched_session(row, now=now))) for row in sessions)
    return Page(text, sessions[-1] if len(sessions) == PAGE_SIZE else None)


async def _weeks(report: WeeklyReport) -> AsyncIterator[str]:
    for week in report.profiles:
        yield _lines((week.profile_id, week.profile_name, *_day_cells(day)) for day in week.daily_totals)


def _response(name: str, columns: Sequence[str], parts: AsyncIterator[str]) -> StreamingHttpResponse:
    async def text() -> AsyncIterator[str]:
        yield ",".join(columns) + "\r\n"
        async for part in parts:
            yield part

    return StreamingHttpResponse(
        text(),
        content_type="text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _lines(rows: Iterable[Sequence[Any]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(map(_cell, row) for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _json_time(value)
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value
