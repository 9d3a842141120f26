"""Ending a session by hand (docs/contract.md#session-end)."""

from datetime import datetime
from uuid import UUID

from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.hotpath import threads
from viewing.models import ViewingSession
from viewing.playback import sql
from viewing.playback.schemas import SessionEndOut


def end(caller: Caller, session_id: UUID, now: datetime) -> SessionEndOut:
    """End a session, in one statement if it runs; one that has ended gets the same answer. Refusal 403 and 404."""
    ended = sql.end_session(session_id=session_id, user_id=caller.user_id, profile_id=caller.profile_id, now=now)
    total_seconds, ended_at = ended or _ended_before(caller, session_id)
    return SessionEndOut(session_id=session_id, total_seconds=total_seconds, ended_at=ended_at)


def _ended_before(caller: Caller, session_id: UUID) -> tuple[int, datetime]:
    session = ViewingSession.objects.using(threads.ALIAS).select_related("profile").filter(id=session_id).first()
    if session is None:
        raise Refusal("session_unknown")
    if session.profile.user_id != caller.user_id or caller.profile_id not in (None, session.profile_id):
        raise Refusal("access_denied", "Session access denied")
    assert session.ended_at is not None  # noqa: S101 — for the type checker; `end_session` ends those that run
    return session.total_seconds, session.ended_at
