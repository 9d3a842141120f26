"""Whether a day's balances are the sums of its sessions, to the second.

A session is one title on one viewing day, so they add up exactly. Granted time is not watched time, and an adult has
sessions without a balance. A profile that staff made an adult's, or a child's, in the middle of a day differs there in
its educational seconds.
"""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

import structlog
from django.utils.translation import gettext as _

from perfmetrics.accuracy import Check
from viewing.reports import sql
from viewing.reports.models import ReconcileRun

log = structlog.stdlib.get_logger(__name__)

MAX_LISTED: Final = 100


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

    Both are read from one snapshot, so heartbeats that arrive during the comparison make no difference.
    """
    started = time.perf_counter()
    with sql.snapshot():
        found = sql.compare_day(day, profile_id=profile_id, max_listed=MAX_LISTED)
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
    """Store it for the Performance page, and log it: as an error if there is a difference."""
    run = ReconcileRun.objects.create(
        ran_at=now,
        day=found.day,
        profiles_checked=found.profiles,
        sessions_checked=found.sessions,
        differing_profiles=found.differing_profiles,
        difference_seconds=found.difference_seconds,
        duration_ms=round(found.duration_ms, 1),
    )
    (log.error if found.difference_seconds else log.info)(
        "reconciled",
        day=run.day,
        profiles_checked=run.profiles_checked,
        sessions_checked=run.sessions_checked,
        differing_profiles=run.differing_profiles,
        difference_seconds=run.difference_seconds,
        duration_ms=run.duration_ms,
    )


def last_check() -> Check | None:
    """The last stored run, for the Performance page; None before the first one. Index: reconcile_run_ran_at_idx."""
    run = ReconcileRun.objects.order_by("-ran_at").first()
    if run is None:
        return None
    text = _("%(day)s: %(profiles)s profiles, %(sessions)s sessions; %(differing)s differing (%(seconds)s s in total)")
    return Check(
        text=text
        % {
            "day": run.day.isoformat(),
            "profiles": f"{run.profiles_checked:,}",
            "sessions": f"{run.sessions_checked:,}",
            "differing": f"{run.differing_profiles:,}",
            "seconds": f"{run.difference_seconds:,}",
        },
        ran_at=run.ran_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        is_bad=run.difference_seconds > 0 or run.differing_profiles > 0,
    )
