"""Ending a session by hand (docs/contract.md#session-end)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.hotpath import threads
from viewing.models import ViewingSession
from viewing.playback import sql


def end(caller: Caller, session_id: UUID, now: datetime) -> dict[str, Any]:
    """End a session, one statement when it runs; the same answer again when it has ended. Refusal 403 and 404."""
    ended = sql.end_session(session_id=session_id, user_id=caller.user_id, profile_id=caller.profile_id, now=now)
    total_seconds, ended_at = ended or _ended_before(caller, session_id)
    return {"session_id": session_id, "total_seconds": total_seconds, "ended_at": ended_at}


def _ended_before(caller: Caller, session_id: UUID) -> tuple[int, datetime | None]:
    session = ViewingSession.objects.using(threads.ALIAS).select_related("profile").filter(id=session_id).first()
    if session is None:
        raise Refusal("session_unknown")
    if session.profile.user_id != caller.user_id or caller.profile_id not in (None, session.profile_id):
        raise Refusal("access_denied", "Session access denied")
    return session.total_seconds, session.ended_at
