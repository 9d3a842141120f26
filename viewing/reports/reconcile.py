"""Whether a day's balances are the sums of its sessions, to the second.

A session is one title on one viewing day, so they add up exactly. Granted time is not watched time, and an adult has
sessions without a balance. A profile that staff made an adult's, or a child's, in the middle of a day differs there in
its educational seconds.
"""

import time
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import structlog

from perfmetrics.models import ReconcileRun
from viewing.reports import sql

log = structlog.stdlib.get_logger(__name__)

MOST_LISTED: Final = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """By how many seconds a balance is above (below: negative) what its sessions add up to."""

    profile_id: UUID
    used_seconds: int
    educational_seconds: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found on one viewing day; `differences` lists the first hundred profiles."""

    day: date
    profiles: int
    sessions: int
    differing_profiles: int
    difference_seconds: int
    differences: tuple[Difference, ...]
    duration_ms: float


def compare(day: date, *, profile_id: UUID | None = None) -> Comparison:
    """Compare the balances of a viewing day with its sessions: of all profiles, or of one.

    Both are read as they were at one instant, so beats that come meanwhile make no difference.
    """
    started = time.perf_counter()
    with sql.snapshot():
        found = sql.compare_day(day, profile_id=profile_id, most_listed=MOST_LISTED)
    profiles, sessions, differing_profiles, difference_seconds, differences = found
    return Comparison(
        day=day,
        profiles=profiles,
        sessions=sessions,
        differing_profiles=differing_profiles,
        difference_seconds=difference_seconds,
        differences=tuple(Difference(*row) for row in differences),
        duration_ms=(time.perf_counter() - started) * 1000,
    )


def keep(found: Comparison, *, now: datetime) -> None:
    """Store it for the Performance page, and log it."""
    counted: dict[str, Any] = {
        "day": found.day,
        "profiles_checked": found.profiles,
        "sessions_checked": found.sessions,
        "differing_profiles": found.differing_profiles,
        "difference_seconds": found.difference_seconds,
        "duration_ms": round(found.duration_ms, 1),
    }
    ReconcileRun.objects.create(ran_at=now, **counted)
    (log.error if found.difference_seconds else log.info)("reconciled", **counted)
