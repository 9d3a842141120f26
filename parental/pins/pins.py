"""The PIN of an account: checking, setting, changing and resetting it (docs/contract.md#pin)."""

import asyncio
from asyncio import sleep
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Final
from uuid import UUID, uuid4

from asgiref.sync import sync_to_async
from django.contrib.auth.hashers import make_password
from django.db import transaction

from parental.accounts import passwords
from parental.accounts.askers import Asker
from parental.accounts.bounded_thread import BoundedThread
from parental.accounts.turns import Client
from parental.events.record import for_parent, record
from parental.models import Pin, PinGuard, User
from parental.pins import guards, lean
from parental.tokens import callers
from perfmetrics.counting import metrics
from viewing.caller import Caller
from viewing.errors import Code, Refusal

MIN_SECONDS: Final = 0.2
REFUSED_AS: Final[dict[Code, str]] = {"pin_none": "none_set", "pin_locked": "locked", "rate_limited": "busy"}

# The most common ones in leaked lists, some of which a child tries first.
COMMON: Final = frozenset(
    {"1234", "1111", "0000", "1212", "7777", "1004", "2000", "4444", "2222", "6969"}
    | {"9999", "3333", "5555", "6666", "1122", "1313", "8888", "4321", "2001", "1010"}
)
TOO_COMMON: Final = "This PIN is too easy to guess. Choose another one."

executor = BoundedThread("pins", full="Too many PIN checks are waiting. Try again.")


async def check(caller: Caller, pin: str, *, now: datetime, is_lean: bool = False) -> Pin:
    """The account's PIN when `pin` is it; from a player's caller too. The one way to compare a PIN.

    Refusal 400 `No PIN set`; 403 `Incorrect PIN`, or locked with `X-Locked-Until`, which the try that locks has too;
    429 when too many wait. Whatever it is, not before `MIN_SECONDS`. A try whose client went away, or whose process
    died, counts as wrong. `is_lean`: for the lean handler.
    """
    compared = await _compare(caller, pin, now=now, is_lean=is_lean)
    if compared.pin is None:
        raise Refusal("pin_wrong", until=compared.locked_until)
    return compared.pin


@dataclass(frozen=True, slots=True)
class _Compared:
    """`pin` None: it was wrong. `locked_until`: the end of the lockout that the try began."""

    pin: Pin | None
    locked_until: datetime | None = None


async def _compare(caller: Caller, pin: str, *, now: datetime, is_lean: bool = False) -> _Compared:
    run: lean.Runner = lean.run_alone if is_lean else lean.run_in_request
    async with _at_least(MIN_SECONDS), _counted() as count:
        if is_lean:
            await lean.refuse_early(caller, guards.for_guard(caller), executor, now=now)
        begun = await run(guards.begin_try, caller, pin, executor=executor, now=now)
        is_right = await asyncio.wrap_future(begun.comparison)
        if not is_right and begun.locks_until is not None:
            await run(guards.record_lock, caller, begun.locks_until, now=now)
        found = await run(guards.succeed, caller, begun, now=now) if is_right else None
        count("wrong" if found is None else "right")
        return _Compared(found, None if is_right else begun.locks_until)


@asynccontextmanager
async def _counted() -> AsyncIterator[Callable[[str], None]]:
    """Counts the outcome of a check: what the block reports, or the refusal that ends it."""
    outcome = "failed"

    def report(what: str) -> None:
        nonlocal outcome
        outcome = what

    try:
        yield report
    except Refusal as refusal:
        outcome = REFUSED_AS.get(refusal.code, "failed")
        raise
    finally:
        metrics.pin_checks[outcome].inc()


@asynccontextmanager
async def _at_least(seconds: float) -> AsyncIterator[None]:
    """Ends no sooner than that many seconds after it began, whether or not with a refusal."""
    end = monotonic() + seconds
    try:
        yield
    finally:
        while (rest := end - monotonic()) > 0:  # noqa: ASYNC110 — a loop's clock may wake a little early
            await sleep(rest)


@dataclass(frozen=True, slots=True)
class PinStatus:
    """Whether an account has a PIN, and until when its parents cannot use it (None: they can)."""

    has_pin: bool
    locked_until: datetime | None


def read_status(user_id: UUID, *, now: datetime) -> PinStatus:
    """The PIN's status for the account's parents, read from the database."""
    has_pin = Pin.objects.filter(user_id=user_id).exists()
    return PinStatus(has_pin=has_pin, locked_until=guards.locked_until(user_id, now=now))


