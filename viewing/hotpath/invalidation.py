"""What to forget when staff or parents change something: here and in every other process, once it is committed.

A notification goes out in the transaction that makes the change, so it cannot come early, or for a change that was
taken back. No heartbeat sends one: in every transaction they cut commits to a third (docs/architecture.md).
"""

import secrets
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from viewing.hotpath import entries, lookup
from viewing.hotpath.lookup import Key

CHANNEL: Final = "sandglass_changes"
# Our own notifications come back to us; what they name is forgotten already.
SENDER: Final = secrets.token_hex(8)

# How the ids of each cache are read from a notification.
_PARSERS: dict[str, Callable[[str], Any]] = {
    "profiles": UUID,
    "titles": UUID,
    "accounts": UUID,
    "players": bytes.fromhex,
    "gateways": bytes.fromhex,
    "site": int,
    "catalog": str,
}


def profile_changed(profile_id: UUID) -> None:
    """A profile or its limits: in force on the next heartbeat (FR-005)."""
    _changed(("profiles", profile_id))


def title_changed(title_id: UUID) -> None:
    _changed(("titles", title_id))
    _changed(entries.CATALOG)


def site_changed() -> None:
    _changed(entries.SITE)


def player_token_changed(token_hash: bytes) -> None:
    """A token was revoked."""
    _changed(("players", token_hash))


def gateway_token_changed(token_hash: bytes) -> None:
    """A token was revoked, or its expiry changed."""
    _changed(("gateways", token_hash))


def account_changed(family_id: UUID) -> None:
    """A log-in ended, or its account was changed or deactivated."""
    _changed(("accounts", family_id))


def _changed(key: Key) -> None:
    cache, identity = key
    written = identity.hex() if isinstance(identity, bytes) else str(identity)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, f"{SENDER} {cache} {written}"])
    transaction.on_commit(partial(lookup.forget, key))


def heard(payload: str) -> None:
    """Forget what another process changed. What nobody here understands, a newer version sent: it heals at the TTL."""
    sender, cache, written = payload.split(" ", 2)
    if sender != SENDER and cache in _PARSERS:
        lookup.forget((cache, _PARSERS[cache](written)))
