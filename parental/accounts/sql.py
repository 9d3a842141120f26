"""The statement that counts password attempts."""

from datetime import datetime

from django.db import connection

from parental.models import PasswordTries

TRIES = PasswordTries._meta.db_table


# Counts before the hash is compared, so that parallel tries cannot slip through; stops one above the limit, which the
# column's type must hold. Index: the primary key.
_RESERVE_TRY = f"""
INSERT INTO {TRIES} AS present (email_hash, tries, window_ends_at) VALUES (%(email_hash)s, 1, %(window_ends_at)s)
ON CONFLICT (email_hash) DO UPDATE SET
    tries = CASE WHEN present.window_ends_at <= %(now)s THEN 1 ELSE least(present.tries + 1, %(max_tries)s + 1) END,
    window_ends_at = CASE
        WHEN present.window_ends_at <= %(now)s THEN excluded.window_ends_at ELSE present.window_ends_at
    END
RETURNING tries, window_ends_at
"""


def reserve_try(*, email_hash: bytes, max_tries: int, now: datetime, window_ends_at: datetime) -> tuple[int, datetime]:
    """Count one try: (tries of the running window, `max_tries` + 1 when refused; when that window ends)."""
    with connection.cursor() as cursor:
        cursor.execute(
            _RESERVE_TRY,
            {"email_hash": email_hash, "max_tries": max_tries, "now": now, "window_ends_at": window_ends_at},
        )
        tries, ends_at = cursor.fetchone()
    return tries, ends_at
