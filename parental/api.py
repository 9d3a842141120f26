"""Accounts and tokens (contract, "/auth"). `config/api.py` adds who may call; those marked `auth=None` are open."""

from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from parental import accounts, player_tokens, profiles, tokens
from parental.schemas import (
    AccountOut,
    LoginIn,
    PlayerTokenIn,
    PlayerTokenOut,
    ProfileIn,
    ProfileOut,
    RefreshIn,
    RegisterIn,
    TokenPairOut,
)
from viewing.caller import Caller, obtain_profile, parent_only
from viewing.schemas import ErrorDetail, ValidationDetail

auth_router = Router()

REFUSED: dict[int, Any] = {401: ErrorDetail, 403: ErrorDetail, 503: ErrorDetail}
BODY: dict[int, Any] = {400: ErrorDetail, 413: ErrorDetail, 422: ValidationDetail, 503: ErrorDetail}


class Request(HttpRequest):
    auth: Caller


@auth_router.post("/register", auth=None, response={201: TokenPairOut, **BODY, 409: ErrorDetail, 429: ErrorDetail})
async def register(request: HttpRequest, body: RegisterIn) -> Status[Any]:  # noqa: ARG001 — Ninja's signature
    """Open an account and log in."""
    pair = await accounts.register(email=body.email, password=body.password, now=timezone.now())
    return Status(201, pair)


@auth_router.post("/login", auth=None, response={200: TokenPairOut, **BODY, 401: ErrorDetail, 429: ErrorDetail})
async def login(request: HttpRequest, body: LoginIn) -> dict[str, str]:  # noqa: ARG001
    """Log in with address and password; ten wrong ones in five minutes are refused (429) for the rest of them."""
    return await accounts.log_in(email=body.email, password=body.password, now=timezone.now())


@auth_router.post("/refresh", auth=None, response={200: TokenPairOut, **BODY, 401: ErrorDetail})
async def refresh(request: HttpRequest, body: RefreshIn) -> dict[str, str]:  # noqa: ARG001
    """Spend a refresh token for a new pair. Using it again ends every token grown from it."""
    return await sync_to_async(tokens.rotate)(body.refresh_token, now=timezone.now())


@auth_router.get("/me", response={200: AccountOut, **REFUSED})
async def me(request: Request) -> dict[str, Any]:
    """The account of this access token."""
    account = await tokens.account(parent_only(request.auth))
    return {"id": account.user_id, "email": account.email, "is_admin": account.is_staff}


@auth_router.get("/profiles", response={200: list[ProfileOut], **REFUSED})
async def list_profiles(request: Request) -> list[dict[str, Any]]:
    """The account's profiles in the order they were made."""
    return await sync_to_async(profiles.listing)(parent_only(request.auth).user_id)


@auth_router.post("/profiles", response={201: ProfileOut, **REFUSED, **BODY, 409: ErrorDetail})
async def create_profile(request: Request, body: ProfileIn) -> Status[Any]:
    """Make a profile; a child's gets the default limits in the given timezone."""
    profile = await sync_to_async(profiles.create)(
        parent_only(request.auth).user_id,
        name=body.name,
        is_kids=body.is_kids,
        avatar_url=body.avatar_url or "",
        timezone=body.timezone,
    )
    return Status(201, profile)


@auth_router.post("/profiles/{profile_id}/player-token", response={201: PlayerTokenOut, **REFUSED, **BODY})
async def create_player_token(request: Request, profile_id: UUID, body: PlayerTokenIn) -> Status[Any]:
    """Give a device the right to play as one profile, for 90 days from its last use."""
    caller = parent_only(request.auth)
    await obtain_profile(caller, profile_id)
    issued = await sync_to_async(player_tokens.issue)(
        caller.user_id, profile_id, device_name=body.device_name, pin_token=body.pin_token, now=timezone.now()
    )
    return Status(201, issued)


@auth_router.delete(
    "/player-tokens/{token_id}", response={204: None, **REFUSED, 404: ErrorDetail, 422: ValidationDetail}
)
async def revoke_player_token(request: Request, token_id: UUID) -> Status[None]:
    """Take a device's right back; doing it again answers the same."""
    await sync_to_async(player_tokens.revoke)(parent_only(request.auth).user_id, token_id, now=timezone.now())
    return Status(204, None)
