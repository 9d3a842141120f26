"""Who a bearer token proves.

An access token is signed and names its family; whether that family and its account still stand is read through the
"accounts" cache, from which a change drops it in every process (docs/contract.md#who-may-call).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import timezone

from parental.automations import callers as automations
from parental.models import User
from parental.oidc import tokens as oidc
from parental.tokens import signed, sql
from parental.tokens.opaque import AUTOMATION_PREFIX, GATEWAY_PREFIX, PLAYER_PREFIX, SERVICE_PREFIX, digest
from viewing.caller import NO_ACCOUNT, Caller
from viewing.errors import Refusal
from viewing.hotpath import entries
from viewing.hotpath.lookup import Fetcher, Key, Lookup


@dataclass(frozen=True, slots=True)
class Account:
    """What of an account its calls need to know."""

    user_id: UUID
    email: str | None
    is_staff: bool


def _read_accounts(keys: list[Key]) -> dict[Key, Account]:
    family_ids = [family_id for _, family_id in keys if isinstance(family_id, UUID)]
    return {
        ("accounts", family_id): Account(user_id=user_id, email=email, is_staff=is_staff)
        for family_id, user_id, email, is_staff in sql.read_accounts(family_ids)
    }


accounts: Lookup[UUID, Account] = Lookup("accounts", Fetcher(_read_accounts))


async def authenticate(token: str) -> Caller | None:
    """The caller that a bearer token proves, or None. Raises what the database raised where nothing is cached."""
    prove = _OPAQUE.get(token[:PREFIX_LENGTH])
    if prove is not None:
        return await prove(token)
    if settings.OIDC_ISSUER and token.startswith(oidc.PREFIX):
        return await oidc.authenticate(token)
    ids = signed.read(signed.ACCESS, token, seconds=settings.ACCESS_TOKEN_SECONDS)
    if ids is None:
        return None
    user_id, family_id = ids
    account = await accounts.get(family_id)
    if account is None or account.user_id != user_id:
        return None
    return Caller(kind="parent", user_id=user_id, token_id=family_id, is_staff=account.is_staff)


async def _player(token: str) -> Caller | None:
    found = await entries.player_tokens.get(digest(token))
    if found is None or found.expires_at <= timezone.now():
        return None
    return Caller(kind="player", user_id=found.user_id, profile_id=found.profile_id, token_id=found.id)


async def _gateway(token: str) -> Caller | None:
    found = await entries.gateway_tokens.get(digest(token))
    if found is None or (found.expires_at is not None and found.expires_at <= timezone.now()):
        return None
    return Caller(kind="gateway", user_id=NO_ACCOUNT, token_id=found.id)


async def _service(token: str) -> Caller | None:
    found = await entries.service_tokens.get(digest(token))
    if found is None or (found.expires_at is not None and found.expires_at <= timezone.now()):
        return None
    return Caller(kind="service", user_id=NO_ACCOUNT, token_id=found.id, scopes=found.scopes)


PREFIX_LENGTH: Final = 4
_OPAQUE: Final[dict[str, Callable[[str], Awaitable[Caller | None]]]] = {
    PLAYER_PREFIX: _player,
    GATEWAY_PREFIX: _gateway,
    SERVICE_PREFIX: _service,
    AUTOMATION_PREFIX: automations.authenticate,
}


async def account(caller: Caller) -> Account:
    """The account of a parent's caller, from the cache that let it in. Refusal 401 when it ended just now."""
    if caller.token_id is None:  # by the platform's own login
        user = await sync_to_async(User.objects.filter(pk=caller.user_id, is_active=True).first)()
        found = None if user is None else Account(user_id=user.pk, email=user.email, is_staff=False)
    else:
        found = await accounts.get(caller.token_id)
    if found is None:
        raise Refusal("unauthenticated")
    return found
