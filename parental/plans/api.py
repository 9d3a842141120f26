"""Week plans, calendars, exceptions and locks (docs/contract.md#week-plan)."""

from datetime import date
from typing import Annotated
from uuid import UUID

from asgiref.sync import sync_to_async
from django.utils import timezone
from ninja import Query, Router, Status

from parental.children import limits
from parental.events.record import for_caller
from parental.plans import calendars, exceptions, explain, locks, plans, preview
from parental.plans.exception_schemas import ExceptionChangeIn, ExceptionIn, ExceptionOut, ExceptionsOut
from parental.plans.preview_schemas import ExplainOut, PreviewOut
from parental.plans.schemas import CalendarIn, CalendarOut, LockIn, LocksOut, PlanIn, PlanOut, UnlockedOut
from viewing.caller import obtain_profile, require_parent
from viewing.endpoints import BODY, INVALID, REFUSED, Request
from viewing.errors import Refusal
from viewing.hotpath import entries
from viewing.schemas import ErrorDetail, PlanChanged

router = Router(by_alias=True)


@router.get("/profiles/{profile_id}/plan", response={200: PlanOut, **REFUSED, **INVALID})
async def read_plan(request: Request, profile_id: UUID) -> PlanOut:
    """A child's week plan, with all defaults filled in."""
    profile = await limits.obtain_child(require_parent(request.auth), profile_id)
    return await sync_to_async(plans.read)(profile.id, now=timezone.now())


@router.put("/profiles/{profile_id}/plan", response={200: PlanOut, **REFUSED, **BODY, 409: PlanChanged})
async def change_plan(request: Request, profile_id: UUID, body: PlanIn) -> PlanOut:
    """Change what is sent. It is in force with the next heartbeat."""
    caller = require_parent(request.auth)
    profile = await limits.obtain_child(caller, profile_id)
    return await sync_to_async(plans.change)(profile.id, body, user_id=caller.user_id, now=timezone.now())


@router.get("/profiles/{profile_id}/plan/preview", response={200: PreviewOut, **REFUSED, **INVALID})
async def preview_plan(
    request: Request, profile_id: UUID, from_date: date | None = None, to_date: date | None = None
) -> PreviewOut:
    """What the plan makes of the next days, exceptions included; what was watched does not enter."""
    profile = await limits.obtain_child(require_parent(request.auth), profile_id)
    return await sync_to_async(preview.read)(profile.id, from_date=from_date, to_date=to_date, now=timezone.now())


@router.get("/profiles/{profile_id}/explain", response={200: ExplainOut, **REFUSED, **INVALID, 404: ErrorDetail})
async def explain_child(request: Request, profile_id: UUID, title_id: UUID | None = None) -> ExplainOut:
    """Why something may play now, or not: every rule that decides, in the order in which they are named."""
    profile = await obtain_profile(require_parent(request.auth), profile_id)
    title = None if title_id is None else await entries.titles.get(title_id)
    if title_id is not None and title is None:
        raise Refusal("title_unknown")
    return await sync_to_async(explain.read)(
        profile, is_educational=title is not None and title.is_educational, now=timezone.now()
    )


@router.get("/family/calendar", response={200: CalendarOut, **REFUSED})
async def read_calendar(request: Request) -> CalendarOut:
    """The family's weekend and first day of the week."""
    return await sync_to_async(calendars.read)(require_parent(request.auth).user_id)


@router.put("/family/calendar", response={200: CalendarOut, **REFUSED, **BODY})
async def change_calendar(request: Request, body: CalendarIn) -> CalendarOut:
    """Change what is sent, for every child."""
    return await sync_to_async(calendars.change)(require_parent(request.auth).user_id, body, now=timezone.now())


@router.get("/exceptions", response={200: ExceptionsOut, **REFUSED, **INVALID})
async def list_exceptions(
    request: Request, from_date: date | None = None, to_date: date | None = None, profile_id: UUID | None = None
) -> ExceptionsOut:
    """Exceptions from the plans: those that run and those ahead, or those of given dates."""
    caller = require_parent(request.auth)
    if profile_id is not None:
        await limits.obtain_child(caller, profile_id)
    found = await sync_to_async(exceptions.listing)(
        caller.user_id, from_date=from_date, to_date=to_date, profile_id=profile_id, now=timezone.now()
    )
    return ExceptionsOut(exceptions=found)


@router.post("/exceptions", response={201: ExceptionOut, **REFUSED, **BODY, 409: ErrorDetail})
async def make_exception(request: Request, body: ExceptionIn) -> Status[ExceptionOut]:
    """Change one child's or every child's plan on some dates. It ends by itself."""
    caller = require_parent(request.auth)
    return Status(201, await sync_to_async(exceptions.make)(caller.user_id, body, now=timezone.now()))


@router.put(
    "/exceptions/{exception_id}",
    response={200: ExceptionOut, **REFUSED, **BODY, 404: ErrorDetail, 409: ErrorDetail},
)
async def change_exception(request: Request, exception_id: UUID, body: ExceptionChangeIn) -> ExceptionOut:
    """Change what is sent. The past stays: of an exception that runs, new changes hold from today."""
    caller = require_parent(request.auth)
    return await sync_to_async(exceptions.change)(caller.user_id, exception_id, body, now=timezone.now())


@router.delete("/exceptions/{exception_id}", response={204: None, **REFUSED, 404: ErrorDetail, **INVALID})
async def end_exception(request: Request, exception_id: UUID) -> Status[None]:
    """Delete an exception, or end it yesterday where it runs already."""
    caller = require_parent(request.auth)
    await sync_to_async(exceptions.end)(caller.user_id, exception_id, now=timezone.now())
    return Status(204, None)


@router.post("/lock", response={200: LocksOut, **REFUSED, **BODY})
async def lock(request: Request, body: LockIn) -> LocksOut:
    """Stop children: at once or in some minutes, for a time or until they are unlocked."""
    caller = require_parent(request.auth)
    locked = await sync_to_async(locks.lock)(caller.user_id, body, actor=for_caller(caller), now=timezone.now())
    return LocksOut(locked=locked)


@router.delete("/lock", response={200: UnlockedOut, **REFUSED, **INVALID})
async def unlock(request: Request, profile_id: Annotated[list[UUID], Query(max_length=20)] = []) -> UnlockedOut:  # noqa: B006
    """Lift the locks of the children named, or of all."""
    caller = require_parent(request.auth)
    unlocked = await sync_to_async(locks.unlock)(
        caller.user_id, profile_id or None, actor=for_caller(caller), now=timezone.now()
    )
    return UnlockedOut(unlocked=unlocked)
