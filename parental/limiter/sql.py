"""The statement that counts."""

from datetime import datetime

from django.db import connection

from parental.models import LimiterCount

COUNT = LimiterCount._meta.db_table

# Stops one above the limit, which the column's type must hold. Index: the primary key.
_ADD = f"""
INSERT INTO {COUNT} AS present (email_hash, tries, window_ends_at) VALUES (%(key)s, 1, %(window_ends_at)s)
ON CONFLICT (email_hash) DO UPDATE SET
    tries = CASE WHEN present.window_ends_at <= %(now)s THEN 1 ELSE least(present.tries + 1, %(max_count)s + 1) END,
    window_ends_at = CASE
        WHEN present.window_ends_at <= %(now)s THEN excluded.window_ends_at ELSE present.window_ends_at
    END
RETURNING tries, window_ends_at
"""


def add(key: bytes, *, max_count: int, now: datetime, window_ends_at: datetime) -> tuple[int, datetime]:
    """Count one: (the number within the running window, `max_count` + 1 when exceeded; when that window ends)."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD, {"key": key, "max_count": max_count, "now": now, "window_ends_at": window_ends_at})
        count, ends_at = cursor.fetchone()
    return count, ends_at
