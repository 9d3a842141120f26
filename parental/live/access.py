"""Who may open a stream: what let the caller in, and whether it still does."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.http import HttpRequest

from parental.tokens import callers, signed
from parental.tokens.opaque import digest
from viewing.caller import Caller
from viewing.endpoints import Request
from viewing.hotpath import threads
from viewing.hotpath.lookup import Key
from viewing.live.stream import Stream
from viewing.models import Profile

STREAM_TOKEN_SECONDS: Final = 900


def make_token(user_id: UUID, login_id: UUID) -> str:
    """What a page opens the account's stream with, for 15 minutes and while its login lasts; good for nothing else."""
    return signed.sign(signed.STREAM, user_id, login_id)


async def authenticate(token: str) -> Caller | None:
    """The caller of a page's stream token, or of any other token."""
    if not token.startswith(signed.STREAM):
        return await callers.authenticate(token)
    ids = signed.read(signed.STREAM, token, seconds=STREAM_TOKEN_SECONDS)
    return None if ids is None else await _of_login(*ids)


async def _of_login(user_id: UUID, login_id: UUID) -> Caller | None:
    account = await callers.accounts.get(login_id)
    is_valid = account is not None and account.user_id == user_id
    return Caller(kind="parent", user_id=user_id, token_id=login_id) if is_valid else None


def make_stream(request: Request, profile_ids: Collection[UUID]) -> Stream:
    """The stream of a request's caller, which ends when what let the caller in does."""
    caller, token = request.auth, _token(request)
    proof: Key = ("players", digest(token)) if caller.kind == "player" else ("automations", digest(token))
    if caller.kind == "parent":
        proof = ("accounts", caller.token_id or caller.user_id)

    async def is_valid() -> bool:
        if caller.kind == "parent" and caller.token_id is not None:
            return await _of_login(caller.user_id, caller.token_id) is not None
        if caller.kind == "parent":  # by the platform's own login, which ends by itself
            return True
        return await callers.authenticate(token) is not None

    return Stream(profile_ids, owner=caller.user_id, proof=proof, is_valid=is_valid)


def _token(request: HttpRequest) -> str:
    return request.headers.get("Authorization", "").partition(" ")[2]


async def profile_ids(user_id: UUID) -> list[UUID]:
    """The account's profiles in the order they were made."""
    return await threads.reads.run(_profile_ids, user_id)


def _profile_ids(user_id: UUID) -> list[UUID]:
    profiles = Profile.objects.using(threads.ALIAS).filter(user_id=user_id).order_by("created_at", "id")
    return list(profiles.values_list("id", flat=True))
