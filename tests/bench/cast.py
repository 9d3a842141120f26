"""Many players at once: made set by set, for one insert each would take longer than the benchmarks."""

import uuid
from dataclasses import dataclass
from hashlib import md5
from typing import Any

from django.db import connection, transaction

from tests.families import make_title, make_user
from viewing.models import PlayerToken, Profile, ViewingTimeConfig


@dataclass(slots=True)
class Device:
    """What of `tests.families.Player` a load needs; its ids come from its number."""

    profile_id: str
    title_id: str
    token: str

    def body(self, **changes: Any) -> dict[str, Any]:
        ids = {"profile_id": self.profile_id, "title_id": self.title_id}
        return {**ids, "device_id": "living-room", "device_type": "tv", **changes}


# No limit that would stop them; the viewing day is the UTC date.
_MAKE = f"""
WITH number AS (SELECT %(salt)s || n AS name FROM generate_series(1, %(count)s) n),
profile AS (
    INSERT INTO {Profile._meta.db_table} (id, user_id, name, avatar_url, is_kids, created_at)
    SELECT md5('profile' || name)::uuid, %(user_id)s, 'Mia', '', true, now() FROM number RETURNING id
),
config AS (
    INSERT INTO {ViewingTimeConfig._meta.db_table} (
        profile_id, weekday_limit_minutes, weekend_limit_minutes, reset_hour, educational_exempt, timezone, updated_at)
    SELECT id, 480, 480, 0, true, 'UTC', now() FROM profile
)
INSERT INTO {PlayerToken._meta.db_table} (
    id, profile_id, device_name, token_hash, created_at, last_used_at, expires_at)
SELECT gen_random_uuid(), md5('profile' || name)::uuid, 'TV', sha256(('sgp_' || name)::bytea), now(), now(),
    now() + interval '90 days'
FROM number
"""


def make_devices(count: int) -> list[Device]:
    """Create `count` children of one account, each with a device."""
    salt = uuid.uuid4().hex
    title_id = str(make_title().id)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_MAKE, {"salt": salt, "count": count, "user_id": make_user().id})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    names = [f"{salt}{n}" for n in range(1, count + 1)]
    return [
        Device(str(uuid.UUID(md5(f"profile{name}".encode()).hexdigest())), title_id, f"sgp_{name}") for name in names
    ]
