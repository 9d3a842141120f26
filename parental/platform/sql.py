"""The statements behind the platform's accounts and balances."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from parental.models import User
from viewing.hotpath.threads import execute
from viewing.models import Profile

PROFILE = Profile._meta.db_table
USER = User._meta.db_table

# Waits for a rival that inserts the same account, and then does nothing. Indexes: the unique ones of the account.
_INSERT_ACCOUNT = f"""
INSERT INTO {USER} (id, password, is_superuser, is_staff, is_active, email, external_id, date_joined)
VALUES (%(id)s, %(password)s, false, false, true, %(email)s, %(external_id)s, %(now)s)
ON CONFLICT DO NOTHING RETURNING id
"""


def insert_account(*, id_: UUID, password: str, email: str | None, external_id: str, now: datetime) -> bool:
    """Whether the account was inserted; not if the external id or the address is taken."""
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_ACCOUNT,
            {"id": id_, "password": password, "email": email, "external_id": external_id, "now": now},
        )
        return cursor.fetchone() is not None


# Indexes: user_external_id_uniq, profile_user_external_id_uniq.
_READ_PROFILE_IDS = f"""
SELECT asked.n, p.id
FROM unnest(%(accounts)s::text[], %(profiles)s::text[]) WITH ORDINALITY AS asked(account, profile, n)
JOIN {USER} u ON u.external_id = asked.account
JOIN {PROFILE} p ON p.user_id = u.id AND p.external_id = asked.profile AND p.erase_at IS NULL
"""


def read_profile_ids(pairs: Sequence[tuple[str, str]]) -> dict[int, UUID]:
    """The profiles' ids by their places among the pairs (account, profile) of external ids; unknown ones are left out.

    On the players' reading thread.
    """
    accounts, profiles = zip(*pairs, strict=True)
    rows = execute(_READ_PROFILE_IDS, {"accounts": list(accounts), "profiles": list(profiles)})
    return {n - 1: id_ for n, id_ in rows}
