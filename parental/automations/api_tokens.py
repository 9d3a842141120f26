"""API tokens: what a parent makes for an automation of their own, and takes back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from parental.events.record import for_parent, record
from parental.models import ApiToken, User
from parental.tokens import opaque
from viewing.errors import Refusal
from viewing.hotpath import invalidation

MAX_LIVING: Final = 10


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token; its secret is never shown again."""

    token: str
    token_id: UUID


def living(user_id: UUID, *, now: datetime) -> QuerySet[ApiToken]:
    """The account's tokens that still work, the newest first."""
    unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    return ApiToken.objects.filter(unexpired, user_id=user_id, revoked_at__isnull=True).order_by("-created_at", "pk")


@transaction.atomic
def make(user_id: UUID, *, name: str, now: datetime) -> MadeToken:
    """A new token that may read. Refusal 409: the account has ten."""
    # Locked, so that parallel calls cannot pass the bound together.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user_id)
    if living(user_id, now=now).count() >= MAX_LIVING:
        raise Refusal("too_many", f"An account can have at most {MAX_LIVING} API tokens")
    token = opaque.new_opaque(opaque.AUTOMATION_PREFIX)
    row = ApiToken.objects.create(user_id=user_id, name=name, token_hash=opaque.digest(token), created_at=now)
    record("api_token_made", user_id=user_id, actor=for_parent(user_id), now=now, api_token_id=row.pk)
    return MadeToken(token, row.pk)


@transaction.atomic
def revoke(user_id: UUID, token_id: UUID, *, now: datetime) -> None:
    """Revoke a token in every process; again, nothing happens. Refusal 404: another account's, the same as unknown."""
    row = ApiToken.objects.select_for_update(no_key=True).filter(pk=token_id, user_id=user_id).first()
    if row is None:
        raise Refusal("not_found", "API token not found")
    if row.revoked_at is None:
        ApiToken.objects.filter(pk=token_id).update(revoked_at=now)
        record("api_token_revoked", user_id=user_id, actor=for_parent(user_id), now=now, api_token_id=token_id)
    invalidation.api_token_changed(bytes(row.token_hash))
