"""Cache invalidation after staff or parents change something: in this process and every other one, after the commit.

The notification is sent in the transaction that makes the change, so it cannot arrive early, nor for a change that was
rolled back. No heartbeat sends one: adding it to every transaction cut commit throughput by two thirds
(docs/architecture.md).
"""

import secrets
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from viewing.hotpath import entries, lookup
from viewing.hotpath.lookup import Key

CHANNEL: Final = "sandglass_changes"
# PostgreSQL delivers our own notifications to us too; their keys are already invalidated here.
SENDER: Final = secrets.token_hex(8)

# A cache's name of its own, which workers of an older version ignore.
TITLE_BATCH: Final = "title_batch"
ALL: Final = "all"
# A notification holds less than 8,000 bytes.
MAX_NAMED: Final = 200

# How to parse the ids of each cache in a notification.
_PARSERS: dict[str, Callable[[str], Hashable]] = {
    "profiles": UUID,
    lookup.LIVE: UUID,
    "titles": UUID,
    "accounts": UUID,
    "players": bytes.fromhex,
    "gateways": bytes.fromhex,
    "services": bytes.fromhex,
    "automations": bytes.fromhex,
    "pairings": bytes.fromhex,
    "site": int,
    "catalog": str,
}


def profile_changed(profile_id: UUID) -> None:
    """A profile or its limits changed: the next heartbeat uses the new values."""
    _changed(("profiles", profile_id))


def live_changed(profile_id: UUID) -> None:
    """Something that live events show of a profile changed, and no cache holds: a balance, a grant, a request."""
    _changed((lookup.LIVE, profile_id))


def title_changed(title_id: UUID) -> None:
    _changed(("titles", title_id))
    _changed(entries.CATALOG)


def titles_changed(title_ids: Sequence[UUID]) -> None:
    """Many titles changed: one notification for all, which names them if they are few enough."""
    if not title_ids:
        return
    named = ",".join(id_.hex for id_ in title_ids) if len(title_ids) <= MAX_NAMED else ALL
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, f"{SENDER} {TITLE_BATCH} {named}"])
    transaction.on_commit(partial(_invalidate_titles, named))


def _invalidate_titles(named: str) -> None:
    if named == ALL:
        lookup.invalidate_all_of("titles")
    else:
        for written in named.split(","):
            lookup.invalidate(("titles", UUID(written)))
    lookup.invalidate(entries.CATALOG)


def site_changed() -> None:
    _changed(entries.SITE)


def player_token_changed(token_hash: bytes) -> None:
    """A token was revoked."""
    _changed(("players", token_hash))


def gateway_token_changed(token_hash: bytes) -> None:
    """A token was revoked, or its expiry changed."""
    _changed(("gateways", token_hash))


def service_token_changed(token_hash: bytes) -> None:
    """A token was revoked, or its expiry or its scopes changed."""
    _changed(("services", token_hash))


def api_token_changed(token_hash: bytes) -> None:
    """A token was revoked."""
    _changed(("automations", token_hash))


def pairing_changed(device_hash: bytes) -> None:
    """A parent approved or denied a screen that waits."""
    _changed(("pairings", device_hash))


def account_changed(family_id: UUID) -> None:
    """A login ended, or its account was changed or deactivated."""
    _changed(("accounts", family_id))


def _changed(key: Key) -> None:
    cache, identity = key
    written = identity.hex() if isinstance(identity, bytes) else str(identity)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, f"{SENDER} {cache} {written}"])
    transaction.on_commit(partial(lookup.invalidate, key))


def on_notification(payload: str) -> None:
    """Invalidate what another process changed.

    An unknown cache name comes from a newer version: that entry expires by its TTL. Raises ValueError for any other
    payload that cannot be parsed.
    """
    sender, cache, written = payload.split(" ", 2)
    if sender != SENDER and cache == TITLE_BATCH:
        _invalidate_titles(written)
    elif sender != SENDER and cache in _PARSERS:
        lookup.invalidate((cache, _PARSERS[cache](written)))
