"""A heartbeat's answer, from what became of it (docs/contract.md#heartbeat)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from viewing import rules
from viewing.errors import Refusal, overloaded
from viewing.heartbeats import sql
from viewing.heartbeats.beats import BUSY, UNAVAILABLE, Beat, Outcome
from viewing.schemas import NIL, minutes

REFUSALS = {
    "unknown": (404, "Session not found"),
    "foreign": (403, "Session does not belong to this profile"),
    "no_title": (404, "Title not found"),
}


def heartbeat_answer(beat: Beat, outcome: Outcome) -> dict[str, Any]:
    """The body of a 200; Refusal for each of the documented others."""
    if outcome == BUSY:
        raise overloaded()
    if isinstance(outcome, str) or outcome.verdict in ("switch", "lost"):
        return unavailable_answer(beat.session_id)
    if outcome.verdict == "ended":
        reason = "taken_over" if outcome.end_reason == "taken_over" else "session_ended"
        raise Refusal(409, "Session has ended", extra={"reason": reason})
    if outcome.verdict in REFUSALS:
        raise Refusal(*REFUSALS[outcome.verdict])
    return _state_answer(beat, outcome)


def unavailable_answer(session_id: UUID | None) -> dict[str, Any]:
    """Fail closed: what nobody could check is not allowed."""
    return {
        "session_id": str(session_id or NIL),
        "enforcement": "blocked",
        "remaining_minutes": 0,
        "used_minutes": 0,
        "is_educational": False,
        "reason": UNAVAILABLE,
        "next_reset_at": None,
    }


def _state_answer(beat: Beat, decision: sql.Decision) -> dict[str, Any]:
    used_seconds = decision.used_seconds or 0
    remaining = rules.remaining_seconds(
        limit_minutes=beat.profile.limit_minutes(decision.day),
        used_seconds=used_seconds,
        granted_seconds=decision.granted_seconds or 0,
        unlimited=bool(decision.is_unlimited_override),
    )
    enforcement = rules.enforcement(remaining)
    answer = {
        "session_id": str(decision.session_id or NIL),
        "enforcement": enforcement,
        "remaining_minutes": None if remaining is None else minutes(remaining),
        "used_minutes": minutes(used_seconds),
        "is_educational": decision.is_educational,
    }
    if enforcement == "blocked":
        answer["reason"] = "limit_reached"
        answer["next_reset_at"] = _iso(rules.next_reset(beat.profile.schedule, now=beat.now))
    return answer


def _iso(instant: datetime) -> str:
    """As Ninja writes times elsewhere."""
    return instant.isoformat().replace("+00:00", "Z")
