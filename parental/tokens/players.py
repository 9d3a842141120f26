"""Player tokens: what a parent gives a child's device, and takes back (docs/contract.md#player-tokens)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet

from parental.events.record import PLATFORM, Actor, Device, for_parent, record
from parental.models import Pin
from parental.tokens import opaque, pin_tokens
from viewing.errors import Refusal, access_denied
from viewing.hotpath import entries, invalidation
from viewing.models import PlayerToken, PlayerTokenQuerySet, Profile

# No call of the API lists a profile's tokens, so a full list must not need cleaning up: the one unused longest goes.
MAX_LIVING: Final = 50
# Two taps on one button are closer than that, and no device is set up within it.
SENT_TWICE: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new player token; its secret is never shown again."""

    player_token: str
    token_id: UUID
    expires_at: datetime


@transaction.atomic
def issue(  # noqa: PLR0913 — by name
    user_id: UUID,
    profile_id: UUID,
    *,
    device_name: str,
    pin_token: str | None,
    now: datetime,
    token_id: UUID | None = None,
) -> IssuedToken:
    """A new token for a profile of the account. Refusal 403: not its profile, or no proof of the PIN that it has.

    With the `token_id` of a token of the profile that is seconds old, that one gets a new secret: a form was sent
    twice.
    """
    _lock(user_id, profile_id)
    require_pin(user_id, pin_token)
    if token_id is not None and (newest := _just_issued(profile_id, token_id, now=now)) is not None:
        return _with_new_secret(newest)
    if token_id is None or PlayerToken.objects.filter(pk=token_id).exists():
        token_id = uuid4()
    device = Device(token_id, profile_id, device_name)
    return _issue(user_id, device, actor=for_parent(user_id), now=now)


def _just_issued(profile_id: UUID, token_id: UUID, *, now: datetime) -> PlayerToken | None:
    recent = PlayerToken.objects.alive(now=now).filter(created_at__gt=now - SENT_TWICE)
    return recent.filter(pk=token_id, profile_id=profile_id).first()


def _with_new_secret(row: PlayerToken) -> IssuedToken:
    invalidation.player_token_changed(bytes(row.token_hash))
    token = opaque.new_opaque(opaque.PLAYER_PREFIX)
    PlayerToken.objects.filter(pk=row.pk).update(token_hash=opaque.digest(token))
    return IssuedToken(player_token=token, token_id=row.id, expires_at=row.expires_at)


@transaction.atomic
def issue_for_platform(user_id: UUID, profile_id: UUID, *, device_name: str, now: datetime) -> IssuedToken:
    """A new token for a profile of the account, without a PIN. Refusal 403: not its profile."""
    _lock(user_id, profile_id)
    return _issue(user_id, Device(uuid4(), profile_id, device_name), actor=PLATFORM, now=now)


def require_pin(user_id: UUID, pin_token: str | None) -> None:
    """Refusal 403 without proof of the PIN that the account has."""
    pin = Pin.objects.filter(user_id=user_id).first()
    if pin is not None and not pin_tokens.is_valid(pin_token, pin):
        raise Refusal("pin_required")


def _lock(user_id: UUID, profile_id: UUID) -> None:
    """Locked, so that parallel calls cannot pass the bound together."""
    locked = Profile.objects.select_for_update(no_key=True).filter(pk=profile_id, user_id=user_id)
    if locked.first() is None:
        raise access_denied()


def _issue(user_id: UUID, device: Device, *, actor: Actor, now: datetime) -> IssuedToken:
    token = opaque.new_opaque(opaque.PLAYER_PREFIX)
    row = add(user_id, device, token_hash=opaque.digest(token), actor=actor, now=now)
    return IssuedToken(player_token=token, token_id=row.id, expires_at=row.expires_at)


def add(user_id: UUID, device: Device, *, token_hash: bytes, actor: Actor, now: datetime) -> PlayerToken:
    """A row of a profile that the caller has locked; beyond `MAX_LIVING` the one unused longest is revoked."""
    alive = PlayerToken.objects.alive(now=now).filter(profile_id=device.profile_id)
    by_use = alive.order_by("-last_used_at", "-created_at")
    revoke_all(by_use[MAX_LIVING - 1 :], actor=actor, now=now)
    row = PlayerToken.objects.create(
        pk=device.token_id,
        profile_id=device.profile_id,
        device_name=device.name,
        token_hash=token_hash,
        created_at=now,
        last_used_at=now,
        expires_at=now + entries.PLAYER_TOKEN_LIFETIME,
    )
    record("device_paired", user_id=user_id, actor=actor, now=now, device=device)
    return row


def living(profile_id: UUID, *, now: datetime) -> list[PlayerToken]:
    """The devices that may play as a profile, the one used last first; at most `MAX_LIVING`."""
    alive = PlayerToken.objects.alive(now=now).filter(profile_id=profile_id)
    return list(alive.order_by("-last_used_at", "-created_at"))


@transaction.atomic
def revoke(user_id: UUID, token_id: UUID, *, now: datetime) -> None:
    """Revoke a token of the account; again, nothing happens. Refusal 404, the same for another's and an unknown one."""
    found = PlayerToken.objects.filter(pk=token_id, profile__user_id=user_id)
    if not found.exists():
        raise Refusal("not_found", "Player token not found")
    revoke_all(found, actor=for_parent(user_id), now=now)


@transaction.atomic
def revoke_all(found: PlayerTokenQuerySet, *, actor: Actor, now: datetime) -> int:
    """Revoke tokens in every process, and record it for their families: how many were not revoked before."""
    revoked = mark_revoked(found, now=now)
    for token in revoked:
        device = Device(token.pk, token.profile_id, token.device_name)
        record("device_revoked", user_id=token.profile.user_id, actor=actor, now=now, device=device)
    return len(revoked)


@transaction.atomic
def mark_revoked(found: QuerySet[PlayerToken], *, now: datetime) -> list[PlayerToken]:
    """Revoke these tokens in every process: the ones that were not revoked before, each with its profile."""
    # Ids first: the rows may be a slice, which cannot be filtered or locked.
    ids = list(found.values_list("pk", flat=True))
    alive = PlayerToken.objects.filter(pk__in=ids, revoked_at__isnull=True).select_related("profile")
    locked = alive.select_for_update(of=("self",), no_key=True).order_by("pk")
    revoked = list(locked) if ids else []
    if revoked:
        PlayerToken.objects.filter(pk__in=[token.pk for token in revoked]).update(revoked_at=now)
    for token in revoked:
        invalidation.player_token_changed(bytes(token.token_hash))
    return revoked
