"""History and weekly report as CSV, streamed: UTF-8, one header row, lines ended by CRLF (RFC 4180).

Numbers and times are written as in the JSON, null as nothing. A download is not cut at 500 sessions: its 90 days bound
it, and it is read page by page.
"""

import csv
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from io import StringIO
from typing import Any, Final, NamedTuple
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models import Q
from django.http import StreamingHttpResponse

from viewing.profile import Profile
from viewing.reports.history import newest_sessions, session_answer
from viewing.reports.periods import Period

PAGE = 500
HISTORY_COLUMNS: Final = (
    "date",
    "session_id",
    "title_id",
    "title_name",
    "device_type",
    "is_educational",
    "started_at",
    "ended_at",
    "duration_minutes",
)
WEEK_COLUMNS: Final = (
    "profile_id",
    "profile_name",
    "date",
    "minutes",
    "counted_minutes",
    "educational_minutes",
    "limit_minutes",
)
# What makes a spreadsheet take a cell for a formula; in some languages the wide forms do too.
FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")

_json_time = DjangoJSONEncoder().default


async def history_csv(profile: Profile, period: Period) -> StreamingHttpResponse:
    """A line for each session of the period, newest first. The first page is read before anything is answered."""
    first = await sync_to_async(_page)(profile.id, period, None)
    name = f"history-{period.from_date}-to-{period.to_date}.csv"
    return _response(name, HISTORY_COLUMNS, _pages(profile.id, period, first))


def weekly_csv(report: dict[str, Any]) -> StreamingHttpResponse:
    """A line for each child and day of a weekly report, oldest day first."""
    name = f"weekly-report-{report['week_start']}-to-{report['week_end']}.csv"
    return _response(name, WEEK_COLUMNS, _weeks(report))


class Page(NamedTuple):
    """Lines, and the session after which the next page begins; None: there is none."""

    text: str
    last: dict[str, Any] | None


async def _pages(profile_id: UUID, period: Period, page: Page) -> AsyncIterator[str]:
    yield page.text
    while page.last:
        page = await sync_to_async(_page)(profile_id, period, page.last)
        yield page.text


def _page(profile_id: UUID, period: Period, last: dict[str, Any] | None) -> Page:
    """The sessions after `last`, also of those that began together with it; those that begin meanwhile come before."""
    rows = newest_sessions(profile_id, period)
    if last:
        rows = rows.filter(started_at__lte=last["started_at"])
        rows = rows.filter(Q(started_at__lt=last["started_at"]) | Q(id__lt=last["id"]))
    try:
        sessions = list(rows[:PAGE])
    finally:
        # Back to the pool: a client that reads slowly must not keep it.
        connection.close()
    text = _lines(HISTORY_COLUMNS, ({"date": row["day"], **session_answer(row)} for row in sessions))
    return Page(text, sessions[-1] if len(sessions) == PAGE else None)


async def _weeks(report: dict[str, Any]) -> AsyncIterator[str]:
    for profile in report["profiles"]:
        yield _lines(WEEK_COLUMNS, ({**profile, **day} for day in profile["daily_totals"]))


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


def _lines(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    text = StringIO()
    csv.writer(text).writerows([_cell(row[column]) for column in columns] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _json_time(value)
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value
