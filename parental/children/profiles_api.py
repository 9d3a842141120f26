"""Profiles, and the tokens of their players."""

from uuid import UUID

from asgiref.sync import sync_to_async
from django.utils import timezone
from ninja import Router, Status

from parental.children import profiles
from parental.children.profile_schemas import PlayerTokenIn, PlayerTokenOut, ProfileIn, ProfileOut
from parental.children.profiles import ListedProfile
from parental.tokens import players
from parental.tokens.players import IssuedToken
from viewing.caller import obtain_profile, require_parent, require_reader
from viewing.endpoints import BODY, INVALID, REFUSED, Request
from viewing.schemas import ErrorDetail

router = Router()


@router.get("/profiles", response={200: list[ProfileOut], **REFUSED})
async def list_profiles(request: Request) -> list[ListedProfile]:
    """The account's profiles, oldest first."""
    return await sync_to_async(profiles.listing)(require_reader(request.auth).user_id)


@router.post("/profiles", response={201: ProfileOut, **REFUSED, **BODY, 409: ErrorDetail})
async def create_profile(request: Request, body: ProfileIn) -> Status[ListedProfile]:
    """Create a profile. A kids profile gets the default limits in the given timezone."""
    profile = await sync_to_async(profiles.create)(
        require_parent(request.auth).user_id,
        name=body.name,
        is_kids=body.is_kids,
        avatar_url=body.avatar_url or "",
        timezone=body.timezone,
    )
    return Status(201, profile)


@router.post("/profiles/{profile_id}/player-token", response={201: PlayerTokenOut, **REFUSED, **BODY})
async def create_player_token(request: Request, profile_id: UUID, body: PlayerTokenIn) -> Status[IssuedToken]:
    """Issue a token that lets a device play as one profile. It expires 90 days after its last use."""
    caller = require_parent(request.auth)
    await obtain_profile(caller, profile_id)
    issued = await sync_to_async(players.issue)(
        caller.user_id, profile_id, device_name=body.device_name, pin_token=body.pin_token, now=timezone.now()
    )
    return Status(201, issued)


@router.delete("/player-tokens/{token_id}", response={204: None, **REFUSED, 404: ErrorDetail, **INVALID})
async def revoke_player_token(request: Request, token_id: UUID) -> Status[None]:
    """Revoke a device's token. Revoking it again gives the same answer."""
    await sync_to_async(players.revoke)(require_parent(request.auth).user_id, token_id, now=timezone.now())
    return Status(204, None)
