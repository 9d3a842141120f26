"""The statement that counts PIN attempts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from parental.models import MOST_PIN_TRIES, PinGuard

PIN_GUARD = PinGuard._meta.db_table


# As above, for a PIN. The try that fills the row of five locks at once: so it counts as wrong, should its process die
# while it is compared. A locked row is left as it is, but stays locked against others until the transaction ends.
# Index: pin_guard_uniq.
_RESERVE_PIN_TRY = f"""
INSERT INTO {PIN_GUARD} AS guard (user_id, player_token_id, reserved, cleared) VALUES (%(user_id)s, %(token_id)s, 1, 0)
ON CONFLICT (user_id, player_token_id) DO UPDATE SET
    reserved = guard.reserved + 1,
    locked_until = CASE WHEN guard.reserved + 1 = guard.cleared + %(most)s THEN
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
    parameters: Any = {
        "user_id": user_id,
        "token_id": token_id,
        "most": MOST_PIN_TRIES,
        "day_ago": day_ago,
        "locked_until": locked_until,
        "for_good": for_good,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE_PIN_TRY, parameters)
        row: tuple[int, int, datetime | None] | None = cursor.fetchone()
    return row
