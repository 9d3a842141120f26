"""A screen's half of pairing by code: it gets a code to show, and asks until a parent has decided.

Asking runs on the players' path: thousands of screens may wait, and most of their polls are answered from a cache.
"""

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from parental.limiter import limiter, rules
from parental.limiter.limiter import Bound
from parental.pairing import codes, sql
from parental.tokens import opaque
from viewing.errors import Refusal, poll_refused
from viewing.hotpath import entries, lookup, threads
from viewing.hotpath.lookup import Fetcher, Key, Lookup
from viewing.models import DevicePairing, PairingState

log = structlog.stdlib.get_logger(__name__)

LIFETIME: Final = rules.TEN_MINUTES
INTERVAL: Final = timedelta(seconds=5)
# A poll may arrive a little early.
TOLERATED: Final = timedelta(seconds=1)
MAX_CLASHES: Final = 5
MAX_PRUNED: Final = 100
# Codes that nobody approved are of no interest once they are over; the others show support what happened.
PENDING_KEPT: Final = timedelta(minutes=10)
KEPT: Final = timedelta(days=1)
# At most one statement per second in each process, however many screens ask.
PAUSE_SECONDS: Final = 1
MAX_ASKERS: Final = 20_000
PLACEHOLDER_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Begun:
    """A pairing that begins. The device code is never shown again."""

    device_code: str
    user_code: str


def begin(*, device_name: str, device_type: str, source: str, now: datetime) -> Begun:
    """A new code. Refusal 429 for too many from one source; 503 for too many at all."""
    bounds = limiter.from_source(rules.PAIRING_CODES_FROM_SOURCE, source)
    limiter.require(bounds, code="rate_limited", detail="Too many codes from this network. Try again later.", now=now)
    seconds = limiter.take([Bound(rules.PAIRING_CODES)], now=now)
    if seconds is not None:
        raise Refusal("busy", retry_after_seconds=seconds)
    _prune(now=now)
    device_code = opaque.new_opaque(opaque.DEVICE_CODE_PREFIX)
    for _ in range(MAX_CLASHES):
        pairing = DevicePairing(
            device_hash=opaque.digest(device_code),
            user_code=codes.new_code(),
            device_name=device_name,
            device_type=device_type,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        try:
            with transaction.atomic():
                pairing.save(force_insert=True)
        except IntegrityError:
            continue
        return Begun(device_code, pairing.user_code)
    raise Refusal("busy")


def _prune(*, now: datetime) -> None:
    """Each code that comes takes up to a hundred along that are over: the table stays small without a daily job."""
    over = DevicePairing.objects.filter(expires_at__lt=now - PENDING_KEPT, state=PairingState.PENDING)
    with transaction.atomic():
        held = over.select_for_update(skip_locked=True).order_by("expires_at")
        ids = list(held.values_list("pk", flat=True)[:MAX_PRUNED])
        if ids:
            DevicePairing.objects.filter(pk__in=ids).delete()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pairing as the cache holds it."""

    state: str
    expires_at: datetime
    redeemed_at: datetime | None
    token_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Player:
    """One child on a screen; the token is never shown again."""

    profile_id: UUID
    profile_name: str
    player_token: str
    token_id: UUID
    expires_at: datetime


def _read_pairings(keys: list[Key]) -> Mapping[Key, Waiting]:
    rows = sql.read_pairings([key[1] for key in keys if isinstance(key[1], bytes)])
    return {
        ("pairings", device_hash): Waiting(state, expires_at, redeemed_at, tuple(token_ids))
        for device_hash, state, expires_at, redeemed_at, token_ids in rows
    }


_pairings: Lookup[bytes, Waiting] = Lookup("pairings", Fetcher(_read_pairings, pause_seconds=PAUSE_SECONDS))
# When each waiting screen asked last, in this process: a courtesy to the service, no bound of security.
_asked_at: OrderedDict[bytes, datetime] = OrderedDict()


async def poll(device_code: str, *, now: datetime) -> list[Player]:
    """The screen's players, once a parent has approved its code; a token each, made now.

    Refusal 400 until then, and where there is nothing to wait for. An answer that got lost is repeated by asking again
    within a minute: with other tokens, and those of the first answer end.
    """
    device_hash = opaque.digest(device_code)
    found = await _pairings.get(device_hash)
    if found is None:
        raise poll_refused("expired_token")
    _refuse_waiting(found, device_hash, now=now)
    tokens = {token_id: opaque.new_opaque(opaque.PLAYER_PREFIX) for token_id in found.token_ids}
    hashes = {token_id: opaque.digest(token) for token_id, token in tokens.items()}
    redeemed = await threads.writes.run(sql.redeem, device_hash, hashes, now, now + entries.PLAYER_TOKEN_LIFETIME)
    lookup.invalidate(_pairings.key(device_hash))
    if redeemed is None:  # another poll is a moment ahead
        raise poll_refused("authorization_pending")
    if not redeemed:  # the children were removed, or a parent disconnected the screen before it was connected
        raise poll_refused("access_denied")
    for row in redeemed:
        lookup.invalidate(entries.player_tokens.key(bytes(row.old_hash)))
    _asked_at.pop(device_hash, None)
    log.info("pairing_redeemed", token_ids=[row.token_id for row in redeemed])
    return [
        Player(row.profile_id, row.profile_name, tokens[row.token_id], row.token_id, row.expires_at) for row in redeemed
    ]


def _refuse_waiting(found: Waiting, device_hash: bytes, *, now: datetime) -> None:
    """Return where tokens may be fetched; else raise what the screen is answered."""
    if found.state == PairingState.DENIED:
        raise poll_refused("access_denied")
    if found.state == PairingState.PENDING and now < found.expires_at:
        raise poll_refused("slow_down" if _is_early(device_hash, now=now) else "authorization_pending")
    if found.state == PairingState.APPROVED and now < found.expires_at:
        return
    if found.redeemed_at is not None and now - found.redeemed_at < sql.REPEATED_FOR:
        if now - found.redeemed_at >= sql.REPEATED_AFTER:
            return
        raise poll_refused("authorization_pending")
    raise poll_refused("expired_token")


def _is_early(device_hash: bytes, *, now: datetime) -> bool:
    before = _asked_at.pop(device_hash, None)
    _asked_at[device_hash] = now
    if len(_asked_at) > MAX_ASKERS:
        _asked_at.popitem(last=False)
    return before is not None and now - before < INTERVAL - TOLERATED


def placeholder() -> bytes:
    """What a token has for a hash until the screen fetches it: no token has this one."""
    return secrets.token_bytes(PLACEHOLDER_BYTES)


def delete_old(*, now: datetime) -> int:
    """Delete what is long over, with the tokens that no screen ever fetched: how many pairings."""
    dead: Any = DevicePairing.objects.filter(expires_at__lt=now - KEPT).select_for_update(skip_locked=True)
    deleted = 0
    while True:
        with transaction.atomic():
            batch = list(dead.order_by("expires_at")[:MAX_PRUNED])
            unfetched = [id_ for one in batch if one.state == PairingState.APPROVED for id_ in one.token_ids]
            sql.delete_unfetched(unfetched)
            DevicePairing.objects.filter(pk__in=[one.pk for one in batch]).delete()
        deleted += len(batch)
        if not batch:
            return deleted
