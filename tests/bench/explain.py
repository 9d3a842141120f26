"""`make plans`: EXPLAIN (ANALYZE, BUFFERS) of every hot statement at a million sessions, into `docs/plans.md`.

The data are made set by set in the benchmarks' own database. Each statement is prepared and its generic plan shown,
which needs no new look at the parameters; nothing that it writes is kept.
"""

import sys
import tempfile
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.bench import scratch

if __name__ == "__main__":
    scratch.start()

import psycopg
from django.db import connection
from django.utils import timezone

from tests import processes
from tests.bench import generator
from tests.bench.cast import Device, make_devices
from tests.families import make_gateway
from tests.plans import explain, sent_by
from viewing import rules
from viewing.heartbeats import sql
from viewing.heartbeats.beats import Beat
from viewing.hotpath import sql as hotpath_sql
from viewing.hotpath.entries import PLAYER_TOKEN_LIFETIME, Title
from viewing.models import Profile, ViewingSession
from viewing.playback import balances
from viewing.playback import sql as playback_sql
from viewing.profile import Profile as PlayerProfile

PLANS = Path(__file__).resolve().parent.parent.parent / "docs" / "plans.md"
PROFILES = 100_000
DAYS = 10
BATCH = 256
GATEWAYS, REQUESTS = 5, 60

# A session a day, the newest of which runs.
_SESSIONS = f"""
INSERT INTO {sql.SESSION} (
    id, profile_id, title_id, device_id, device_type, is_educational, day, started_at, last_heartbeat_at, ended_at,
    end_reason, counted_seconds, exempt_seconds, first_sequence, last_sequence)
SELECT gen_random_uuid(), p.id, %(title_id)s, 'living-room', 'tv', false, (%(now)s - ago)::date, %(now)s - ago,
    %(now)s - ago, CASE WHEN n > 0 THEN %(now)s - ago END, CASE WHEN n > 0 THEN 'ended' ELSE '' END, 3600, 0, -1, -1
FROM generate_series(%(days)s - 1, 0, -1) n, LATERAL (SELECT n * interval '1 day' AS ago) s, {Profile._meta.db_table} p
"""
_BALANCES = f"""
INSERT INTO {sql.BALANCE} (profile_id, day, used_seconds, educational_seconds, granted_seconds, is_unlimited_override)
SELECT profile_id, day, 3600, 0, 0, false FROM {sql.SESSION}
"""

HEAD = f"""# The plans of the hot statements

Written by `make plans`: {PROFILES:,} profiles, {PROFILES * DAYS:,} sessions of which {PROFILES:,} run, and
{PROFILES * DAYS:,} balances. Each statement as the service prepares it, with its generic plan, what it took, and the
pages that it touched (`shared hit`: found in memory, `read`: not). It ran once before; nothing that it wrote was kept.
"""


HOT_HEAD = """## Updates in place

{beats:,} beats of {players:,} players over HTTP, as `pg_stat_user_tables` counts them:

| table | updates | of them HOT |
|---|---|---|"""


def main() -> int:
    devices = make_devices(PROFILES)
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_SESSIONS, {"title_id": devices[0].title_id, "days": DAYS, "now": now})
        cursor.execute(_BALANCES)
        cursor.execute("VACUUM ANALYZE")
    parts = [HEAD]
    with psycopg.connect(processes.database_url()) as explaining:
        for name, call in statements(devices, now).items():
            parts.append(f"## {name}\n\n```\n{plan(explaining, *sent_by(call))}\n```\n")
    PLANS.write_text("\n".join([*parts, hot_updates(devices)]))
    print(f"Written to docs/{PLANS.name}")
    return 0


