"""A parent's half of pairing by code: which screen a code belongs to, and what it may do.

docs/contract.md#pairing-by-code has the calls.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID, uuid4

import structlog
from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils.translation import gettext as _

from parental.events.record import Device, for_caller, for_parent
from parental.limiter import limiter, rules
from parental.limiter.limiter import Bound
from parental.pairing.screens import placeholder
from parental.pins import pins
from parental.tokens import players
from viewing.caller import Caller
from viewing.errors import Refusal, access_denied
from viewing.hotpath import invalidation
from viewing.models import DevicePairing, PairingState, PlayerToken, Profile

log = structlog.stdlib.get_logger(__name__)

# However late a parent approves, the screen has this long to fetch its tokens.
FETCHED_WITHIN: Final = timedelta(minutes=1)


def find(user_id: UUID, user_code: str, *, now: datetime) -> DevicePairing:
    """The screen that shows a code. Refusal 404; 409 for one that was decided; 429 after ten unknown codes."""
    guess = Bound(rules.PAIRING_GUESSES, subject=str(user_id))
    limiter.require([guess], code="too_many_tries", now=now)
    with_code = DevicePairing.objects.filter(user_code=user_code, expires_at__gt=now)
    found = with_code.order_by("-created_at").first()
    if found is None:
        raise Refusal("not_found", "Code not found")
    limiter.give_back(guess)
    if found.state != PairingState.PENDING:
        raise Refusal("code_used")
    return found


@transaction.atomic
def approve(  # noqa: PLR0913 — what an approval is made of
    user_id: UUID,
    pairing_id: UUID,
    *,
    profile_ids: Collection[UUID],
    device_name: str | None,
    pin_token: str | None,
    now: datetime,
) -> list[PlayerToken]:
    """Let a screen play as these profiles of the account: a token each, which the screen fetches.

    Refusal 403: a profile that is not the account's, or no proof of the PIN that it has; 409 when it was decided.
    """
    ids = set(profile_ids)
    # In one order, so that parallel approvals cannot wait for each other.
    locked = Profile.objects.select_for_update(no_key=True).filter(pk__in=ids, user_id=user_id)
    profiles = list(locked.order_by("pk"))
    if not profiles or len(profiles) != len(ids):
        raise access_denied()
    players.require_pin(user_id, pin_token)
    pairing = _lock(pairing_id, now=now)
    name = device_name or name_of(pairing)
    actor = for_parent(user_id)
    tokens = [
        players.add(user_id, Device(uuid4(), profile.pk, name), token_hash=placeholder(), actor=actor, now=now)
        for profile in profiles
    ]
    pairing.token_ids = [token.pk for token in tokens]
    pairing.approved_by_id = user_id
    pairing.device_name = name
    _decide(pairing, PairingState.APPROVED, now=now)
    return tokens


@transaction.atomic
def deny(user_id: UUID, pairing_id: UUID, *, now: datetime) -> None:
    """Refuse a screen. Refusal 409 when it was decided."""
    pairing = _lock(pairing_id, now=now)
    pairing.approved_by_id = user_id
    _decide(pairing, PairingState.DENIED, now=now)
    transaction.on_commit(partial(log.info, "pairing_denied", user_id=user_id))


def _lock(pairing_id: UUID, *, now: datetime) -> DevicePairing:
    pairing = DevicePairing.objects.select_for_update(no_key=True).filter(pk=pairing_id, expires_at__gt=now).first()
    if pairing is None or pairing.state != PairingState.PENDING:
        raise Refusal("code_used")
    return pairing


def _decide(pairing: DevicePairing, state: PairingState, *, now: datetime) -> None:
    pairing.state = state
    pairing.expires_at = max(pairing.expires_at, now + FETCHED_WITHIN)
    pairing.save()
    invalidation.pairing_changed(bytes(pairing.device_hash))


def name_of(pairing: DevicePairing) -> str:
    """What the screen calls itself, else its kind."""
    return pairing.device_name or kinds().get(pairing.device_type, _("Screen"))


def kinds() -> dict[str, str]:
    return {"tv": _("TV"), "mobile": _("Phone"), "tablet": _("Tablet"), "web": _("Browser")}


def unfetched(user_id: UUID) -> dict[UUID, datetime]:
    """Tokens of the account that no screen has fetched yet, and when their codes end."""
    approved = DevicePairing.objects.filter(approved_by_id=user_id, state=PairingState.APPROVED)
    found = approved.values_list("token_ids", "expires_at")
    return {token_id: expires_at for token_ids, expires_at in found for token_id in token_ids}


async def disconnect(caller: Caller, *, pin: str, token_ids: Collection[UUID], now: datetime) -> None:
    """Revoke a player's own token, and others of the same screen, by the PIN.

    Refusal 403 for a parent, who revokes tokens without it; as `pins.check` for the PIN. Ids of other accounts, and
    unknown ones, are ignored.
    """
    if caller.kind != "player":
        raise Refusal("caller", "Only a player token can do this")
    await pins.check(caller, pin, now=now)
    await sync_to_async(_revoke)(caller, {*token_ids, caller.token_id}, now=now)


def _revoke(caller: Caller, token_ids: Collection[UUID | None], *, now: datetime) -> None:
    found = PlayerToken.objects.filter(pk__in=token_ids, profile__user_id=caller.user_id)
    players.revoke_all(found, actor=for_caller(caller), now=now)
