"""Children's requests for more time (docs/contract.md#requests-for-time)."""

from typing import Annotated, Literal
from uuid import UUID

from asgiref.sync import sync_to_async
from django.utils import timezone
from ninja import Query, Router, Status

from parental.children import limits
from parental.children.time_requests import answering, asking, reading
from parental.children.time_requests.schemas import (
    AnswerIn,
    AnswerOut,
    FamilyRequestsOut,
    RequestConflict,
    RequestIn,
    RequestOut,
    RequestsOut,
)
from viewing.caller import require_parent, require_player, require_reader
from viewing.endpoints import BODY, INVALID, REFUSED, Request
from viewing.schemas import ErrorDetail

router = Router()


@router.post(
    "/by/{profile_id}",
    response={201: RequestOut, 200: RequestOut, **REFUSED, **BODY, 409: RequestConflict, 429: ErrorDetail},
)
async def ask(request: Request, profile_id: UUID, body: RequestIn) -> Status[RequestOut]:
    """The child asks for more time, from their device. The same `request_id` again answers 200 with the first."""
    caller, now = require_player(request.auth), timezone.now()
    profile = await limits.obtain_child(caller, profile_id)
    made, is_new = await sync_to_async(asking.ask)(caller, profile.id, body, now=now)
    return Status(201 if is_new else 200, reading.shown(made, with_names=False, now=now))


@router.get("/by/{profile_id}", response={200: RequestsOut, **REFUSED, **INVALID})
async def child_requests(
    request: Request, profile_id: UUID, limit: Annotated[int, Query(ge=1, le=50)] = 10
) -> RequestsOut:
    """A child's requests, the open one, and when the child may ask again."""
    profile = await limits.obtain_child(request.auth, profile_id)
    return await sync_to_async(reading.for_child)(request.auth, profile.id, limit=limit, now=timezone.now())


@router.delete(
    "/{request_id}",
    response={204: None, **REFUSED, **INVALID, 404: ErrorDetail, 409: RequestConflict},
)
async def withdraw(request: Request, request_id: UUID) -> Status[None]:
    """The child's device takes the open request back."""
    await sync_to_async(asking.withdraw)(require_player(request.auth), request_id, now=timezone.now())
    return Status(204, None)


@router.get("", response={200: FamilyRequestsOut, **REFUSED, **INVALID})
async def family_requests(request: Request, state: Literal["open"] | None = None) -> FamilyRequestsOut:
    """The requests of all children of the account, newest first."""
    caller = require_reader(request.auth)
    return await sync_to_async(reading.for_family)(caller.user_id, only_open=state == "open", now=timezone.now())


@router.post(
    "/answer/{request_id}",
    response={200: AnswerOut, **REFUSED, **BODY, 404: ErrorDetail, 409: RequestConflict},
)
async def answer(request: Request, request_id: UUID, body: AnswerIn) -> AnswerOut:
    """A parent grants or declines. A request is answered once."""
    caller = require_parent(request.auth)
    return await sync_to_async(answering.answer_by_app)(caller, request_id, body, now=timezone.now())
