"""The statement that counts PIN attempts."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from parental.models import MAX_PIN_TRIES, PinGuard

PIN_GUARD = PinGuard._meta.db_table


# The same for a PIN. The fifth try in a row locks before it is compared: so it counts as wrong if its process dies
# during the comparison. A locked row is left as it is, but stays locked against others until the transaction ends.
# Index: pin_guard_uniq.
_RESERVE_PIN_TRY = f"""
INSERT INTO {PIN_GUARD} AS guard (user_id, player_token_id, reserved, cleared) VALUES (%(user_id)s, %(token_id)s, 1, 0)
ON CONFLICT (user_id, player_token_id) DO UPDATE SET
    reserved = guard.reserved + 1,
    locked_until = CASE WHEN guard.reserved + 1 = guard.cleared + %(max_tries)s THEN
        CASE WHEN guard.lockout_before_at > %(day_ago)s THEN %(for_good)s ELSE %(locked_until)s END
    END
WHERE guard.locked_until IS NULL
RETURNING id, reserved, locked_until
"""


def reserve_pin_try(
    *,
    user_id: UUID,
    token_id: UUID | None,
    day_ago: datetime,
    locked_until: datetime,
    for_good: datetime,
) -> tuple[int, int, datetime | None] | None:
    """Count one try of a PIN: (guard's id, the try's number, until when it locks); None when it is locked already.

    The fifth in a row locks until `locked_until`; `for_good` where the lockout before the last began after `day_ago`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _RESERVE_PIN_TRY,
            {
                "user_id": user_id,
                "token_id": token_id,
                "max_tries": MAX_PIN_TRIES,
                "day_ago": day_ago,
                "locked_until": locked_until,
                "for_good": for_good,
            },
        )
        row: tuple[int, int, datetime | None] | None = cursor.fetchone()
    return row