def statements(devices: list[Device], now: datetime) -> dict[str, Callable[[], Any]]:
    """Every statement of the players' and the gateways' path, by what it does."""
    some = devices[:: PROFILES // BATCH][:BATCH]
    ids = [uuid.UUID(device.profile_id) for device in some]
    running = dict(ViewingSession.objects.filter(ended_at=None, profile_id__in=ids).values_list("profile_id", "id"))
    warm = [_beat(device, running[id_], now).as_row(n) for n, (device, id_) in enumerate(zip(some, ids, strict=True))]
    first = [_beat(device, None, now).as_row(n) for n, device in enumerate(some)]
    hashes = [sha256(device.token.encode()).digest() for device in some]
    title_id, user_id = uuid.UUID(some[0].title_id), Profile.objects.get(id=ids[0]).user_id
    child = PlayerProfile(id=ids[0], user_id=user_id, is_kids=True)
    entries: dict[str, Any] = {"title_ids": [title_id], "with_site": True}
    expires_at = now + PLAYER_TOKEN_LIFETIME
    session: dict[str, Any] = {"session_id": running[ids[0]], "user_id": user_id, "profile_id": ids[0], "now": now}
    # Of a token that was used long ago, the dearer case.
    later = now + timedelta(hours=2)
    return {
        "256 warm beats": lambda: sql.continue_sessions(warm),
        "One warm beat": lambda: sql.continue_sessions(warm[:1]),
        "256 first beats, each taking over": lambda: sql.begin_sessions(first),
        "One first beat": lambda: sql.begin_sessions(first[:1]),
        "256 profiles with their limits, a title, the site": lambda: hotpath_sql.read_beat_entries(
            profile_ids=ids, **entries
        ),
        "One profile with its limits, a title, the site": lambda: hotpath_sql.read_beat_entries(
            profile_ids=ids[:1], **entries
        ),
        "256 player tokens": lambda: hotpath_sql.read_player_tokens(hashes=hashes, now=now, expires_at=expires_at),
        "One player token, renewed": lambda: hotpath_sql.read_player_tokens(
            hashes=hashes[:1], now=later, expires_at=expires_at
        ),
        "A gateway token": lambda: hotpath_sql.read_gateway_tokens(
            hashes=[sha256(make_gateway().token.encode()).digest()], now=now
        ),
        "The end of a session": lambda: playback_sql.end_session(**session),
        "A balance": lambda: balances.read_balance(child, now=now),
    }


def _beat(device: Device, session_id: uuid.UUID | None, now: datetime) -> Beat:
    title_id = uuid.UUID(device.title_id)
    return Beat(
        profile=PlayerProfile(id=uuid.UUID(device.profile_id), user_id=title_id, is_kids=True),
        title_id=title_id,
        title=Title(id=title_id, is_educational=False),
        session_id=session_id,
        device_id="living-room",
        device_type="tv",
        is_paused=False,
        sequence=1,
        pause_grace_seconds=rules.PAUSE_GRACE_SECONDS,
        day=now.date(),
        now=now,
    )


def plan(explaining: psycopg.Connection[Any], statement: str, parameters: Any) -> str:
    """The generic plan of the statement's second run."""
    lines = explain(explaining, statement, parameters, options="BUFFERS")
    explaining.rollback()
    return "\n".join(lines)


def hot_updates(devices: list[Device]) -> str:
    """What of the updates by real beats touched no index, on tables of that size."""
    gateway = make_gateway()
    before = _updates()
    with tempfile.TemporaryDirectory() as folder, processes.service(Path(folder) / "log", workers=2) as service:
        host = generator.host_of(service.url)
        groups = [devices[n * 1000 : (n + 1) * 1000] for n in range(GATEWAYS)]
        sources = [generator.Bulk(host, gateway, group) for group in groups]
        load = generator.run(generator.closed_loop(service.url, sources, requests_each=REQUESTS))
    after = _updates()
    rows = [
        f"| `{table}` | {(total := all_after - before[table][0]):,} | {(hot_after - before[table][1]) / total:.1%} |"
        for table, (all_after, hot_after) in after.items()
    ]
    return "\n".join([HOT_HEAD.format(beats=load.beats, players=GATEWAYS * 1000), *rows]) + "\n"


def _updates() -> dict[str, tuple[int, int]]:
    """By table: all updates so far, and those that touched no index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname IN (%s, %s)",
            [sql.SESSION, sql.BALANCE],
        )
        return {name: (updates, hot) for name, updates, hot in cursor.fetchall()}


if __name__ == "__main__":
    sys.exit(main())
