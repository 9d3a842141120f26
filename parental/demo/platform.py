"""What the demo shows of the platform's side: an account with external ids, and a service token to try."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from parental.platform import accounts
from parental.platform.schemas import PlatformAccountIn
from parental.tokens import gateways
from viewing.models import ServiceToken
from viewing.models.tokens import Scope

ACCOUNT: Final = "demo-account"
TOKEN_NAME: Final = "The demo"  # noqa: S105 — no secret
TOKEN_LIFETIME: Final = timedelta(days=1)


@transaction.atomic
def ensure_platform(*, now: datetime) -> str:
    """Bring the account, and make a service token with every scope; the one of an earlier start is revoked."""
    body = {"profiles": [{"external_id": "demo-child", "name": "Zoe", "is_kids": True}]}
    accounts.put(ACCOUNT, PlatformAccountIn.model_validate(body), now=now)
    gateways.revoke(ServiceToken.objects.filter(name=TOKEN_NAME, revoked_at=None), now=now)
    token, token_hash = gateways.new_service_token()
    ServiceToken.objects.create(
        name=TOKEN_NAME, token_hash=token_hash, scopes=list(Scope.values), expires_at=now + TOKEN_LIFETIME
    )
    return token
