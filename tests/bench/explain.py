"""`make plans`: EXPLAIN (ANALYZE, BUFFERS) of every hot statement at a million sessions, into `docs/plans.md`.

The data are made set by set in the benchmarks' own database. Each statement is prepared and its generic plan shown,
which needs no new look at the parameters; nothing that it writes is kept.
"""

import sys
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
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
from tests.bench import generator, sessions
from tests.bench.cast import Device, make_devices
from tests.families import make_gateway
from tests.plans import explain, nodes, sent_by
from viewing.heartbeats import sql
from viewing.hotpath import sql as hotpath_sql
from viewing.hotpath.entries import PLAYER_TOKEN_LIFETIME
from viewing.hotpath.plans import UNKNOWN, Asked
from viewing.models import Profile, ViewingSession
from viewing.playback import balances
from viewing.playback import sql as playback_sql
from viewing.profile import Profile as PlayerProfile

PLANS = Path(__file__).resolve().parent.parent.parent / "docs" / "plans.md"
PROFILES = 100_000
DAYS = 10
BATCH = 256
GATEWAYS, REQUESTS = 5, 60

HEAD = f"""# The plans of the hot statements

Written by `make plans`: {PROFILES:,} profiles, {PROFILES * DAYS:,} sessions of which {PROFILES:,} run, and
{PROFILES * DAYS:,} balances. Each statement as the service prepares it, with its generic plan, what it took, and the
pages that it touched (`shared hit`: found in memory, `read`: not). It ran once before; nothing that it wrote was kept.
"""


SUMMARY_HEAD = """## What they take

With current statistics, and with bad ones: those of an ANALYZE that ran while nobody watched, after which the planner
takes all running sessions for one row. The last column counts rows over all loops of an index, kept or not.

| statement | ms | ms with bad statistics | most rows read with bad statistics |
|---|---|---|---|"""

BAD_HEAD = """## With bad statistics

The same data; ANALYZE ran before any of the sessions that run had begun."""
# The others' plans are those of above.
SHOWN_BAD = ("256 warm beats", "256 first beats, each taking over")

HOT_HEAD = """## Updates in place

{beats:,} beats of {players:,} players over HTTP, as `pg_stat_user_tables` counts them:

| table | updates | of them HOT |
|---|---|---|"""


@dataclass(frozen=True)
class Explained:
    """A plan as text, and how many rows each index or table gave, kept or not, over all loops."""

    text: str
    reads: dict[str, int]

    @property
    def ms(self) -> str:
        return self.text.rpartition("Execution Time: ")[2].removesuffix(" ms")


def main() -> int:
    devices = make_devices(PROFILES)
    now = timezone.now()
    with sessions.no_autovacuum():
        sessions.add(devices[0].title_id, now, ago=range(1, DAYS))
        sessions.analyze()
        sessions.add(devices[0].title_id, now, ago=range(1))
        bad = explained(statements(devices, now))
    sessions.analyze()
    good = explained(statements(devices, now))
    parts = [HEAD, summary(good, bad)]
    parts += [f"## {name}\n\n```\n{found.text}\n```\n" for name, found in good.items()]
    parts += [BAD_HEAD, *(f"### {name}\n\n```\n{bad[name].text}\n```\n" for name in SHOWN_BAD)]
    PLANS.write_text("\n".join([*parts, hot_updates(devices)]))
    print(f"Written to docs/{PLANS.name}")
    return 0


def statements(devices: list[Device], now: datetime) -> dict[str, Callable[[], Any]]:
    """Every statement of the players' and the gateways' path, by what it does."""
    some = devices[:: PROFILES // BATCH][:BATCH]
    ids = [uuid.UUID(device.profile_id) for device in some]
    running = dict(ViewingSession.objects.filter(ended_at=None, profile_id__in=ids).values_list("profile_id", "id"))
    warm = [
        sessions.beat(device, running[id_], now).as_row(n)
        for n, (device, id_) in enumerate(zip(some, ids, strict=True))
    ]
    first = [sessions.beat(device, None, now).as_row(n) for n, device in enumerate(some)]
    hashes = [sha256(device.token.encode()).digest() for device in some]
    title_id, user_id = uuid.UUID(some[0].title_id), Profile.objects.get(id=ids[0]).user_id
    child = PlayerProfile(id=ids[0], user_id=user_id, is_kids=True)
    entries: dict[str, Any] = {"title_ids": [title_id], "with_site": True, "today": now.date()}
    unknown = Asked(UNKNOWN, with_past=True)
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
            profiles=dict.fromkeys(ids, unknown), **entries
        ),
        "One profile with its limits, a title, the site": lambda: hotpath_sql.read_beat_entries(
            profiles=dict.fromkeys(ids[:1], unknown), **entries
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


def explained(calls: dict[str, Callable[[], Any]]) -> dict[str, Explained]:
    found = {}
    with psycopg.connect(processes.database_url()) as explaining:
        for name, call in calls.items():
            sent = sent_by(call)
            text = "\n".join(explain(explaining, *sent, options="BUFFERS"))
            reads = {_what(node): round(node["rows"]) for node in nodes(explaining, *sent) if "Relation Name" in node}
            explaining.rollback()
            found[name] = Explained(text, reads)
    return found


def _what(node: dict[str, Any]) -> str:
    return str(node.get("Index Name") or node["Relation Name"])


def summary(good: dict[str, Explained], bad: dict[str, Explained]) -> str:
    """What each statement took and read, with either statistics."""
    lines = [SUMMARY_HEAD]
    for name, found in bad.items():
        rows, index = max((rows, index) for index, rows in found.reads.items())
        lines.append(f"| {name} | {good[name].ms} | {found.ms} | {rows:,} of `{index}` |")
    return "\n".join(lines) + "\n"


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
