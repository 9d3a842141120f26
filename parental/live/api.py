"""Live events, and the same states for polling (docs/contract.md#live-events)."""

from collections.abc import Collection
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic_core import to_json

from parental.live import access, states
from parental.live.schemas import StateOut
from perfmetrics.counting.lean import lean
from viewing.caller import obtain_profile, require_reader
from viewing.endpoints import INVALID, REFUSED, Request
from viewing.errors import access_denied
from viewing.live.hub import hub
from viewing.live.states import State
from viewing.live.stream import EventStream, etag, whole

router = Router()
account_router = Router()

EVENTS = {"responses": {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}}


@router.get("/events/{profile_id}", response={200: str, **REFUSED, **INVALID}, openapi_extra=EVENTS)
@lean
async def profile_events(request: Request, profile_id: UUID) -> EventStream:
    """What happens to a profile, as server-sent events."""
    profile = await obtain_profile(request.auth, profile_id)
    return await _opened(request, [profile.id])


@account_router.get("/events", response={200: str, **REFUSED}, openapi_extra=EVENTS)
@lean
async def account_events(request: Request) -> EventStream:
    """What happens to all profiles of the account, as server-sent events."""
    caller = require_reader(request.auth)
    return await _opened(request, await access.profile_ids(caller.user_id))


@router.get("/state/{profile_id}", response={200: StateOut, **REFUSED, **INVALID})
@lean
async def profile_state(request: Request, profile_id: UUID) -> HttpResponse:
    """The body of the event `state`, for those who poll."""
    profile = await obtain_profile(request.auth, profile_id)
    return await _polled(request, [profile.id])


@router.get("/state", response={200: StateOut, **REFUSED})
@lean
async def account_state(request: Request) -> HttpResponse:
    """The same, of all profiles of the account."""
    caller = require_reader(request.auth)
    return await _polled(request, await access.profile_ids(caller.user_id))


async def _opened(request: Request, profile_ids: Collection[UUID]) -> EventStream:
    hub.check_room()
    return EventStream(access.make_stream(request, profile_ids))


async def _polled(request: HttpRequest, profile_ids: Collection[UUID]) -> HttpResponse:
    read = await states.read(profile_ids)
    found: list[State] = [state for state in read.values() if state is not None]
    if len(found) < len(profile_ids):
        raise access_denied()
    tag = etag(found)
    unchanged = request.headers.get("If-None-Match") == tag
    answer = HttpResponse(status=304) if unchanged else HttpResponse(to_json(whole(found)))
    if not unchanged:
        answer["Content-Type"] = "application/json"
    answer["ETag"] = tag
    return answer
