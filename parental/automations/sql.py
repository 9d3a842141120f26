"""The statement behind the cached API tokens."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from parental.models import ApiToken, User
from viewing.hotpath.threads import execute

API_TOKEN = ApiToken._meta.db_table
USER = User._meta.db_table

# `last_used_at` is kept to the hour. Index: unique on the hash.
_READ_API_TOKENS = f"""
WITH token AS (
    SELECT t.* FROM {API_TOKEN} t JOIN {USER} u ON u.id = t.user_id
    WHERE t.token_hash = ANY(%(hashes)s::bytea[]) AND t.revoked_at IS NULL
        AND (t.expires_at IS NULL OR t.expires_at > %(now)s) AND u.is_active
), used AS (
    UPDATE {API_TOKEN} t SET last_used_at = %(now)s
    FROM token WHERE t.id = token.id AND coalesce(t.last_used_at < %(now)s - interval '1 hour', true)
)
SELECT token_hash, id, user_id, expires_at FROM token
"""


def read_api_tokens(*, hashes: Collection[bytes], now: datetime) -> list[tuple[bytes, UUID, UUID, datetime | None]]:
    """(hash, token id, account id, expiry or None) of the valid tokens among the hashes; records their use."""
    rows = execute(_READ_API_TOKENS, {"hashes": list(hashes), "now": now})
    return [(bytes(token_hash), id_, user_id, expires_at) for token_hash, id_, user_id, expires_at in rows]
