"""Accounts and logins. `config/api.py` adds who may call; those marked `auth=None` are open."""

from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from parental.accounts import accounts, askers, confirmation, mails, passwords
from parental.accounts.schemas import AccountOut, LoginIn, LoginOut, LoginsEndedOut, RefreshIn, RegisterIn, TokenPairOut
from parental.limiter.sources import source_of
from parental.tokens import callers, families, logins
from parental.tokens.clients import client_name
from parental.tokens.families import TokenPair
from viewing.caller import require_parent
from viewing.endpoints import BODY, INVALID, REFUSED, Request
from viewing.errors import Refusal
from viewing.schemas import ErrorDetail

router = Router()


@router.post(
    "/register", auth=None, response={201: TokenPairOut, **BODY, 404: ErrorDetail, 409: ErrorDetail, 429: ErrorDetail}
)
async def register(request: HttpRequest, body: RegisterIn) -> Status[TokenPair]:
    """Create an account and log in."""
    passwords.require_switched_on()
    client = client_name(request.headers.get("User-Agent", ""))
    source, now = source_of(request), timezone.now()
    pair = await accounts.register(email=body.email, password=body.password, source=source, client=client, now=now)
    await sync_to_async(confirmation.ask_new)(body.email, site=mails.origin(request), source=source, now=now)
    return Status(201, pair)


@router.post(
    "/login", auth=None, response={200: TokenPairOut, **BODY, 401: ErrorDetail, 404: ErrorDetail, 429: ErrorDetail}
)
async def login(request: HttpRequest, body: LoginIn) -> TokenPair:
    """Log in. After ten wrong passwords in five minutes an address is refused (429) until the five minutes end.

    An app that logged in before sends the `device_token` it received: its tries are counted apart from strangers'.
    """
    passwords.require_switched_on()
    client = client_name(request.headers.get("User-Agent", ""))
    asker = askers.for_request(request, body.device_token or "")
    return await accounts.log_in(
        email=body.email, password=body.password, asker=asker, client=client, now=timezone.now()
    )


@router.post("/refresh", auth=None, response={200: TokenPairOut, **BODY, 401: ErrorDetail})
async def refresh(request: HttpRequest, body: RefreshIn) -> TokenPair:
    """Exchange a refresh token for a new pair. Reusing a spent one revokes every token issued from it."""
    return await sync_to_async(families.rotate)(body.refresh_token, now=timezone.now())


@router.post("/logout", response={204: None, **REFUSED})
async def log_out(request: Request) -> Status[None]:
    """End the login of this access token: with it every token that descends from the same login."""
    caller = require_parent(request.auth)
    if caller.token_id is None:
        raise Refusal("caller", "Log out at your identity provider")
    await sync_to_async(logins.log_out)(caller.user_id, caller.token_id, via="api", now=timezone.now())
    return Status(204, None)


@router.get("/logins", response={200: list[LoginOut], **REFUSED})
async def list_logins(request: Request) -> list[logins.Login]:
    """Where the account is logged in, in apps and on the pages: the one used last first, at most 100."""
    caller = require_parent(request.auth)
    return await sync_to_async(logins.listing)(caller.user_id, current=caller.token_id, now=timezone.now())


@router.delete("/logins", response={200: LoginsEndedOut, **REFUSED})
async def end_other_logins(request: Request) -> LoginsEndedOut:
    """Log out everywhere else: every login ends but the one of this access token."""
    caller = require_parent(request.auth)
    ended = await sync_to_async(logins.end_others)(caller.user_id, current=caller.token_id, now=timezone.now())
    return LoginsEndedOut(ended=ended)


@router.delete("/logins/{login_id}", response={204: None, **REFUSED, 404: ErrorDetail, **INVALID})
async def end_login(request: Request, login_id: UUID) -> Status[None]:
    """End one login; doing it again answers the same."""
    await sync_to_async(logins.end)(require_parent(request.auth).user_id, login_id, now=timezone.now())
    return Status(204, None)


@router.get("/me", response={200: AccountOut, **REFUSED})
async def me(request: Request) -> AccountOut:
    """The account that this access token belongs to."""
    account = await callers.account(require_parent(request.auth))
    return AccountOut(id=account.user_id, email=account.email, is_admin=account.is_staff)
