"""The players' API (docs/contract.md#heartbeat and the chapters after it). `config/api.py` adds who may call."""

from typing import Annotated, TypeVar
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response
from ninja import Query, Router
from pydantic_core import to_json

from perfmetrics.counting.lean import lean
from viewing.caller import obtain_profile
from viewing.catalogue import listing
from viewing.endpoints import BODY, INVALID, REFUSED, Request
from viewing.errors import Refusal
from viewing.heartbeats import bulk, single
from viewing.heartbeats.schemas import HeartbeatIn, HeartbeatOut, HeartbeatsIn, HeartbeatsOut, SessionConflict
from viewing.hotpath import entries, threads
from viewing.playback import balances, sessions
from viewing.playback.schemas import (
    BalanceOut,
    EligibilityOut,
    PlannedBalanceOut,
    PlannedEligibilityOut,
    SessionEndOut,
    TitleForProfileOut,
    TitleOut,
)
from viewing.schemas import ErrorDetail

T = TypeVar("T")

router = Router()
gateway_router = Router()
catalog_router = Router()


@router.post(
    "/heartbeat",
    response={200: HeartbeatOut, **REFUSED, **BODY, 404: ErrorDetail, 409: SessionConflict, 429: ErrorDetail},
)
@lean
async def heartbeat(request: Request, body: HeartbeatIn) -> HttpResponse:
    """Count 30 s of viewing and say whether the child may keep watching. Sent every 30 s while a title plays."""
    return HttpResponse(await single.answer(request.auth, body), content_type="application/json")


@gateway_router.post("/heartbeats", response={200: HeartbeatsOut, **REFUSED, **BODY})
@lean
async def heartbeats(request: Request, body: HeartbeatsIn) -> HttpResponse:
    """Up to 1,000 heartbeats in one request, for a gateway. Each gets its own status, in the order of the request."""
    results = await bulk.results(body.heartbeats)
    return HttpResponse(to_json({"results": results}), content_type="application/json")


@router.get("/balance/{profile_id}", response={200: BalanceOut | PlannedBalanceOut, **REFUSED, **INVALID})
@lean
async def balance(request: Request, profile_id: UUID) -> BalanceOut | HttpResponse:
    """What a profile has used of the current viewing day, and what is left."""
    profile = await obtain_profile(request.auth, profile_id)
    return _answered(await threads.reads.run(balances.balance_answer, profile, timezone.now()))


@router.get(
    "/playback-eligible/{profile_id}",
    response={200: EligibilityOut | PlannedEligibilityOut, **REFUSED, **INVALID, 404: ErrorDetail},
)
@lean
async def playback_eligible(
    request: Request, profile_id: UUID, title_id: UUID | None = None
) -> EligibilityOut | HttpResponse:
    """Whether a title may start now: the one named, or any. Counts nothing."""
    profile = await obtain_profile(request.auth, profile_id)
    is_educational = None
    if title_id is not None:
        title = await entries.titles.get(title_id)
        if title is None or title.is_retired:
            raise Refusal("title_unknown")
        is_educational = title.is_educational
    answer = await threads.reads.run(balances.eligibility_answer, profile, timezone.now(), is_educational)
    return _answered(answer)


def _answered(answer: T | dict[str, object]) -> T | HttpResponse:
    """A dict is the JSON already: fields that do not apply are absent, where a schema would show nulls."""
    return HttpResponse(to_json(answer), content_type="application/json") if isinstance(answer, dict) else answer


@router.post("/session/{session_id}/end", response={200: SessionEndOut, **REFUSED, **INVALID, 404: ErrorDetail})
@lean
async def end_session(request: Request, session_id: UUID) -> SessionEndOut:
    """End a session. Ending it again gives the same answer."""
    return await threads.writes.run(sessions.end, request.auth, session_id, timezone.now())


@catalog_router.get(
    "/titles", response={200: list[TitleOut] | list[TitleForProfileOut], **REFUSED, **INVALID, 404: ErrorDetail}
)
@lean
async def titles(
    request: Request,
    profile_id: UUID | None = None,
    limit: Annotated[int | None, Query(ge=1, le=listing.MAX_PAGE)] = None,
    after: UUID | None = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
) -> HttpResponseBase:
    """The catalogue by name: all of it, or with a parameter one page. Send `If-None-Match` with the ETag."""
    size = limit or listing.MAX_PAGE
    if profile_id is not None:
        profile = await obtain_profile(request.auth, profile_id)
        found = await listing.page_for_profile(profile, after=after, q=q, limit=size)
    elif limit is None and after is None and q is None:
        found = await listing.whole()
    else:
        found = await listing.page(after=after, q=q, limit=size)
    headers = {"ETag": found.etag, "Cache-Control": "private, no-cache"}
    response = HttpResponse(found.body, content_type="application/json; charset=utf-8", headers=headers)
    return get_conditional_response(request, etag=found.etag, response=response) or response
