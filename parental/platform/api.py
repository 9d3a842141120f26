"""What the platform's backends call, by the scope of their tokens (docs/contract.md#platform)."""

from typing import Final
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.utils import timezone
from ninja import Router, Status
from pydantic_core import to_json

from parental.children.profile_schemas import PlayerTokenOut
from parental.plans import explain
from parental.plans.preview_schemas import ExplainOut
from parental.platform import accounts, balances, erasure
from parental.platform.accounts import Account
from parental.platform.schemas import (
    BalancesIn,
    BalancesOut,
    ErasureOut,
    ExternalIdInPath,
    PlatformAccountIn,
    PlatformAccountOut,
    PlatformAccountWithEmailOut,
    PlatformPlayerTokenIn,
)
from parental.privacy.erasures import Planned
from parental.tokens.players import IssuedToken
from perfmetrics.counting.lean import lean
from viewing.catalogue import feed
from viewing.catalogue.feed import Fed
from viewing.catalogue.schemas import RetiredOut, RetireIn, TitlesIn, TitlesOut
from viewing.endpoints import BODY, INVALID, REFUSED, Request
from viewing.errors import Refusal
from viewing.hotpath import entries
from viewing.schemas import ErrorDetail

accounts_router = Router()
read_router = Router()
catalogue_router = Router()
# By the scope that a service token needs for it.
routers: Final = {"accounts": accounts_router, "catalogue": catalogue_router, "read": read_router}


@accounts_router.put(
    "/accounts/{external_id}",
    response={200: PlatformAccountOut, 201: PlatformAccountOut, **REFUSED, **BODY, 409: ErrorDetail},
)
async def put_account(request: Request, external_id: ExternalIdInPath, body: PlatformAccountIn) -> Status[Account]:
    """Make an account with its profiles, or change what differs. Profiles that are not named stay."""
    account, is_made = await sync_to_async(accounts.put)(external_id, body, now=timezone.now())
    return Status(201 if is_made else 200, account)


@accounts_router.get(
    "/accounts/{external_id}",
    response={200: PlatformAccountWithEmailOut, **REFUSED, 404: ErrorDetail, **INVALID},
)
async def get_account(request: Request, external_id: ExternalIdInPath) -> Account:
    """An account with its profiles."""
    return await sync_to_async(accounts.get)(external_id)


@accounts_router.delete("/accounts/{external_id}", response={202: ErasureOut, **REFUSED, 404: ErrorDetail, **INVALID})
async def erase_account(request: Request, external_id: ExternalIdInPath) -> Status[Planned]:
    """Close an account immediately, and erase it with everything in it when the grace is over."""
    return Status(202, await sync_to_async(erasure.erase_account)(external_id, now=timezone.now()))


@accounts_router.post(
    "/accounts/{external_id}/restore",
    response={200: PlatformAccountWithEmailOut, **REFUSED, 404: ErrorDetail, 409: ErrorDetail, **INVALID},
)
async def restore_account(request: Request, external_id: ExternalIdInPath) -> Account:
    """Take back the erasure of an account, within the grace. Its devices and logins stay revoked."""
    await sync_to_async(erasure.restore_account)(external_id, now=timezone.now())
    return await sync_to_async(accounts.get)(external_id)


@accounts_router.delete(
    "/accounts/{external_id}/profiles/{profile_external_id}",
    response={202: ErasureOut, **REFUSED, 404: ErrorDetail, **INVALID},
)
async def erase_profile(
    request: Request, external_id: ExternalIdInPath, profile_external_id: ExternalIdInPath
) -> Status[Planned]:
    """Hide a profile immediately, and erase it with everything that it watched when the grace is over."""
    planned = await sync_to_async(erasure.erase_profile)(external_id, profile_external_id, now=timezone.now())
    return Status(202, planned)


@accounts_router.post(
    "/accounts/{external_id}/profiles/{profile_external_id}/restore",
    response={200: PlatformAccountWithEmailOut, **REFUSED, 404: ErrorDetail, 409: ErrorDetail, **INVALID},
)
async def restore_profile(
    request: Request, external_id: ExternalIdInPath, profile_external_id: ExternalIdInPath
) -> Account:
    """Take back the erasure of a profile, within the grace. Its devices stay revoked."""
    await sync_to_async(erasure.restore_profile)(external_id, profile_external_id, now=timezone.now())
    return await sync_to_async(accounts.get)(external_id)


@accounts_router.post(
    "/accounts/{external_id}/profiles/{profile_external_id}/player-token",
    response={201: PlayerTokenOut, **REFUSED, **BODY, 404: ErrorDetail},
)
async def issue_player_token(
    request: Request, external_id: ExternalIdInPath, profile_external_id: ExternalIdInPath, body: PlatformPlayerTokenIn
) -> Status[IssuedToken]:
    """Issue a token that lets a device play as one profile; no PIN, for the platform vouches for the device."""
    issued = await sync_to_async(accounts.issue_player_token)(
        external_id, profile_external_id, device_name=body.device_name, now=timezone.now()
    )
    return Status(201, issued)


@read_router.post("/balances", response={200: BalancesOut, **REFUSED, **BODY})
@lean
async def read_balances(request: Request, body: BalancesIn) -> HttpResponse:
    """The balances of up to 1,000 profiles of any accounts, in the order of the request."""
    found = await balances.answers(body.profiles, now=timezone.now())
    return HttpResponse(to_json({"balances": found}), content_type="application/json")


@read_router.get(
    "/profiles/{profile_id}/explain", by_alias=True, response={200: ExplainOut, **REFUSED, 404: ErrorDetail, **INVALID}
)
async def explain_profile(request: Request, profile_id: UUID, title_id: UUID | None = None) -> ExplainOut:
    """Why something may play now, or not, for a profile of any account, as the parent's explain."""
    profile = await entries.profiles.get(profile_id)
    if profile is None:
        raise Refusal("not_found", "Profile not found")
    title = None if title_id is None else await entries.titles.get(title_id)
    if title_id is not None and title is None:
        raise Refusal("title_unknown")
    is_educational = title is not None and title.is_educational
    return await sync_to_async(explain.read)(profile, is_educational=is_educational, now=timezone.now())


@catalogue_router.put("/titles", response={200: TitlesOut, **REFUSED, **BODY})
async def put_titles(request: Request, body: TitlesIn) -> Fed:
    """Make up to 1,000 titles, or change what differs: all of them or, if one is invalid, none."""
    return await sync_to_async(feed.put)(body.titles, now=timezone.now())


@catalogue_router.post("/titles/retire", response={200: RetiredOut, **REFUSED, **BODY})
async def retire_titles(request: Request, body: RetireIn) -> RetiredOut:
    """Take titles out of the catalogue. Sessions of them go on; none begins. A PUT brings them back."""
    retired = await sync_to_async(feed.retire)(body.external_ids, now=timezone.now())
    return RetiredOut(retired=retired)
