"""A heartbeat's answer, from what became of it (docs/contract.md#heartbeat)."""

import json
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from perfmetrics.counting import metrics
from viewing import rules
from viewing.errors import Code, Refusal, overloaded
from viewing.heartbeats.beats import Beat, Decision, Verdict
from viewing.heartbeats.planned_answers import planned_answer
from viewing.heartbeats.schemas import MAX_BEATS_PER_REQUEST
from viewing.schemas import NIL, iso, minutes, minutes_or_none

REFUSALS: Final[dict[Verdict, Code]] = {
    Verdict.UNKNOWN: "session_unknown",
    Verdict.FOREIGN: "session_foreign",
    Verdict.NO_TITLE: "title_unknown",
}
TOO_MANY_BEGUN: Final = "Too many sessions have begun. Try again later."


def heartbeat_answer(beat: Beat, decision: Decision) -> dict[str, object]:
    """The body of a 200; a Refusal for each of the other documented statuses.

    A plain dict, which pydantic's encoder takes as it is: building and validating a schema would cost every beat.
    """
    verdict = decision.verdict
    if verdict == Verdict.COUNTED:
        return _state_answer(beat, decision)
    if verdict == Verdict.BUSY:
        raise overloaded()
    if verdict == Verdict.RATE_LIMITED:
        raise Refusal("rate_limited", TOO_MANY_BEGUN, retry_after_seconds=decision.retry_after_seconds or 1)
    if verdict in (Verdict.UNAVAILABLE, Verdict.SWITCH, Verdict.LOST):
        return unavailable_answer(beat.session_id)
    if verdict == Verdict.ENDED:
        raise Refusal("taken_over" if decision.end_reason == "taken_over" else "session_ended")
    if verdict in REFUSALS:
        raise Refusal(REFUSALS[verdict])
    return _state_answer(beat, decision)


def unavailable_answer(session_id: UUID | None) -> dict[str, object]:
    """Fail closed: what could not be checked is not allowed."""
    return {
        "session_id": str(session_id or NIL),
        "enforcement": "blocked",
        "remaining_minutes": 0,
        "used_minutes": 0,
        "is_educational": False,
        "reason": "unavailable",
        "next_reset_at": None,
    }


def _state_answer(beat: Beat, decision: Decision) -> dict[str, object]:
    if beat.frame is not None:
        return planned_answer(beat, decision, beat.frame)
    allowance = decision.allowance(beat.profile.limit_minutes(decision.day))
    enforcement = allowance.enforcement
    answer: dict[str, object] = {
        "session_id": decision.session_id or NIL,
        "enforcement": enforcement,
        "remaining_minutes": minutes_or_none(allowance.remaining_seconds),
        "used_minutes": minutes(allowance.used_seconds),
        "is_educational": decision.is_educational,
    }
    if enforcement == "blocked":
        metrics.blocked["limit_reached"].inc()
        answer["reason"] = "limit_reached"
        answer["next_reset_at"] = iso(rules.next_reset(beat.profile.schedule, now=beat.now))
    return answer


def on_failure(request: HttpRequest) -> HttpResponse | None:
    """The 200 for a request of heartbeats that failed: each of them is blocked. None for any other request.

    The body was never validated if authentication failed. So None too for a bulk request without a list of heartbeats
    of a valid length: it cannot be answered one by one.
    """
    route = request.resolver_match and request.resolver_match.url_name
    if route == "heartbeat":
        return _blocked(1, unavailable_answer(_session_id(_sent(request))))
    if route == "heartbeats" and (beats := _sent_beats(request)):
        results = [{"status": 200, "body": unavailable_answer(_session_id(beat))} for beat in beats]
        return _blocked(len(beats), {"results": results})
    return None


def _blocked(count: int, body: dict[str, object]) -> HttpResponse:
    metrics.heartbeats[Verdict.UNAVAILABLE].inc(count)
    return HttpResponse(json.dumps(body), content_type="application/json")


def _sent(request: HttpRequest) -> object:
    """What the body says; None if it is not JSON."""
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        return None


def _sent_beats(request: HttpRequest) -> list[object]:
    body = _sent(request)
    beats = body.get("heartbeats") if isinstance(body, dict) else None
    return beats if isinstance(beats, list) and len(beats) <= MAX_BEATS_PER_REQUEST else []


def _session_id(beat: object) -> UUID | None:
    session_id = beat.get("session_id") if isinstance(beat, dict) else None
    try:
        return UUID(session_id) if isinstance(session_id, str) else None
    except ValueError:
        return None
