"""Sessions and balances of all profiles, made set by set, and beats of them as the writer takes them."""

import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection

from tests.bench.cast import Device
from viewing import rules
from viewing.heartbeats import sql
from viewing.heartbeats.beats import Beat
from viewing.hotpath.entries import Title
from viewing.models import Profile
from viewing.profile import Profile as PlayerProfile

# A session a day; that of today runs.
_SESSIONS = f"""
INSERT INTO {sql.SESSION} (
    id, profile_id, title_id, device_id, device_type, is_educational, day, started_at, last_heartbeat_at, ended_at,
    end_reason, counted_seconds, exempt_seconds, first_sequence, last_sequence)
SELECT gen_random_uuid(), p.id, %(title_id)s, 'living-room', 'tv', false, (%(now)s - ago)::date, %(now)s - ago,
    %(now)s - ago, CASE WHEN n > 0 THEN %(now)s - ago END, CASE WHEN n > 0 THEN 'ended' ELSE '' END, 3600, 0, -1, -1
FROM unnest(%(days)s::int[]) n, LATERAL (SELECT n * interval '1 day' AS ago) s, {Profile._meta.db_table} p
WHERE %(profile_ids)s::uuid[] IS NULL OR p.id = ANY(%(profile_ids)s::uuid[])
ORDER BY n DESC
"""
_BALANCES = f"""
INSERT INTO {sql.BALANCE} (profile_id, day, used_seconds, educational_seconds, granted_seconds, is_unlimited_override)
SELECT profile_id, day, 3600, 0, 0, false FROM {sql.SESSION}
WHERE day IN (SELECT (%(now)s - n * interval '1 day')::date FROM unnest(%(days)s::int[]) n)
"""


def add(title_id: str, now: datetime, *, ago: range, profile_ids: Collection[str] | None = None) -> None:
    """A session of each of these days (0: today, and it runs) for each profile, or some, and the days' balances."""
    parameters: dict[str, Any] = {
        "title_id": title_id,
        "now": now,
        "days": list(ago),
        "profile_ids": None if profile_ids is None else list(profile_ids),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SESSIONS, parameters)
        cursor.execute(_BALANCES, parameters)


def analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def no_autovacuum() -> Iterator[None]:
    """Statistics stay as they are, however much changes."""
    with connection.cursor() as cursor:
        for table in (sql.SESSION, sql.BALANCE):
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        yield
        for table in (sql.SESSION, sql.BALANCE):
            cursor.execute(f"ALTER TABLE {table} RESET (autovacuum_enabled)")


def beat(device: Device, session_id: uuid.UUID | None, now: datetime, sequence: int = 1) -> Beat:
    title_id = uuid.UUID(device.title_id)
    return Beat(
        profile=PlayerProfile(id=uuid.UUID(device.profile_id), user_id=title_id, is_kids=True),
        title_id=title_id,
        title=Title(id=title_id, is_educational=False),
        session_id=session_id,
        device_id="living-room",
        device_type="tv",
        is_paused=False,
        sequence=sequence,
        pause_grace_seconds=rules.PAUSE_GRACE_SECONDS,
        day=now.date(),
        now=now,
    )
