"""History and weekly report as CSV.

A download is not cut at 500 sessions: its 90 days bound it, and it is read page by page.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from operator import attrgetter
from typing import Final, NamedTuple
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connection
from django.db.models import Q
from django.http import StreamingHttpResponse
from django.utils import timezone

from viewing.profile import Profile
from viewing.reports import csv_files
from viewing.reports.answers import WeeklyReport
from viewing.reports.history import SessionRow, newest_sessions, session_end, session_rows
from viewing.reports.periods import Period
from viewing.schemas import minutes

PAGE_SIZE = 500
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
DAY_COLUMNS: Final = ("date", "minutes", "counted_minutes", "educational_minutes", "limit_minutes")
_day_cells = attrgetter(*DAY_COLUMNS)


async def history_csv(profile: Profile, period: Period, *, for_spreadsheet: bool = False) -> StreamingHttpResponse:
    """One line for each session of the period, newest first. The first page is read before the response starts."""
    first = await sync_to_async(_page)(profile.id, period, None)
    name = f"history-{period.from_date}-to-{period.to_date}.csv"
    pages = _pages(profile.id, period, first)
    return csv_files.response(name, HISTORY_COLUMNS, pages, for_spreadsheet=for_spreadsheet)


def weekly_csv(report: WeeklyReport, *, for_spreadsheet: bool = False) -> StreamingHttpResponse:
    """One line for each child and day of a weekly report, oldest day first; with exceptions where any has a plan."""
    name = f"weekly-report-{report.week_start}-to-{report.week_end}.csv"
    columns: tuple[str, ...] = ("profile_id", "profile_name", *DAY_COLUMNS)
    with_plans = any(week.has_plan for week in report.profiles)
    if with_plans:
        columns = (*columns, "exception")
    return csv_files.response(name, columns, _weeks(report, with_plans=with_plans), for_spreadsheet=for_spreadsheet)


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
    """The sessions after `last`, also of those that began together with it. Those that begin later come before."""
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
    text = csv_files.lines(_cells(row, now=now) for row in sessions)
    return Page(text, sessions[-1] if len(sessions) == PAGE_SIZE else None)


def _cells(row: SessionRow, *, now: datetime) -> tuple[object, ...]:
    # Not by way of `watched_session`, which for 5,000 lines costs a fifth of the time of writing them.
    ended_at, _ = session_end(row, now=now)
    return (
        row.day,
        row.id,
        row.title_id,
        row.title_name,
        row.device_type,
        row.is_educational,
        row.started_at,
        ended_at,
        minutes(row.counted_seconds + row.exempt_seconds),
    )


async def _weeks(report: WeeklyReport, *, with_plans: bool) -> AsyncIterator[str]:
    for week in report.profiles:
        yield csv_files.lines(
            (week.profile_id, week.profile_name, *_day_cells(day), *((day.exception,) if with_plans else ()))
            for day in week.daily_totals
        )
