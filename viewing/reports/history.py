"""What a profile has watched, by viewing day (docs/contract.md#history)."""

from collections.abc import Iterable
from itertools import accumulate, groupby
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from viewing.models import ViewingSession
from viewing.profile import Profile
from viewing.reports import sql
from viewing.reports.periods import Period, sessions_of
from viewing.schemas import minutes

MOST_SESSIONS: Final = 500
COLUMNS: Final = (
    "day",
    "id",
    "title_id",
    "title__name",
    "device_type",
    "is_educational",
    "started_at",
    "ended_at",
    "counted_seconds",
    "exempt_seconds",
)


def history(profile: Profile, period: Period) -> dict[str, Any]:
    """The newest whole days of the period with at most 500 sessions, newest first; two statements on one snapshot.

    Where the newest day alone has more, its newest 500. A day's totals are always those of the whole day.
    """
    with sql.snapshot():
        sums = list(day_sums(profile.id, period))
        days = _that_fit(sums)
        sessions = _of_days(profile.id, days) if days else []
    listed = {day: list(rows) for day, rows in groupby(sessions, key=lambda session: session["day"])}
    answer = {"profile_id": profile.id, "days": [day_answer(day, listed[day["day"]]) for day in days]}
    if len(sessions) < sum(day["sessions"] for day in sums):
        answer["truncated"] = True
    return answer


def day_sums(profile_id: UUID, period: Period) -> QuerySet[ViewingSession, dict[str, Any]]:
    """Sessions and seconds of each viewing day on which something was watched, newest first."""
    days = sessions_of(profile_id, period).values("day").order_by("-day")
    seconds = F("counted_seconds") + F("exempt_seconds")
    return days.annotate(
        sessions=Count("*"),
        total=Sum(seconds),
        educational=Coalesce(Sum(seconds, filter=Q(is_educational=True)), 0),
        counted=Sum("counted_seconds"),
    )


def newest_sessions(profile_id: UUID, period: Period) -> QuerySet[ViewingSession, dict[str, Any]]:
    """Sessions, newest first; of a title only id and name are loaded."""
    sessions = sessions_of(profile_id, period).order_by("-started_at", "-id")
    rows: QuerySet[ViewingSession, dict[str, Any]] = sessions.values(*COLUMNS)
    return rows


def session_answer(session: dict[str, Any]) -> dict[str, Any]:
    """One session of an answer, from a row of `newest_sessions`."""
    return {
        "session_id": session["id"],
        "title_id": session["title_id"],
        "title_name": session["title__name"],
        "device_type": session["device_type"],
        "is_educational": session["is_educational"],
        "started_at": session["started_at"],
        "ended_at": session["ended_at"],
        "duration_minutes": minutes(session["counted_seconds"] + session["exempt_seconds"]),
    }


def day_answer(day: dict[str, Any], sessions: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """One day of an answer, from a row of `day_sums` and its sessions."""
    return {
        "date": day["day"],
        "total_minutes": minutes(day["total"]),
        "educational_minutes": minutes(day["educational"]),
        "counted_minutes": minutes(day["counted"]),
        "sessions": [session_answer(session) for session in sessions],
    }


def _that_fit(sums: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest days whose sessions all fit; the newest one alone however many it has."""
    counts = accumulate(day["sessions"] for day in sums)
    return [day for day, count in zip(sums, counts, strict=True) if count <= MOST_SESSIONS] or sums[:1]


def _of_days(profile_id: UUID, days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    period = Period(days[-1]["day"], days[0]["day"])
    # By day first: the clocks of two hosts may differ when it turns.
    return list(newest_sessions(profile_id, period).order_by("-day", "-started_at", "-id")[:MOST_SESSIONS])
