"""Tokens of gateways and services: what staff give a system of the platform, and take back.

See docs/contract.md#who-may-call.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from parental.tokens import opaque
from viewing.hotpath import invalidation
from viewing.models import GatewayToken, ServiceToken


def new_token() -> tuple[str, bytes]:
    """A new gateway token, to be shown once, and the hash of it that is kept."""
    return _new(opaque.GATEWAY_PREFIX)


def new_service_token() -> tuple[str, bytes]:
    """A new service token, to be shown once, and the hash of it that is kept."""
    return _new(opaque.SERVICE_PREFIX)


def _new(prefix: str) -> tuple[str, bytes]:
    token = opaque.new_opaque(prefix)
    return token, opaque.digest(token)


@transaction.atomic
def revoke(found: QuerySet[GatewayToken] | QuerySet[ServiceToken], *, now: datetime) -> int:
    """Revoke tokens in every process: how many of them were not revoked before."""
    revoked = 0
    for token in found.only("pk", "token_hash"):
        revoked += found.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now)
        changed(token)
    return revoked


def changed(token: GatewayToken | ServiceToken) -> None:
    """Drop a token from every cache when the transaction commits."""
    is_service = isinstance(token, ServiceToken)
    drop = invalidation.service_token_changed if is_service else invalidation.gateway_token_changed
    drop(bytes(token.token_hash))
