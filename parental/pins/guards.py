"""How many PINs were tried, and until when no more are: five in a row, on whatever path, lock for 30 minutes.

Parents of an account share one guard; a child's device has one of its own, so that it locks nobody else. All of it is
read from the database, never from a cache.
"""

from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth.hashers import check_password
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from psycopg import errors

from parental.accounts.bounded_thread import BoundedThread
from parental.accounts.turns import Client
from parental.events.record import Actor, Device, for_caller, for_parent, record
from parental.models import Pin, PinGuard, PinGuardQuerySet
from parental.pins import sql
from viewing.caller import Caller
from viewing.errors import Refusal, access_denied
from viewing.hotpath import threads
from viewing.models import PlayerToken

LOCKOUT: Final = timedelta(minutes=30)
A_DAY: Final = timedelta(days=1)
# The end of a lockout that only a parent ends. A date, so that clients need no other case; not the last of all, so that
# it can be shown in any timezone.
FOR_GOOD: Final = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Try:
    """A try that is counted, and its comparison under way."""

    pin: Pin
    guard_id: int
    number: int
    locks_until: datetime | None  # when it is wrong; None: there are tries left
    comparison: "Future[bool]"


def begin_try(caller: Caller, given: str, *, executor: BoundedThread, now: datetime) -> Try:
    """Count a try and queue its hash. Refusal 400: no PIN; 403: locked; 429: too many wait, and the try is not counted.

    The lock is decided first, then the place in the queue: both while the guard's row is locked against parallel tries.
    All in one thread, for a client that goes away between the two must not keep the place.
    """
    pin = Pin.objects.filter(user_id=caller.user_id).first()
    if pin is None:
        raise Refusal("pin_none")
    with ExitStack() as stack:
        try:
            with transaction.atomic():
                guard_id, number, locks_until = _reserve(caller, now=now)
                place = stack.enter_context(executor.place(for_guard(caller)))
        except IntegrityError as error:
            if isinstance(error.__cause__, errors.ForeignKeyViolation):  # the token's profile was deleted just now
                raise access_denied() from error
            raise
        return Try(pin, guard_id, number, locks_until, place.submit(check_password, given, pin.pin_hash))


def refuse_locked(caller: Caller, now: datetime) -> None:
    """Refusal 403 while the PIN is locked; one read, in a thread of the players' path."""
    guards = PinGuard.objects.using(threads.ALIAS)
    mine = guards.filter(user_id=caller.user_id, player_token_id=_token_id(caller), locked_until__gt=now)
    until = mine.values_list("locked_until", flat=True).first()
    if until is not None:
        raise Refusal("pin_locked", until=until)


def for_guard(caller: Caller) -> Client:
    """Families have turns, and within a family its parents and each of its devices."""
    return Client(subject=_token_id(caller), source=caller.user_id)


def _reserve(caller: Caller, *, now: datetime) -> tuple[int, int, datetime | None]:
    mine = PinGuard.objects.filter(user_id=caller.user_id, player_token_id=_token_id(caller))
    guard = mine.first()
    if guard is not None and guard.locked_until is not None:
        if guard.locked_until > now:
            raise Refusal("pin_locked", until=guard.locked_until)
        _end_lockout(guard, guard.locked_until)
    reserved = sql.reserve_pin_try(
        user_id=caller.user_id,
        token_id=_token_id(caller),
        day_ago=now - A_DAY,
        locked_until=now + LOCKOUT,
        for_good=FOR_GOOD,
    )
    if reserved is None:
        raise Refusal("pin_locked", until=mine.get().locked_until)
    return reserved


def _end_lockout(guard: PinGuard, locked_until: datetime) -> None:
    """A fresh five; of parallel calls one does it."""
    PinGuard.objects.filter(pk=guard.pk, locked_until=locked_until).update(
        cleared=F("reserved"),
        locked_until=None,
        lockout_at=locked_until - LOCKOUT,
        lockout_before_at=F("lockout_at"),
    )


def _token_id(caller: Caller) -> UUID | None:
    if caller.kind == "player" and caller.token_id is None:
        # By the platform's own login: without a token of ours, a child's wrong PINs would lock the parents out.
        raise Refusal("caller")
    return caller.token_id if caller.kind == "player" else None


@transaction.atomic
def record_lock(caller: Caller, until: datetime, *, now: datetime) -> None:
    """A wrong try was the last of a row. The lock came with the try itself; only now is it known that it stays."""
    token_id = _token_id(caller)
    token = PlayerToken.objects.filter(pk=token_id).first() if token_id else None
    device = Device(token.pk, token.profile_id, token.device_name) if token else None
    actor = for_caller(caller)
    record("pin_locked", user_id=caller.user_id, actor=actor, now=now, device=device, locked_until=until)


@transaction.atomic
def succeed(caller: Caller, right: Try, *, now: datetime) -> Pin | None:
    """Clear the row of tries up to a right one, and for a parent also all that the children's devices tried.

    None when the PIN was changed while it was compared. Tries reserved after it stay counted: they come after it.
    """
    pin = Pin.objects.select_for_update(no_key=True).filter(pk=right.pin.pk, version=right.pin.version).first()
    if pin is None:
        return None
    present = PinGuard.objects.filter(pk=right.guard_id, cleared__lt=right.number)
    present.update(cleared=right.number, locked_until=None)
    if caller.kind == "parent":
        devices = PinGuard.objects.filter(user_id=caller.user_id, player_token__isnull=False)
        _forgive(devices, user_id=caller.user_id, actor=for_parent(caller.user_id), now=now)
    return pin


def _forgive(guards: PinGuardQuerySet, *, user_id: UUID, actor: Actor, now: datetime) -> int:
    forgiven, locked = guards.forgive()
    if locked:
        record("pin_lockouts_lifted", user_id=user_id, actor=actor, now=now, count=locked)
    return forgiven


@transaction.atomic
def lift(pins: QuerySet[Pin], *, actor: Actor, now: datetime) -> int:
    """Delete the tries and lockouts of these accounts' parents and devices: how many had any."""
    forgiven = 0
    for user_id in list(pins.values_list("pk", flat=True)):
        forgiven += _forgive(PinGuard.objects.filter(user=user_id), user_id=user_id, actor=actor, now=now)
    return forgiven


def locked_until(user_id: UUID, *, now: datetime) -> datetime | None:
    """Until when the account's parents are locked out: `FOR_GOOD` until a reset; None: not locked."""
    locked = PinGuard.objects.filter(user_id=user_id, player_token__isnull=True, locked_until__gt=now)
    return locked.values_list("locked_until", flat=True).first()


def locked_devices(user_id: UUID, *, now: datetime) -> list[PinGuard]:
    """The children's devices on which the PIN is locked now, by name; each with its token and the token's profile."""
    locked = PinGuard.objects.filter(user_id=user_id, player_token__revoked_at=None, locked_until__gt=now)
    on_devices = locked.filter(player_token__isnull=False).select_related("player_token__profile")
    return list(on_devices.order_by("player_token__device_name", "pk"))
