"""An evening after an ANALYZE that saw nobody watch: a nightly VACUUM ANALYZE, a restore, an upgrade.

The planner takes the partial index of running sessions for one row. Our statements look each row up, whatever it
believes; `joins.py` has them as plain joins, which then read all running sessions for every beat. Both in turn.
"""

import statistics
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from django.utils import timezone

from tests import processes
from tests.bench import generator, joins, pace, sessions
from tests.bench.cast import Device, make_devices
from tests.bench.generator import Beats
from tests.bench.results import Figure
from tests.plans import sent_by
from viewing.heartbeats import sql
from viewing.models import ViewingSession

RUNNING = 10_000
ENDED_EACH = 20
BATCH = 256
CALLS = 9
GENERIC = "-c plan_cache_mode=force_generic_plan"
# Of them each service begins as many, over HTTP.
NEWCOMERS = 200
SERVICES: dict[str, dict[str, Any]] = {
    "ours": {},
    "joined": {"application": "tests.bench.joined_asgi:application"},
}


def figures(logs: Path) -> list[Figure]:
    devices = make_devices(RUNNING + 2 * NEWCOMERS)
    title_id, watching = devices[0].title_id, [device.profile_id for device in devices[:RUNNING]]
    now = timezone.now()
    with sessions.no_autovacuum():
        sessions.add(title_id, now, ago=range(1, ENDED_EACH + 1))
        sessions.analyze()
        sessions.add(title_id, now, ago=range(1), profile_ids=watching)
        costs = statements(devices[:RUNNING], now)
        rates = crowds(logs, devices[RUNNING:])
    gains = {name: joined / ours for name, (ours, joined) in costs.items()}
    return [
        *(Figure(f"{name}, after such an ANALYZE", ours, "ms") for name, (ours, _) in costs.items()),
        *(Figure(f"{name}, with joins", joined, "ms") for name, (_, joined) in costs.items()),
        *(Figure(f"{name}, times as quick", gain, "times", floor=3) for name, gain in gains.items()),
        Figure(f"a crowd of {NEWCOMERS} begins while {RUNNING:,} watch", rates["ours"], "a second"),
        Figure("the same, with joins", rates["joined"], "a second"),
        Figure("the same, times as many", rates["ours"] / rates["joined"], "times", floor=3),
    ]


def statements(devices: Sequence[Device], now: datetime) -> dict[str, tuple[float, float]]:
    """Milliseconds of each statement, ours and with joins: medians of calls in turn, with generic plans."""
    some = devices[:: RUNNING // BATCH][:BATCH]
    found = {}
    with psycopg.connect(processes.database_url(), autocommit=True, options=GENERIC) as raw:
        for count in (BATCH, 1):
            for kind, call in {"warm": _continue, "first": _begin}.items():
                times: list[tuple[float, float]] = []
                for n in range(CALLS):
                    # Of numbers that no call had before: a repeated first beat would be a replay.
                    ours, parameters = sent_by(partial(call, some[:count], now, sequence=2 * n))
                    theirs, others = sent_by(partial(call, some[:count], now, sequence=2 * n + 1))
                    joined = joins.joined(theirs)
                    times.append((_milliseconds(raw, ours, parameters), _milliseconds(raw, joined, others)))
                name = f"{count} {kind} beat{'s' if count > 1 else ''}"
                found[name] = (statistics.median(t for t, _ in times), statistics.median(t for _, t in times))
                print(f"{name}: {found[name][0]:.1f} ms, with joins {found[name][1]:.1f} ms")
    return found


def _continue(devices: Sequence[Device], now: datetime, *, sequence: int) -> None:
    ids = [uuid.UUID(device.profile_id) for device in devices]
    running = dict(ViewingSession.objects.filter(ended_at=None, profile_id__in=ids).values_list("profile_id", "id"))
    beats = [sessions.beat(device, running[id_], now, sequence) for device, id_ in zip(devices, ids, strict=True)]
    sql.continue_sessions([beat.as_row(n) for n, beat in enumerate(beats)])


def _begin(devices: Sequence[Device], now: datetime, *, sequence: int) -> None:
    beats = [sessions.beat(device, None, now, sequence) for device in devices]
    sql.begin_sessions([beat.as_row(n) for n, beat in enumerate(beats)])


def _milliseconds(raw: psycopg.Connection[Any], statement: str, parameters: Any) -> float:
    started = time.perf_counter()
    raw.execute(statement, parameters, prepare=True).fetchall()
    return (time.perf_counter() - started) * 1000


def crowds(logs: Path, devices: Sequence[Device]) -> dict[str, float]:
    """First beats a second of newcomers; a beat that was not answered 200 does not count."""
    rates = {}
    with ExitStack() as stack:
        for name, how in SERVICES.items():
            service = stack.enter_context(processes.service(logs / f"evening-{name}", **how))
            newcomers, devices = devices[:NEWCOMERS], devices[NEWCOMERS:]
            sources = [Beats(generator.host_of(service.url), device) for device in newcomers]
            found = generator.run(generator.each_once(service.url, sources, connections=pace.CONNECTIONS))
            rates[name] = found.rate()
            print(f"{name}: {found.rate():,.0f} first beats/s, {dict(found.statuses)}")
    return rates
