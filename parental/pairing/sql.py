"""The statements of pairing that run in the database threads of the players' path."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from viewing.hotpath.invalidation import CHANNEL, SENDER
from viewing.hotpath.threads import execute
from viewing.models import DevicePairing, PlayerToken, Profile

PAIRING = DevicePairing._meta.db_table
PLAYER_TOKEN = PlayerToken._meta.db_table
PROFILE = Profile._meta.db_table

# An answer that got lost may be asked for again: not by polls of the same moment, and not for long.
REPEATED_AFTER: Final = timedelta(seconds=2)
REPEATED_FOR: Final = timedelta(seconds=60)

Row = tuple[bytes, str, datetime, datetime | None, list[UUID]]

# Index: unique on the hash.
_READ = f"""
SELECT device_hash, state, expires_at, redeemed_at, token_ids FROM {PAIRING}
WHERE device_hash = ANY(%(hashes)s::bytea[])
"""


def read_pairings(hashes: Collection[bytes]) -> list[Row]:
    """(hash, state, expiry, when it was redeemed or None, token ids) of the pairings among the hashes."""
    rows = execute(_READ, {"hashes": list(hashes)})
    return [(bytes(row[0]), row[1], row[2], row[3], row[4]) for row in rows]


# The row's lock lets one of parallel polls get the tokens: the others find it redeemed a moment ago. Each token gets
# the hash of the one that is handed out now, so no plain token is ever stored; the hash before it, which an earlier
# answer may have handed out, is invalid in every process.
_REDEEM = f"""
WITH held AS (
    SELECT id, token_ids FROM {PAIRING}
    WHERE device_hash = %(device_hash)s AND (
        (state = 'approved' AND expires_at > %(now)s)
        OR (state = 'redeemed' AND redeemed_at > %(repeated_since)s AND redeemed_at <= %(repeated_until)s)
    )
    FOR NO KEY UPDATE
), redeemed AS (
    UPDATE {PAIRING} p SET state = 'redeemed', redeemed_at = %(now)s FROM held WHERE p.id = held.id
), fresh AS (
    SELECT * FROM unnest(%(token_ids)s::uuid[], %(hashes)s::bytea[]) AS fresh (token_id, token_hash)
    WHERE token_id = ANY((SELECT token_ids FROM held)::uuid[])
), taken AS (
    UPDATE {PLAYER_TOKEN} t SET token_hash = fresh.token_hash, expires_at = %(token_expires_at)s
    FROM fresh JOIN {PLAYER_TOKEN} old ON old.id = fresh.token_id JOIN {PROFILE} p ON p.id = old.profile_id
    WHERE t.id = fresh.token_id AND t.revoked_at IS NULL
    RETURNING t.id, t.profile_id, p.name, p.created_at, old.token_hash, t.expires_at
)
SELECT
    taken.id, taken.profile_id, taken.name, taken.token_hash, taken.expires_at,
    CASE WHEN taken.id IS NOT NULL
        THEN pg_notify(%(channel)s, %(sender)s || ' players ' || encode(taken.token_hash, 'hex')) END
FROM held LEFT JOIN taken ON true ORDER BY taken.created_at, taken.profile_id
"""


class Redeemed(NamedTuple):
    """A token whose hash was replaced."""

    token_id: UUID
    profile_id: UUID
    profile_name: str
    old_hash: bytes
    expires_at: datetime


def redeem(
    device_hash: bytes, hashes: Mapping[UUID, bytes], now: datetime, token_expires_at: datetime
) -> list[Redeemed] | None:
    """Give the tokens of an approved pairing their hashes, by token id. None: it may not be redeemed at this moment.

    Empty: it may, but none of its tokens is left.
    """
    rows = execute(
        _REDEEM,
        {
            "device_hash": device_hash,
            "now": now,
            "repeated_since": now - REPEATED_FOR,
            "repeated_until": now - REPEATED_AFTER,
            "token_ids": list(hashes),
            "hashes": list(hashes.values()),
            "token_expires_at": token_expires_at,
            "channel": CHANNEL,
            "sender": SENDER,
        },
    )
    if not rows:
        return None
    return [Redeemed(*row[:5]) for row in rows if row[0] is not None]


def delete_unfetched(token_ids: Collection[UUID]) -> None:
    """Tokens of screens that never fetched them: nobody ever held one."""
    if token_ids:
        PlayerToken.objects.filter(pk__in=token_ids).delete()
