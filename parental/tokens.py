"""Who a token belongs to, and the log-ins (token families) that access and refresh tokens grow from.

An access token is signed and names its family; whether that family and its account still stand is read through the
"accounts" cache, from which a change drops it in every process (contract, "Who may call").
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from parental import signed, sql
from parental.models import Pin, RefreshToken, TokenFamily, User
from viewing import changes, lookups
from viewing.caller import NO_ACCOUNT, Caller
from viewing.errors import Refusal
from viewing.models import PlayerToken

log = structlog.stdlib.get_logger(__name__)

PLAYER_PREFIX: Final = "sgp_"
GATEWAY_PREFIX: Final = "sgg_"
REFRESH_PREFIX: Final = "sgr_"
# An expired log-in is of no use to anyone; a day's grace keeps clear of a refresh under way.
FAMILY_KEPT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Account:
    """What of an account its calls need to know."""

    user_id: UUID
    email: str
    is_staff: bool


def _fetch_accounts(keys: list[lookups.Key]) -> dict[lookups.Key, Any]:
    family_ids: list[Any] = [family_id for _, family_id in keys]
    return {
        _family_key(family_id): Account(user_id=user_id, email=email, is_staff=is_staff)
        for family_id, user_id, email, is_staff in sql.read_accounts(family_ids)
    }


def _family_key(family_id: UUID) -> lookups.Key:
    return ("accounts", family_id)


accounts = lookups.Lookup(_fetch_accounts)


async def authenticate(token: str) -> Caller | None:
    """The caller that a bearer token proves, or None. Raises what the database raised where nothing is cached."""
    if token.startswith(PLAYER_PREFIX):
        return await _player(token)
    if token.startswith(GATEWAY_PREFIX):
        return await _gateway(token)
    ids = signed.read(signed.ACCESS, token, seconds=settings.ACCESS_TOKEN_SECONDS)
    if ids is None:
        return None
    user_id, family_id = ids
    account: Account | None = await accounts.get(_family_key(family_id))
    if account is None or account.user_id != user_id:
        return None
    return Caller(kind="parent", user_id=user_id, token_id=family_id, is_staff=account.is_staff)


async def _player(token: str) -> Caller | None:
    found = await lookups.player_token(digest(token))
    if found is None or found.expires_at <= timezone.now():
        return None
    return Caller(kind="player", user_id=found.user_id, profile_id=found.profile_id, token_id=found.id)


async def _gateway(token: str) -> Caller | None:
    found = await lookups.gateway_token(digest(token))
    if found is None or (found.expires_at is not None and found.expires_at <= timezone.now()):
        return None
    return Caller(kind="gateway", user_id=NO_ACCOUNT, token_id=found.id)


async def account(caller: Caller) -> Account:
    """The account of a parent's caller, from the cache that let it in. Refusal 401 when it ended just now."""
    assert caller.token_id is not None  # noqa: S101 — for the type checker; `authenticate` sets it
    found: Account | None = await accounts.get(_family_key(caller.token_id))
    if found is None:
        raise Refusal(401, "Invalid or missing token", headers={"WWW-Authenticate": "Bearer"})
    return found


def digest(token: str) -> bytes:
    """What is stored of an opaque token. It holds 256 random bits, so a fast hash without salt is enough."""
    return hashlib.sha256(token.encode()).digest()


def new_opaque(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(32)


def pin_token(pin: Pin) -> str:
    """Proof that the PIN was given just now; worth nothing after a change of the PIN."""
    return signed.sign(signed.PIN, pin.user_id, pin.version)


def proves_pin(token: str | None, pin: Pin) -> bool:
    """Whether the PIN token is of this account, of this PIN, and younger than `PIN_TOKEN_SECONDS`."""
    ids = token and signed.read(signed.PIN, token, seconds=settings.PIN_TOKEN_SECONDS)
    return ids == (pin.user_id, pin.version)


def begin_family(user_id: UUID, *, now: datetime) -> dict[str, str]:
    """Begin a log-in of the account, in the caller's transaction: the contract's token pair."""
    _forget_dead_families(user_id, now=now)
    return _grow(TokenFamily.objects.create(user_id=user_id, created_at=now), now=now)


def _grow(family: TokenFamily, *, now: datetime) -> dict[str, str]:
    refresh_token = new_opaque(REFRESH_PREFIX)
    RefreshToken.objects.create(
        family=family,
        token_hash=digest(refresh_token),
        created_at=now,
        expires_at=now + timedelta(seconds=settings.REFRESH_TOKEN_SECONDS),
    )
    access_token = signed.sign(signed.ACCESS, family.user_id, family.id)
    return {"access_token": access_token, "refresh_token": refresh_token, "token_type": "bearer"}


def _forget_dead_families(user_id: UUID, *, now: datetime) -> None:
    without_living_tokens(TokenFamily.objects.filter(user_id=user_id), now=now).delete()


def without_living_tokens(families: QuerySet[TokenFamily], *, now: datetime) -> QuerySet[TokenFamily]:
    """Those that can grow no more."""
    # Spent tokens stay as long as their family lives: whoever brings one back, however late, ends it.
    alive = RefreshToken.objects.filter(family=OuterRef("pk"), expires_at__gt=now - FAMILY_KEPT)
    return families.filter(~Exists(alive))


def rotate(refresh_token: str, *, now: datetime) -> dict[str, str]:
    """Spend a refresh token for a new pair. A spent one that comes back ends its family. Refusal 401.

    Of parallel calls with one token one gets a pair and the others, being a reuse, end it (contract, "/auth").
    """
    with transaction.atomic():
        pair = _rotate(refresh_token, now=now)
    # Outside, so that the end of the family is committed.
    if pair is None:
        raise Refusal(401, "Invalid or expired refresh token")
    return pair


def _rotate(refresh_token: str, *, now: datetime) -> dict[str, str] | None:
    token = (
        RefreshToken.objects.select_for_update(of=("self",), no_key=True)
        .select_related("family__user")
        .filter(token_hash=digest(refresh_token))
        .first()
    )
    if token is None or token.family.ended_at is not None:
        return None
    if token.spent_at is not None:
        log.warning("refresh_token_reused", user_id=token.family.user_id, family_id=token.family_id)
        end_families([token.family_id], now=now)
        return None
    if token.expires_at <= now or not token.family.user.is_active:
        return None
    RefreshToken.objects.filter(pk=token.pk).update(spent_at=now)
    return _grow(token.family, now=now)


def end_token_families(user: User) -> None:
    """End every log-in of the account: all its refresh and access tokens."""
    running = TokenFamily.objects.filter(user=user, ended_at__isnull=True)
    end_families(list(running.values_list("pk", flat=True)), now=timezone.now())


@transaction.atomic
def end_families(family_ids: list[UUID], *, now: datetime) -> int:
    """End log-ins with all their tokens: how many of them were running."""
    ended = TokenFamily.objects.filter(pk__in=family_ids, ended_at__isnull=True).update(ended_at=now)
    for family_id in family_ids:
        changes.account_changed(family_id)
    return ended


def forget_account(user: User) -> None:
    """Once the transaction commits, read the account anew for its next call: it was changed, or deactivated."""
    families = TokenFamily.objects.filter(user=user, ended_at__isnull=True).values_list("pk", flat=True)
    players = PlayerToken.objects.filter(profile__user=user, revoked_at__isnull=True)
    for family_id in families:
        changes.account_changed(family_id)
    for token_hash in players.values_list("token_hash", flat=True):
        changes.player_token_changed(bytes(token_hash))
