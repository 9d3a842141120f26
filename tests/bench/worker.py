"""What one worker holds and asks of the database over many beats, and what timing a request costs it."""

import resource
import statistics
from pathlib import Path
from typing import Any

import uvloop
from django.db import connection

from perfmetrics.counting.middleware import profiled
from tests import processes
from tests.bench.cast import make_devices
from tests.bench.heartbeats import CONNECTIONS, run
from tests.bench.results import Figure

WARM_UP = 100


def figures(logs: Path, *, beats: int) -> list[Figure]:
    return [*memory_and_statements(logs, beats), profiling()]


def memory_and_statements(logs: Path, beats: int) -> list[Figure]:
    """120,000 beats are an hour of 1,000 players. The statements are the database's own count of transactions.

    Each statement of the players' path is a transaction of its own. What the start, the probes and the database's own
    housekeeping took is counted too.
    """
    devices = make_devices(CONNECTIONS)
    each = beats // CONNECTIONS
    commits = committed()
    with processes.service(logs / "memory") as service:
        (worker,) = service.workers()
        run(service.url, devices, WARM_UP)
        before = resident_mb(worker)
        run(service.url, devices, each)
        after = resident_mb(worker)
    statements = (committed() - commits) / ((each + WARM_UP) * CONNECTIONS)
    return [
        Figure("statements a beat under load", statements, floor=0.1, aim=0.03, maximum=True),
        Figure("memory of a worker", after, "MB", floor=200, aim=200, maximum=True),
        Figure(f"its growth over {beats:,} beats", after - before, "MB", floor=10, aim=2, maximum=True),
    ]


def committed() -> int:
    """Transactions of this database so far. The processes that made them have ended, and so have reported all."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def profiling() -> Figure:
    """What timing a request costs, around an application that does nothing."""

    async def nothing(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def ignore(_message: Any) -> None:
        pass

    async def seconds_for(application: Any) -> float:
        scope = {"type": "http", "path": "/api/v1/nothing", "method": "GET"}
        started = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        for _ in range(20_000):
            await application(scope, None, ignore)
        return resource.getrusage(resource.RUSAGE_SELF).ru_utime - started

    costs = [uvloop.run(seconds_for(profiled(nothing))) - uvloop.run(seconds_for(nothing)) for _ in range(3)]
    return Figure("profiling a request", statistics.median(costs) / 20_000 * 1e6, "µs", floor=100, aim=20, maximum=True)
