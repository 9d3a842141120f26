"""The players' API (contract, "/viewing-time" and "/catalog"). `config/api.py` adds who may call."""

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from perfmetrics import metrics
from perfmetrics.middleware import request_id
from viewing import balances, hotpath, lookups, rules, sessions
from viewing.answers import heartbeat_answer
from viewing.caller import Caller, check_access, obtain_profile
from viewing.errors import Refusal
from viewing.heartbeats import Beat, writer
from viewing.schemas import (
    NIL,
    BalanceOut,
    EligibilityOut,
    ErrorDetail,
    HeartbeatIn,
    HeartbeatOut,
    SessionConflict,
    SessionEndOut,
    TitleOut,
    ValidationDetail,
)

router = Router()
catalog_router = Router()

REFUSED: dict[int, Any] = {401: ErrorDetail, 403: ErrorDetail, 422: ValidationDetail, 503: ErrorDetail}


class Request(HttpRequest):
    auth: Caller


@router.post(
    "/heartbeat",
    response={200: HeartbeatOut, **REFUSED, 400: ErrorDetail, 404: ErrorDetail, 409: SessionConflict, 413: ErrorDetail},
)
async def heartbeat(request: Request, body: HeartbeatIn) -> HttpResponse:
    """Count 30 s of watching and learn whether the child may go on. Sent every 30 s while a title plays."""
    beat = await _beat(request.auth, body)
    if beat.session_id is None and beat.title is None:
        raise Refusal(404, "Title not found")
    answer = heartbeat_answer(beat, await writer.write(beat))
    metrics.heartbeats.labels(answer["enforcement"]).inc()
    return HttpResponse(json.dumps(answer), content_type="application/json")


async def _beat(caller: Caller, body: HeartbeatIn) -> Beat:
    profile, title, site = await lookups.of_beat(body.profile_id, body.title_id)
    profile = check_access(caller, profile, body.profile_id)
    now = timezone.now()
    return Beat(
        profile=profile,
        title_id=body.title_id,
        title=title,
        session_id=None if body.session_id == NIL else body.session_id,
        device_id=body.device_id,
        device_type=body.device_type,
        is_paused=body.is_paused,
        sequence=body.sequence,
        pause_grace_seconds=site.pause_grace_seconds,
        day=rules.viewing_day(profile.schedule, now=now),
        now=now,
        request_id=request_id.get(),
    )


@router.get("/balance/{profile_id}", response={200: BalanceOut, **REFUSED})
async def balance(request: Request, profile_id: UUID) -> dict[str, Any]:
    """What a profile has used of its running viewing day and what is left."""
    profile = await obtain_profile(request.auth, profile_id)
    return await hotpath.reads.run(balances.balance_answer, profile, timezone.now())


@router.get("/playback-eligible/{profile_id}", response={200: EligibilityOut, **REFUSED})
async def playback_eligible(request: Request, profile_id: UUID) -> dict[str, Any]:
    """Whether a title may begin now; nothing is counted."""
    profile = await obtain_profile(request.auth, profile_id)
    return await hotpath.reads.run(balances.eligibility_answer, profile, timezone.now())


@router.post("/session/{session_id}/end", response={200: SessionEndOut, **REFUSED, 404: ErrorDetail})
async def end_session(request: Request, session_id: UUID) -> dict[str, Any]:
    """End a session; ending it again answers the same."""
    return await hotpath.writes.run(sessions.end, request.auth, session_id, timezone.now())


@catalog_router.get("/titles", response={200: list[TitleOut], 401: ErrorDetail, 503: ErrorDetail})
async def titles(request: HttpRequest) -> Any:  # noqa: ARG001 — Ninja's signature
    """Every title of the catalogue by name; kept for an hour."""
    return list(await lookups.catalog())  # Ninja takes a tuple of two for a status and its body
