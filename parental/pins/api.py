"""The PIN of an account (docs/contract.md#pin)."""

from asgiref.sync import sync_to_async
from django.utils import timezone
from ninja import Router

from parental.pins import pins
from parental.pins.pins import PinStatus
from parental.pins.schemas import PinIn, PinResetIn, PinResetOut, PinSetOut, PinStatusOut, PinVerifiedOut, PinVerifyIn
from parental.tokens.pin_tokens import pin_token
from perfmetrics.counting.lean import lean
from viewing.caller import require_parent
from viewing.endpoints import BODY, REFUSED, Request, Responses
from viewing.schemas import ErrorDetail

router = Router()

CHECKED: Responses = {**REFUSED, **BODY, 429: ErrorDetail}


@router.get("/pin/status", response={200: PinStatusOut, **REFUSED})
async def pin_status(request: Request) -> PinStatus:
    """Whether a PIN is set, and until when it is locked after too many incorrect ones."""
    return await sync_to_async(pins.read_status)(require_parent(request.auth).user_id, now=timezone.now())


@router.post("/pin", response={200: PinSetOut, **CHECKED})
async def set_pin(request: Request, body: PinIn) -> PinSetOut:
    """Set the first PIN, or change it with the current one. An incorrect one counts as in `verify`."""
    caller = require_parent(request.auth)
    await pins.set_pin(caller, new_pin=body.new_pin, current_pin=body.current_pin, now=timezone.now())
    return PinSetOut(detail="PIN set successfully")


@router.post("/pin/verify", response={200: PinVerifiedOut, **CHECKED})
@lean
async def verify_pin(request: Request, body: PinVerifyIn) -> PinVerifiedOut:
    """Verify the PIN. Five incorrect ones in a row lock it for 30 minutes (`X-Locked-Until`)."""
    pin = await pins.check(require_parent(request.auth), body.pin, now=timezone.now(), is_lean=True)
    return PinVerifiedOut(verified=True, pin_token=pin_token(pin))


@router.post("/pin/reset", response={200: PinResetOut, **CHECKED, 404: ErrorDetail})
async def reset_pin(request: Request, body: PinResetIn) -> PinResetOut:
    """Set a new PIN with the account's password. This lifts every lockout."""
    caller = require_parent(request.auth)
    await pins.reset(caller, password=body.password, new_pin=body.new_pin, now=timezone.now())
    return PinResetOut(detail="PIN reset successfully")
