"""A child's limits and grants (docs/contract.md#limits, docs/contract.md#grants)."""

from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic_core import to_json

from parental.children import grants, limits
from parental.children.grants import Given
from parental.children.schemas import GrantIn, GrantOut, LimitsIn, LimitsOut, PlannedGrantOut, TakenBackOut
from viewing.caller import obtain_profile, require_parent, require_reader
from viewing.endpoints import BODY, INVALID, REFUSED, Request
from viewing.models import ViewingTimeConfig
from viewing.schemas import ErrorDetail

router = Router()


@router.get("/profiles/{profile_id}/viewing-time", response={200: LimitsOut, **REFUSED, **INVALID})
async def read_limits(request: Request, profile_id: UUID) -> ViewingTimeConfig:
    """A child's limits and when their days start."""
    profile = await limits.obtain_child(require_reader(request.auth), profile_id)
    return await sync_to_async(limits.read)(profile.id, now=timezone.now())


@router.put("/profiles/{profile_id}/viewing-time", response={200: LimitsOut, **REFUSED, **BODY})
async def change_limits(request: Request, profile_id: UUID, body: LimitsIn) -> ViewingTimeConfig:
    """Change what is sent. Reset hour, exemption and timezone need a PIN token. The current day is never cut short."""
    caller = require_parent(request.auth)
    profile = await limits.obtain_child(caller, profile_id)
    return await sync_to_async(limits.change)(
        profile.id, user_id=caller.user_id, settings=body.settings(), pin_token=body.pin_token, now=timezone.now()
    )


@router.post(
    "/profiles/{profile_id}/viewing-time/grant",
    response={200: GrantOut | PlannedGrantOut, **REFUSED, **BODY, 409: ErrorDetail, 429: ErrorDetail},
)
async def grant(request: Request, profile_id: UUID, body: GrantIn) -> Given | HttpResponse:
    """Give more time until the next reset: remotely by a parent, or on the child's device with the PIN."""
    caller, now = request.auth, timezone.now()
    profile = await limits.obtain_child(caller, profile_id)
    is_remote = await grants.is_remote(caller, pin=body.pin, pin_token=body.pin_token, now=now)
    give = grants.give_despite_hours if body.despite_hours else grants.give
    given = await sync_to_async(give)(
        caller, profile.id, minutes=body.minutes, is_remote=is_remote, now=now, grant_id=body.grant_id
    )
    if not given.planned:
        return given
    answer = {name: getattr(given, name) for name in GrantOut.model_fields} | given.planned
    return HttpResponse(to_json(answer), content_type="application/json")


@router.delete(
    "/profiles/{profile_id}/viewing-time/grant/{grant_id}",
    response={200: TakenBackOut, **REFUSED, 404: ErrorDetail, 409: ErrorDetail, **INVALID},
)
async def take_back_grant(request: Request, profile_id: UUID, grant_id: UUID) -> TakenBackOut:
    """Take back the unused part of a grant, while its day lasts."""
    caller = require_parent(request.auth)
    profile = await obtain_profile(caller, profile_id)
    remaining_minutes = await sync_to_async(grants.take_back)(caller, profile.id, grant_id, now=timezone.now())
    return TakenBackOut(remaining_minutes=remaining_minutes)
