"""Pairing by code (docs/contract.md#pairing-by-code): what a screen and a parent call. Mounted at /auth/device."""

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from parental.limiter.sources import source_of
from parental.pairing import approval, codes, screens
from parental.pairing.links import connect_url
from parental.pairing.schemas import (
    ApproveIn,
    ApproveOut,
    CodeIn,
    CodeOut,
    DisconnectIn,
    PlayersOut,
    PollError,
    PollIn,
    UserCode,
    WaitingOut,
)
from perfmetrics.counting.lean import lean
from viewing.caller import require_parent
from viewing.endpoints import BODY, INVALID, REFUSED, Request
from viewing.errors import Refusal
from viewing.models import DevicePairing
from viewing.schemas import ErrorDetail

router = Router()


@router.post("/code", auth=None, response={200: CodeOut, **BODY, 429: ErrorDetail})
async def request_code(request: HttpRequest, body: CodeIn) -> CodeOut:
    """Get a code to show on a screen. It is valid for ten minutes."""
    begun = await sync_to_async(screens.begin)(
        device_name=body.device_name or "",
        device_type=body.device_type,
        source=source_of(request),
        now=timezone.now(),
    )
    shown = codes.shown(begun.user_code)
    return CodeOut(
        device_code=begun.device_code,
        user_code=shown,
        verification_uri=connect_url(request),
        verification_uri_complete=connect_url(request, shown),
        expires_in=int(screens.LIFETIME.total_seconds()),
        interval=int(screens.INTERVAL.total_seconds()),
    )


@router.post("/token", auth=None, response={200: PlayersOut, **BODY, 400: PollError})
@lean
async def fetch_tokens(request: HttpRequest, body: PollIn) -> PlayersOut:
    """Ask whether a parent has approved the code: every `interval` seconds. Answers with a token for each child."""
    return PlayersOut.model_validate({"players": await screens.poll(body.device_code, now=timezone.now())})


@router.get(
    "/by-code/{user_code}",
    response={200: WaitingOut, **REFUSED, **INVALID, 404: ErrorDetail, 409: ErrorDetail, 429: ErrorDetail},
)
async def find_code(request: Request, user_code: UserCode) -> WaitingOut:
    """The screen that shows a code. Ten unknown codes in ten minutes lock the account out of this for the rest."""
    caller, now = require_parent(request.auth), timezone.now()
    found = await sync_to_async(approval.find)(caller.user_id, user_code, now=now)
    return WaitingOut(
        device_name=found.device_name,
        device_type=found.device_type,  # type: ignore[arg-type]  # checked when it was made
        created_at=found.created_at,
        expires_in=int((found.expires_at - now).total_seconds()),
    )


@router.post(
    "/approve",
    response={200: ApproveOut, **REFUSED, **BODY, 404: ErrorDetail, 409: ErrorDetail, 429: ErrorDetail},
)
async def approve(request: Request, body: ApproveIn) -> ApproveOut:
    """Let the screen that shows a code play as one or several profiles; or, with `deny`, refuse it."""
    caller, now = require_parent(request.auth), timezone.now()
    if not body.deny and not body.profile_ids:
        raise Refusal("invalid", "Choose 1 to 20 profiles")
    found: DevicePairing = await sync_to_async(approval.find)(caller.user_id, body.user_code, now=now)
    if body.deny:
        await sync_to_async(approval.deny)(caller.user_id, found.pk, now=now)
        return ApproveOut(state="denied")
    await sync_to_async(approval.approve)(
        caller.user_id,
        found.pk,
        profile_ids=body.profile_ids,
        device_name=body.device_name,
        pin_token=body.pin_token,
        now=now,
    )
    return ApproveOut(state="approved")


@router.post("/disconnect", response={204: None, **REFUSED, **BODY, 429: ErrorDetail})
async def disconnect(request: Request, body: DisconnectIn) -> Status[None]:
    """Disconnect this screen, by the PIN: its token and the other ones named are revoked."""
    await approval.disconnect(request.auth, pin=body.pin, token_ids=body.token_ids, now=timezone.now())
    return Status(204, None)
