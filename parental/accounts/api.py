"""Accounts and logins. `config/api.py` adds who may call; those marked `auth=None` are open."""

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from parental.accounts import accounts
from parental.accounts.schemas import AccountOut, LoginIn, RefreshIn, RegisterIn, TokenPairOut
from parental.tokens import callers, families
from parental.tokens.families import TokenPair
from viewing.caller import require_parent
from viewing.endpoints import BODY, REFUSED, Request
from viewing.schemas import ErrorDetail

router = Router()


@router.post("/register", auth=None, response={201: TokenPairOut, **BODY, 409: ErrorDetail, 429: ErrorDetail})
async def register(request: HttpRequest, body: RegisterIn) -> Status[TokenPair]:
    """Create an account and log in."""
    pair = await accounts.register(email=body.email, password=body.password, now=timezone.now())
    return Status(201, pair)


@router.post("/login", auth=None, response={200: TokenPairOut, **BODY, 401: ErrorDetail, 429: ErrorDetail})
async def login(request: HttpRequest, body: LoginIn) -> TokenPair:
    """Log in. After ten wrong passwords in five minutes an address is refused (429) until the five minutes end."""
    return await accounts.log_in(email=body.email, password=body.password, now=timezone.now())


@router.post("/refresh", auth=None, response={200: TokenPairOut, **BODY, 401: ErrorDetail})
async def refresh(request: HttpRequest, body: RefreshIn) -> TokenPair:
    """Exchange a refresh token for a new pair. Reusing a spent one revokes every token issued from it."""
    return await sync_to_async(families.rotate)(body.refresh_token, now=timezone.now())


@router.get("/me", response={200: AccountOut, **REFUSED})
async def me(request: Request) -> AccountOut:
    """The account that this access token belongs to."""
    account = await callers.account(require_parent(request.auth))
    return AccountOut(id=account.user_id, email=account.email, is_admin=account.is_staff)
