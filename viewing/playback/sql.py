"""The statement that ends a session."""

from datetime import datetime
from uuid import UUID

from viewing.hotpath.threads import execute
from viewing.models import (
    Profile,
    ViewingSession,
)

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
