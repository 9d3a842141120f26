"""A history page by page, for a person who reads: whole days, and every session on one page or another.

The API lists at most 500 sessions of a period (`viewing/reports/history.py`); here nothing is ever left out.
"""

from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from viewing.reports import sql
from viewing.reports.history import day_answer, day_sums, newest_sessions
from viewing.reports.periods import Period
from viewing.schemas import minutes

# Of a page. A day with more sessions has pages of its own.
MOST_DAYS: Final = 7
MOST_SESSIONS: Final = 100


@dataclass(frozen=True, slots=True)
class Part:
    """What one page lists: the days from `first` on, as indexes into the day sums; of a long day, sessions from
    `skip` on."""

    first: int
    end: int
    skip: int = 0


def parts(counts: list[int]) -> list[Part]:
    """The pages of days with so many sessions each, newest first."""
    found: list[Part] = []
    room = 0
    for n, count in enumerate(counts):
        if count <= room and n - found[-1].first < MOST_DAYS:
            found[-1] = Part(found[-1].first, n + 1)
            room -= count
        elif count <= MOST_SESSIONS:
            found.append(Part(n, n + 1))
            room = MOST_SESSIONS - count
        else:
            found += [Part(n, n + 1, skip) for skip in range(0, count, MOST_SESSIONS)]
            room = 0
    return found


def history_page(profile_id: UUID, period: Period, *, number: int) -> dict[str, Any]:
    """Page `number` (from 1; beyond the last: the last) of the period; two statements on one snapshot.

    `days` as in the API's history, of a long day with `first_session` and `last_session`, numbered from 1, and
    `session_count`; `number` and `pages`; and the sums of the whole period: `total_minutes`, `educational_minutes`,
    `counted_minutes`, `session_count`, `day_count`.
    """
    with sql.snapshot():
        sums = list(day_sums(profile_id, period))
        found = parts([day["sessions"] for day in sums])
        number = min(max(number, 1), max(len(found), 1))
        days = _read(profile_id, sums, found[number - 1]) if found else []
    return {
        "days": days,
        "number": number,
        "pages": len(found),
        "day_count": len(sums),
        "session_count": sum(day["sessions"] for day in sums),
        **{f"{what}_minutes": minutes(sum(day[what] for day in sums)) for what in ("total", "educational", "counted")},
    }


def _read(profile_id: UUID, sums: list[dict[str, Any]], part: Part) -> list[dict[str, Any]]:
    days = sums[part.first : part.end]
    # By day first: the clocks of two hosts may differ when it turns.
    rows = newest_sessions(profile_id, Period(days[-1]["day"], days[0]["day"])).order_by("-day", "-started_at", "-id")
    sessions = rows[part.skip : part.skip + MOST_SESSIONS]
    listed = {day: list(of_day) for day, of_day in groupby(sessions, key=lambda session: session["day"])}
    return [
        {
            **day_answer(day, listed[day["day"]]),
            "session_count": day["sessions"],
            "first_session": part.skip + 1,
            "last_session": part.skip + len(listed[day["day"]]),
        }
        for day in days
    ]
