"""The statement that adds a grant to a day's balance."""

from datetime import date
from uuid import UUID

from django.db import connection

from viewing.models import ViewingTimeBalance

BALANCE = ViewingTimeBalance._meta.db_table


# Adds, so that parallel grants and beats lose nothing; no beat may have come yet. Index: balance_profile_day_uniq.
_ADD_GRANT = f"""
INSERT INTO {BALANCE} AS present
    (profile_id, day, used_seconds, educational_seconds, granted_seconds, is_unlimited_override)
VALUES (%(profile_id)s, %(day)s, 0, 0, %(seconds)s, %(unlimited)s)
ON CONFLICT (profile_id, day) DO UPDATE SET
    granted_seconds = present.granted_seconds + excluded.granted_seconds,
    is_unlimited_override = present.is_unlimited_override OR excluded.is_unlimited_override
RETURNING used_seconds, granted_seconds, is_unlimited_override
"""


def add_grant(*, profile_id: UUID, day: date, seconds: int, unlimited: bool) -> ViewingTimeBalance:
    """Add to what was granted of a viewing day, in seconds, or lift its limit: the balance after that."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_GRANT, {"profile_id": profile_id, "day": day, "seconds": seconds, "unlimited": unlimited})
        used_seconds, granted_seconds, is_unlimited_override = cursor.fetchone()
    return ViewingTimeBalance(
        profile_id=profile_id,
        day=day,
        used_seconds=used_seconds,
        granted_seconds=granted_seconds,
        is_unlimited_override=is_unlimited_override,
    )
