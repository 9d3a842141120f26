"""The statement behind the cached accounts."""

from collections.abc import Collection
from uuid import UUID

from parental.models import TokenFamily, User
from viewing.hotpath.threads import execute

FAMILY = TokenFamily._meta.db_table
USER = User._meta.db_table

# In the lookups' thread, hence not by the ORM: for all waiting callers together. Indexes: both primary keys.
_READ_ACCOUNTS = f"""
SELECT f.id, u.id, u.email, u.is_staff FROM {FAMILY} f JOIN {USER} u ON u.id = f.user_id
WHERE f.id = ANY(%(family_ids)s::uuid[]) AND f.ended_at IS NULL AND u.is_active
"""


def read_accounts(family_ids: Collection[UUID]) -> list[tuple[UUID, UUID, str | None, bool]]:
    """(family id, account id, e-mail, is staff) of the running families of active accounts among the ids."""
    rows = execute(_READ_ACCOUNTS, {"family_ids": list(family_ids)}, counted_as="accounts")
    return [(row[0], row[1], row[2], row[3]) for row in rows]
