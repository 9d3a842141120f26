"""What history and weekly report return, as values: API, CSV and pages read the same ones.

The fields carry the names of the API's (docs/contract.md#history); `viewing/reports/schemas.py` describes them. Times
are aware datetimes, durations minutes rounded to 2 decimals.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class WatchedSession:
    """One session of a history.

    `stopped_without_notice`: no beat came for more than 5 minutes, and nobody ended the session. Then `ended_at` is
    30 s after the last beat, or None while the next beat may still continue the session. `device_id` is for the pages,
    which know devices by it; the API does not return it.
    """

    session_id: UUID
    title_id: UUID
    title_name: str
    device_type: str
    is_educational: bool
    started_at: datetime
    ended_at: datetime | None
    duration_minutes: float
    stopped_without_notice: bool = False
    device_id: str = ""


@dataclass(frozen=True, slots=True)
class HistoryDay:
    """One viewing day. Its totals cover the whole day, also where `sessions` lists only a part of it."""

    date: date
    total_minutes: float
    educational_minutes: float
    counted_minutes: float
    sessions: list[WatchedSession]


@dataclass(frozen=True, slots=True)
class History:
    """`truncated`: the period has more sessions than the days list."""

    profile_id: UUID
    days: list[HistoryDay]
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class WeekDay:
    """One day of a child's week; `limit_minutes` is None where no limit is set.

    `exception`: the name of the one that ranks highest on the day, from a week plan.
    """

    date: date
    minutes: float
    counted_minutes: float
    educational_minutes: float
    limit_minutes: int | None
    exception: str | None = None


@dataclass(frozen=True, slots=True)
class TopTitle:
    title_id: UUID
    title_name: str
    total_minutes: float


@dataclass(frozen=True, slots=True)
class ProfileWeek:
    """A child's seven days, oldest first. `has_plan`: with a week plan, to which `week_limit_minutes` belongs."""

    profile_id: UUID
    profile_name: str
    daily_totals: list[WeekDay]
    average_daily_minutes: float
    total_minutes: float
    educational_minutes: float
    limit_usage_percent: float | None
    top_titles: list[TopTitle]
    has_plan: bool = False
    week_limit_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class WeeklyReport:
    week_start: date
    week_end: date
    profiles: list[ProfileWeek]
