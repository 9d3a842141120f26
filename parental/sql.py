"""Statements of the accounts' side that the ORM cannot say. One function a statement; see `viewing/sql.py`."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from parental.models import MOST_PIN_TRIES, PasswordTries, PinGuard, TokenFamily, User
from viewing.hotpath import execute
from viewing.models import ViewingTimeBalance

BALANCE = ViewingTimeBalance._meta.db_table
FAMILY = TokenFamily._meta.db_table
PIN_GUARD = PinGuard._meta.db_table
TRIES = PasswordTries._meta.db_table
USER = User._meta.db_table

# In the lookups' thread, hence not by the ORM: for all waiting callers at once. Indexes: both primary keys.
_READ_ACCOUNTS = f"""
SELECT f.id, u.id, u.email, u.is_staff FROM {FAMILY} f JOIN {USER} u ON u.id = f.user_id
WHERE f.id = ANY(%(family_ids)s::uuid[]) AND f.ended_at IS NULL AND u.is_active
"""


def read_accounts(family_ids: Collection[UUID]) -> list[tuple[UUID, UUID, str, bool]]:
    """(family id, account id, e-mail, is staff) of the running families of active accounts among the ids."""
    rows = execute(_READ_ACCOUNTS, {"family_ids": list(family_ids)}, counted_as="accounts")
    return [(row[0], row[1], row[2], row[3]) for row in rows]


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
    parameters: Any = {"profile_id": profile_id, "day": day, "seconds": seconds, "unlimited": unlimited}
    with connection.cursor() as cursor:
        cursor.execute(_ADD_GRANT, parameters)
        used_seconds, granted_seconds, is_unlimited_override = cursor.fetchone()
    return ViewingTimeBalance(
        profile_id=profile_id,
        day=day,
        used_seconds=used_seconds,
        granted_seconds=granted_seconds,
        is_unlimited_override=is_unlimited_override,
    )
