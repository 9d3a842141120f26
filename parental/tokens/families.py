"""Token families: a login and the refresh tokens that grow from it."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from parental.events.record import STRANGER, Actor, record
from parental.models import RefreshToken, TokenFamily, User
from parental.tokens import devices, signed
from parental.tokens.opaque import digest, new_opaque
from viewing.errors import Refusal
from viewing.hotpath import invalidation
from viewing.models import PlayerToken

REFRESH_PREFIX: Final = "sgr_"
BEARER: Final = "bearer"
# An expired login cannot be used; a day's grace keeps clear of a refresh in progress.
FAMILY_KEPT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a login, and each refresh of it, gives a parent's app."""

    access_token: str
    refresh_token: str
    device_token: str
    token_type: Literal["bearer"] = BEARER


def begin_family(user_id: UUID, *, now: datetime, client: str = "") -> TokenPair:
    """Begin a login of the account in an app, in the caller's transaction (docs/contract.md#auth)."""
    _delete_dead_families(user_id, now=now)
    return _grow(TokenFamily.objects.create(user_id=user_id, created_at=now, client=client), now=now)


def _grow(family: TokenFamily, *, now: datetime) -> TokenPair:
    refresh_token = new_opaque(REFRESH_PREFIX)
    RefreshToken.objects.create(
        family=family,
        token_hash=digest(refresh_token),
        created_at=now,
        expires_at=now + timedelta(seconds=settings.REFRESH_TOKEN_SECONDS),
    )
    access_token = signed.sign(signed.ACCESS, family.user_id, family.id)
    # Without an address there is no password to try: the token is worth nothing.
    return TokenPair(access_token, refresh_token, devices.issue(family.id, email=family.user.email or ""))


def _delete_dead_families(user_id: UUID, *, now: datetime) -> None:
    without_living_tokens(TokenFamily.objects.filter(user_id=user_id), now=now).delete()


def without_living_tokens(families: QuerySet[TokenFamily], *, now: datetime) -> QuerySet[TokenFamily]:
    """Those that let nobody in any more: apps without a refresh token, pages without a session."""
    # Spent tokens stay as long as their family lives: using one again, however late, ends it.
    alive = RefreshToken.objects.filter(family=OuterRef("pk"), expires_at__gt=now - FAMILY_KEPT)
    session = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=now)
    return families.filter(~Exists(alive), ~Exists(session))


def rotate(refresh_token: str, *, now: datetime) -> TokenPair:
    """Spend a refresh token for a new pair. A spent one that comes back ends its family. Refusal 401.

    Of parallel calls with one token one gets a pair and the others, being a reuse, end it (docs/contract.md#auth).
    """
    with transaction.atomic():
        pair = _rotate(refresh_token, now=now)
    # Outside, so that the end of the family is committed.
    if pair is None:
        raise Refusal("refresh_invalid")
    return pair


def _rotate(refresh_token: str, *, now: datetime) -> TokenPair | None:
    token = (
        RefreshToken.objects.select_for_update(of=("self",), no_key=True)
        .select_related("family__user")
        .filter(token_hash=digest(refresh_token))
        .first()
    )
    if token is None or token.family.ended_at is not None:
        return None
    if token.spent_at is not None:
        user_id, family_id = token.family.user_id, token.family_id
        record("refresh_token_reused", user_id=user_id, actor=STRANGER, now=now, family_id=family_id)
        end_families([family_id], now=now)
        return None
    if token.expires_at <= now or not token.family.user.is_active:
        return None
    RefreshToken.objects.filter(pk=token.pk).update(spent_at=now)
    return _grow(token.family, now=now)


def end_token_families(user: User) -> None:
    """End every login of the account: all its refresh and access tokens."""
    running = TokenFamily.objects.filter(user=user, ended_at__isnull=True)
    end_families(list(running.values_list("pk", flat=True)), now=timezone.now())


@transaction.atomic
def end_families(family_ids: list[UUID], *, now: datetime) -> int:
    """End logins with all their tokens, or with their session: how many of them were running."""
    found = TokenFamily.objects.filter(pk__in=family_ids)
    keys = list(found.filter(session_key__isnull=False).values_list("session_key", flat=True))
    ended = found.filter(ended_at__isnull=True).update(ended_at=now)
    if keys:
        Session.objects.filter(session_key__in=keys).delete()
    for family_id in family_ids:
        invalidation.account_changed(family_id)
    return ended


@transaction.atomic
def end(found: QuerySet[TokenFamily], *, actor: Actor, now: datetime) -> int:
    """End logins for their accounts, and record it: how many of them were running."""
    running = found.select_for_update(of=("self",), no_key=True).filter(ended_at__isnull=True)
    owners = dict(running.order_by("pk").values_list("pk", "user_id"))
    end_families(list(owners), now=now)
    for user_id, count in Counter(owners.values()).items():
        record("logins_ended", user_id=user_id, actor=actor, now=now, count=count)
    return len(owners)


def invalidate_account(user: User) -> None:
    """Drop the account from every cache when the transaction commits: it was changed, or deactivated."""
    families = TokenFamily.objects.filter(user=user, ended_at__isnull=True).values_list("pk", flat=True)
    players = PlayerToken.objects.filter(profile__user=user, revoked_at__isnull=True)
    for family_id in families:
        invalidation.account_changed(family_id)
    for token_hash in players.values_list("token_hash", flat=True):
        invalidation.player_token_changed(bytes(token_hash))
