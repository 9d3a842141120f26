"""What a profile has watched, by viewing day (docs/contract.md#history)."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import accumulate, groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from viewing import rules
from viewing.models import ViewingSession
from viewing.profile import Profile
from viewing.reports import sql
from viewing.reports.answers import History, HistoryDay, WatchedSession
from viewing.reports.periods import Period, sessions_of
from viewing.schemas import minutes

MAX_SESSIONS: Final = 500
# A player that says nothing for this long has stopped, whenever the service notices and writes `ended_at`.
SILENCE: Final = timedelta(minutes=5)
BEAT: Final = timedelta(seconds=rules.BEAT_SECONDS)

on_day = attrgetter("day")


class DaySum(NamedTuple):
    """The sessions of one viewing day and their seconds."""

    day: date
    sessions: int
    total: int
    educational: int
    counted: int


class SessionRow(NamedTuple):
    """One session as it is stored, with its title's name; seconds."""

    day: date
    id: UUID
    title_id: UUID
    title_name: str
    device_id: str
    device_type: str
    is_educational: bool
    started_at: datetime
    last_heartbeat_at: datetime
    ended_at: datetime | None
    counted_seconds: int
    exempt_seconds: int


# In the order of `SessionRow`.
_COLUMNS: Final = (
    "day",
    "id",
    "title_id",
    "title__name",
    "device_id",
    "device_type",
    "is_educational",
    "started_at",
    "last_heartbeat_at",
    "ended_at",
    "counted_seconds",
    "exempt_seconds",
)


def history(profile: Profile, period: Period, *, now: datetime) -> History:
    """The newest whole days of the period with at most 500 sessions, newest first; two statements on one snapshot.

    If the newest day alone has more, its newest 500. A day's totals are always those of the whole day.
    """
    with sql.snapshot():
        sums = day_sums(profile.id, period)
        days = _days_that_fit(sums)
        sessions = read_sessions(profile.id, days, limit=MAX_SESSIONS) if days else []
    listed = {day: list(rows) for day, rows in groupby(sessions, key=on_day)}
    return History(
        profile_id=profile.id,
        days=[history_day(day, listed[day.day], now=now) for day in days],
        truncated=len(sessions) < sum(day.sessions for day in sums),
    )


def day_sums(profile_id: UUID, period: Period) -> list[DaySum]:
    """Sessions and seconds of each viewing day on which something was watched, newest first."""
    days = sessions_of(profile_id, period).values("day").order_by("-day")
    seconds = F("counted_seconds") + F("exempt_seconds")
    sums = days.annotate(
        sessions=Count("*"),
        total=Sum(seconds),
        educational=Coalesce(Sum(seconds, filter=Q(is_educational=True)), 0),
        counted=Sum("counted_seconds"),
    )
    return [DaySum(*row) for row in sums.values_list("day", "sessions", "total", "educational", "counted")]


def newest_sessions(profile_id: UUID, period: Period) -> QuerySet[ViewingSession, tuple[Any, ...]]:
    """The columns of a `SessionRow` for each session, newest first; of a title only id and name are loaded."""
    sessions = sessions_of(profile_id, period).order_by("-started_at", "-id")
    rows: QuerySet[ViewingSession, tuple[Any, ...]] = sessions.values_list(*_COLUMNS)
    return rows


def read_sessions(profile_id: UUID, days: list[DaySum], *, limit: int, skip: int = 0) -> list[SessionRow]:
    """At most `limit` sessions of these days, newest first, after the first `skip`."""
    period = Period(days[-1].day, days[0].day)
    # By day first: the clocks of two hosts may differ when it turns.
    rows = newest_sessions(profile_id, period).order_by("-day", "-started_at", "-id")
    return session_rows(rows[skip : skip + limit])


def session_rows(rows: Iterable[tuple[Any, ...]]) -> list[SessionRow]:
    """The rows of `newest_sessions` by name."""
    return [SessionRow(*row) for row in rows]


def session_end(row: SessionRow, *, now: datetime) -> tuple[datetime | None, bool]:
    """When a session ended (None: not yet), and whether it stopped without notice.

    A session that was abandoned ended with its last beat, not when the service noticed; what is stored stays.
    """
    has_stopped = (row.ended_at or now) - row.last_heartbeat_at > SILENCE
    return row.last_heartbeat_at + BEAT if has_stopped and row.ended_at else row.ended_at, has_stopped


def watched_session(row: SessionRow, *, now: datetime) -> WatchedSession:
    ended_at, has_stopped = session_end(row, now=now)
    return WatchedSession(
        session_id=row.id,
        title_id=row.title_id,
        title_name=row.title_name,
        device_id=row.device_id,
        device_type=row.device_type,
        is_educational=row.is_educational,
        started_at=row.started_at,
        ended_at=ended_at,
        duration_minutes=minutes(row.counted_seconds + row.exempt_seconds),
        stopped_without_notice=has_stopped,
    )


def history_day(day: DaySum, sessions: Iterable[SessionRow], *, now: datetime) -> HistoryDay:
    """A day with those of its sessions that are listed."""
    return HistoryDay(
        date=day.day,
        total_minutes=minutes(day.total),
        educational_minutes=minutes(day.educational),
        counted_minutes=minutes(day.counted),
        sessions=[watched_session(row, now=now) for row in sessions],
    )


def _days_that_fit(sums: list[DaySum]) -> list[DaySum]:
    """The newest days whose sessions all fit; the newest day alone always, however many sessions it has."""
    counts = accumulate(day.sessions for day in sums)
    return [day for day, count in zip(sums, counts, strict=True) if count <= MAX_SESSIONS] or sums[:1]
