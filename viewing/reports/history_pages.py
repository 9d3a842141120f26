"""A history page by page, for a person who reads: whole days, and every session on one page or another.

The API lists at most 500 sessions of a period (`viewing/reports/history.py`); here nothing is ever left out.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID

from viewing.reports import sql
from viewing.reports.answers import HistoryDay
from viewing.reports.history import DaySum, day_sums, history_day, on_day, read_sessions
from viewing.reports.periods import Period
from viewing.schemas import minutes

# Per page. A day with more sessions has pages of its own.
MAX_DAYS: Final = 7
MAX_SESSIONS: Final = 100


@dataclass(frozen=True, slots=True)
class Part:
    """What one page lists: the days from `first` to before `end`, as indexes into the day sums.

    Of a long day, only sessions from `skip` on.
    """

    first: int
    end: int
    skip: int = 0


@dataclass(frozen=True, slots=True)
class PageDay:
    """A day of a page, and which of its sessions the page lists: `first_session` to `last_session`, from 1."""

    day: HistoryDay
    first_session: int
    last_session: int
    session_count: int

    @property
    def is_partial(self) -> bool:
        return self.last_session - self.first_session + 1 < self.session_count


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Page `number` of `pages`, from 1; the minutes and counts are those of the whole period."""

    days: list[PageDay]
    number: int
    pages: int
    day_count: int
    session_count: int
    total_minutes: float
    educational_minutes: float
    counted_minutes: float


def parts(counts: list[int]) -> list[Part]:
    """The pages of days with these numbers of sessions, newest first."""
    found: list[Part] = []
    room = 0
    for n, count in enumerate(counts):
        if count <= room and n - found[-1].first < MAX_DAYS:
            found[-1] = Part(found[-1].first, n + 1)
            room -= count
        elif count <= MAX_SESSIONS:
            found.append(Part(n, n + 1))
            room = MAX_SESSIONS - count
        else:
            found += [Part(n, n + 1, skip) for skip in range(0, count, MAX_SESSIONS)]
            room = 0
    return found


def history_page(profile_id: UUID, period: Period, *, number: int, now: datetime) -> HistoryPage:
    """Page `number` of the period, from 1; beyond the last page, the last. Two statements on one snapshot."""
    with sql.snapshot():
        sums = day_sums(profile_id, period)
        found = parts([day.sessions for day in sums])
        number = min(max(number, 1), max(len(found), 1))
        days = _read(profile_id, sums, found[number - 1], now=now) if found else []
    return HistoryPage(
        days=days,
        number=number,
        pages=len(found),
        day_count=len(sums),
        session_count=sum(day.sessions for day in sums),
        total_minutes=minutes(sum(day.total for day in sums)),
        educational_minutes=minutes(sum(day.educational for day in sums)),
        counted_minutes=minutes(sum(day.counted for day in sums)),
    )


def _read(profile_id: UUID, sums: list[DaySum], part: Part, *, now: datetime) -> list[PageDay]:
    days = sums[part.first : part.end]
    sessions = read_sessions(profile_id, days, skip=part.skip, limit=MAX_SESSIONS)
    listed = {day: list(rows) for day, rows in groupby(sessions, key=on_day)}
    return [
        PageDay(
            day=history_day(day, listed[day.day], now=now),
            first_session=part.skip + 1,
            last_session=part.skip + len(listed[day.day]),
            session_count=day.sessions,
        )
        for day in days
    ]
