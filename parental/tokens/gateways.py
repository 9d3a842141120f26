"""Gateway tokens: what staff give an edge or a session gateway, and take back (docs/contract.md#who-may-call)."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from parental.tokens import opaque
from viewing.hotpath import invalidation
from viewing.models import GatewayToken


def new_token() -> tuple[str, bytes]:
    """A new token, to be shown once, and the hash of it that is kept."""
    token = opaque.new_opaque(opaque.GATEWAY_PREFIX)
    return token, opaque.digest(token)


@transaction.atomic
def revoke(found: QuerySet[GatewayToken], *, now: datetime) -> int:
    """Revoke tokens in every process: how many of them were not revoked before."""
    revoked = 0
    for token_id, token_hash in found.values_list("pk", "token_hash"):
        revoked += GatewayToken.objects.filter(pk=token_id, revoked_at__isnull=True).update(revoked_at=now)
        invalidation.gateway_token_changed(bytes(token_hash))
    return revoked
