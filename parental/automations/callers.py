"""Whom an API token speaks for, at most 60 calls a minute in each worker: a loop gone wild must not hurt."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils import timezone

from parental.automations import sql
from parental.tokens.opaque import digest
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.hotpath.lookup import Fetcher, Key, Lookup

CALLS_A_MINUTE: Final = 60
MAX_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Known:
    id: UUID
    user_id: UUID
    expires_at: datetime | None


def _read(keys: list[Key]) -> dict[Key, Known]:
    hashes = [key[1] for key in keys if isinstance(key[1], bytes)]
    return {
        ("automations", token_hash): Known(id_, user_id, expires_at)
        for token_hash, id_, user_id, expires_at in sql.read_api_tokens(hashes=hashes, now=timezone.now())
    }


_tokens: Lookup[bytes, Known] = Lookup("automations", Fetcher(_read))
# By token: how many calls it may make, and as of when (by the monotonic clock).
_allowances: OrderedDict[UUID, tuple[float, float]] = OrderedDict()


async def authenticate(token: str) -> Caller | None:
    """The caller that an API token proves, or None. Refusal 429 after 60 calls a minute."""
    found = await _tokens.get(digest(token))
    if found is None or (found.expires_at is not None and found.expires_at <= timezone.now()):
        return None
    _spend(found.id)
    return Caller(kind="automation", user_id=found.user_id, token_id=found.id)


def _spend(token_id: UUID) -> None:
    now = time.monotonic()
    left, since = _allowances.pop(token_id, (float(CALLS_A_MINUTE), now))
    left = min(CALLS_A_MINUTE, left + (now - since) * CALLS_A_MINUTE / 60)
    is_allowed = left >= 1
    _allowances[token_id] = (left - 1 if is_allowed else left, now)
    if len(_allowances) > MAX_REMEMBERED:
        _allowances.popitem(last=False)
    if not is_allowed:
        raise Refusal("rate_limited", "This token may make 60 calls a minute. Try again later.")
