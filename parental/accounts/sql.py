"""The statement that counts password attempts."""

from datetime import datetime
from typing import Any

from django.db import connection

from parental.models import PasswordTries

TRIES = PasswordTries._meta.db_table


# Counts before the hash is compared, so that parallel tries cannot slip through; stops one above the limit, which the
# column's type must hold. Index: the primary key.
_RESERVE_TRY = f"""
INSERT INTO {TRIES} AS present (email_hash, tries, window_ends_at) VALUES (%(email_hash)s, 1, %(window_ends_at)s)
ON CONFLICT (email_hash) DO UPDATE SET
    tries = CASE WHEN present.window_ends_at <= %(now)s THEN 1 ELSE least(present.tries + 1, %(most)s + 1) END,
    window_ends_at = CASE
        WHEN present.window_ends_at <= %(now)s THEN excluded.window_ends_at ELSE present.window_ends_at
    END
RETURNING tries, window_ends_at
"""


def reserve_try(*, email_hash: bytes, most: int, now: datetime, window_ends_at: datetime) -> tuple[int, datetime]:
    """Count one try of a password: (tries of the running window, `most` + 1 when refused; when that window ends)."""
    parameters: Any = {"email_hash": email_hash, "most": most, "now": now, "window_ends_at": window_ends_at}
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE_TRY, parameters)
        tries, ends_at = cursor.fetchone()
    return tries, ends_at
