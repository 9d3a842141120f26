"""The statements that end a session, and that read what a week plan depends on."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from viewing.hotpath.threads import execute
from viewing.models import (
    FamilyCalendar,
    PlanException,
    Profile,
    ViewingSession,
    ViewingTimeBalance,
)

BALANCE = ViewingTimeBalance._meta.db_table
CALENDAR = FamilyCalendar._meta.db_table
EXCEPTION = PlanException._meta.db_table
PROFILE = Profile._meta.db_table
SESSION = ViewingSession._meta.db_table


# One statement ends a session and checks whose it is. Index: the sessions' primary key. `end_reason = ''` is the same
# as `ended_at IS NULL`, which would let the planner read session_active_uniq as a whole.
_END_SESSION = f"""
UPDATE {SESSION} s SET ended_at = %(now)s, end_reason = 'ended'
FROM {PROFILE} p
WHERE s.id = %(session_id)s AND s.end_reason = '' AND p.id = s.profile_id AND p.user_id = %(user_id)s
    AND (%(profile_id)s::uuid IS NULL OR p.id = %(profile_id)s::uuid)
RETURNING s.counted_seconds + s.exempt_seconds, s.ended_at
"""


def end_session(
    *, session_id: UUID, user_id: UUID, profile_id: UUID | None, now: datetime
) -> tuple[int, datetime] | None:
    """End a running session of the account, or of one profile: (total seconds, ended_at). None if it does not run."""
    parameters = {"session_id": session_id, "user_id": user_id, "profile_id": profile_id, "now": now}
    return next(((total_seconds, ended_at) for total_seconds, ended_at in execute(_END_SESSION, parameters)), None)


# What lies outside the settings of planned profiles. Indexes: primary keys, exception_user_to_idx,
# balance_profile_day_uniq.
_READ_PLAN_PARTS = f"""
SELECT
    p.id, calendar.weekend_days, calendar.week_starts_on,
    (
        SELECT json_agg(e)::text FROM {EXCEPTION} e
        WHERE e.user_id = p.user_id AND (e.profile_id IS NULL OR e.profile_id = p.id)
            AND e.to_date >= %(since)s AND e.from_date <= %(until)s
    ),
    (
        SELECT json_object_agg(b.day, b.used_seconds)::text FROM {BALANCE} b
        WHERE b.profile_id = p.id AND b.day BETWEEN %(since)s AND %(until)s
    )
FROM {PROFILE} p LEFT JOIN {CALENDAR} calendar ON calendar.user_id = p.user_id
WHERE p.id = ANY(%(profile_ids)s::uuid[])
"""


class PlanParts(NamedTuple):
    """The family's calendar, and as JSON the exceptions and the seconds used by date; None where there are none."""

    profile_id: UUID
    weekend_days: int | None
    week_starts_on: int | None
    exceptions: str | None
    past: str | None


def read_plan_parts(profile_ids: Collection[UUID], *, since: date, until: date) -> list[PlanParts]:
    """For synchronous callers, on their own connection: one statement for any number of profiles."""
    parameters: dict[str, Any] = {"profile_ids": list(profile_ids), "since": since, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(_READ_PLAN_PARTS, parameters)
        return [PlanParts(*row) for row in cursor.fetchall()]
