"""The statement behind the tokens of the platform's own login."""

from collections.abc import Sequence
from uuid import UUID

from parental.models import User
from viewing.hotpath.threads import execute
from viewing.models import Profile

PROFILE = Profile._meta.db_table
USER = User._meta.db_table

# For all waiting tokens together. Indexes: user_external_id_uniq, profile_user_external_id_uniq.
_READ_SUBJECTS = f"""
SELECT asked.n, u.id, p.id
FROM unnest(%(subjects)s::text[], %(profiles)s::text[]) WITH ORDINALITY AS asked(subject, profile, n)
JOIN {USER} u ON u.external_id = asked.subject AND u.is_active
LEFT JOIN {PROFILE} p ON p.user_id = u.id AND p.external_id = asked.profile AND p.erase_at IS NULL
"""


def read_subjects(asked: Sequence[tuple[str, str | None]]) -> dict[int, tuple[UUID, UUID | None]]:
    """(account id, profile id) by the place among the pairs (subject, external profile id), of active accounts.

    On the players' reading thread.
    """
    subjects, profiles = zip(*asked, strict=True)
    rows = execute(_READ_SUBJECTS, {"subjects": list(subjects), "profiles": list(profiles)})
    return {n - 1: (user_id, profile_id) for n, user_id, profile_id in rows}