def check_new(pin: str) -> None:
    """Refusal 422 for one of the twenty most common PINs. One that is set already keeps working."""
    if pin in COMMON:
        raise Refusal("invalid", TOO_COMMON)


async def set_pin(caller: Caller, *, new_pin: str, current_pin: str | None, now: datetime) -> None:
    """Set the first PIN, or change it. Refusal 400: `current_pin` missing or wrong; 403 and 429 as `check`.

    Of parallel first settings one wins; the others find a PIN and are treated as changes.
    """
    check_new(new_pin)
    if not await sync_to_async(Pin.objects.filter(user_id=caller.user_id).exists)():
        encoded = await executor.run(make_password, new_pin, client=Client(source=caller.user_id))
        if await sync_to_async(_set_first)(caller.user_id, encoded, now=now):
            return
    if current_pin is None:
        raise Refusal("pin_required", "Current PIN required to change existing PIN", status=400)
    compared = await _compare(caller, current_pin, now=now)
    if compared.pin is None or not await _change(compared.pin, new_pin, now=now):
        raise Refusal("pin_wrong", "Current PIN is incorrect", status=400, until=compared.locked_until)


@transaction.atomic
def _set_first(user_id: UUID, encoded: str, *, now: datetime) -> bool:
    _, is_first = Pin.objects.get_or_create(user_id=user_id, defaults={"pin_hash": encoded, "changed_at": now})
    if is_first:
        record("pin_set", user_id=user_id, actor=for_parent(user_id), now=now)
    return is_first


async def _change(present: Pin, new_pin: str, *, now: datetime) -> bool:
    """Whether it was still the same PIN when the new one's hash was made."""
    encoded = await executor.run(make_password, new_pin, client=Client(source=present.pk))
    return await sync_to_async(_replace)(present, encoded, now=now)


@transaction.atomic
def _replace(present: Pin, encoded: str, *, now: datetime) -> bool:
    same = Pin.objects.filter(pk=present.pk, version=present.version)
    if not same.update(pin_hash=encoded, version=uuid4(), changed_at=now):
        return False
    record("pin_changed", user_id=present.pk, actor=for_parent(present.pk), now=now)
    return True


async def reset(caller: Caller, *, password: str, new_pin: str, now: datetime) -> None:
    """Set a PIN by the account's password, and end every lockout. Refusals as `reset_for`."""
    account = await callers.account(caller)
    await reset_for(caller.user_id, email=account.email, password=password, new_pin=new_pin, now=now)


async def reset_for(user_id: UUID, *, email: str | None, password: str, new_pin: str, now: datetime) -> None:
    """As `reset`, for an account whose address is known. Refusal 401: wrong password; 429 as its checks."""
    passwords.require_switched_on()
    check_new(new_pin)
    if email is None:  # it has no password either
        raise Refusal("password_wrong")
    asker = Asker(account_id=user_id)
    proven = await passwords.check(email=email, password=password, via="pin_reset", asker=asker, now=now)
    if proven is not None and proven.user_id == user_id:
        encoded = await executor.run(make_password, new_pin, client=Client(source=user_id))
        if await sync_to_async(_reset)(proven, encoded, now=now):
            return
    raise Refusal("password_wrong")


async def reset_by_login(user_id: UUID, *, new_pin: str, now: datetime) -> None:
    """As `reset`, for a parent who logged in at the platform just now. Refusal 401: the account was closed."""
    check_new(new_pin)
    encoded = await executor.run(make_password, new_pin, client=Client(source=user_id))
    if not await sync_to_async(_reset_active)(user_id, encoded, now=now):
        raise Refusal("unauthenticated")


@transaction.atomic
def _reset(proven: passwords.Proven, encoded: str, *, now: datetime) -> bool:
    if not _reset_active(proven.user_id, encoded, now=now, password=proven.encoded):
        return False
    passwords.clear_tries(proven)
    return True


@transaction.atomic
def _reset_active(user_id: UUID, encoded: str, *, now: datetime, **still: str) -> bool:
    # Locked: a password changed, or an account deactivated, while bcrypt ran resets nothing.
    account = User.objects.select_for_update(no_key=True).only("pk")
    if account.filter(pk=user_id, is_active=True, **still).first() is None:
        return False
    pin = Pin(user_id=user_id, pin_hash=encoded, version=uuid4(), changed_at=now)
    columns = ["pin_hash", "version", "changed_at"]
    Pin.objects.bulk_create([pin], update_conflicts=True, unique_fields=["user"], update_fields=columns)
    PinGuard.objects.filter(user_id=user_id).forgive()
    record("pin_reset", user_id=user_id, actor=for_parent(user_id), now=now)
    return True
