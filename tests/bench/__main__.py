"""`make bench`: our heartbeat beside the plain one, in turn, on a database and with processes of its own.

Medians of three runs; a closed loop of 128 connections. The load comes from this process: its share of the machine is
told, for on two cores it takes from what it measures. BEATS sets the length of the memory run.
"""

import atexit
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from config import devdb
from perfmetrics import folder

os.environ |= {
    "DEBUG": "false",
    "SECRET_KEY": "for-the-benchmark-only",
    "SECURE_HTTPS": "false",
    "LOG_LEVEL": "WARNING",
}
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["ALLOWED_HOSTS"] = "127.0.0.1"
os.environ["DATABASE_URL"] = devdb.start("bench")

# Before anything that counts is imported: counting is measured as it is in a server.
folder.make()
atexit.register(folder.remove)

import psycopg  # noqa: E402

# Every run begins with empty tables.
with psycopg.connect(os.environ["DATABASE_URL"].rpartition("/")[0] + "/postgres", autocommit=True) as server:
    server.execute("DROP DATABASE sandglass WITH (FORCE)")
devdb.start("bench")

import django  # noqa: E402 — after the settings

django.setup()

import uvloop  # noqa: E402
from django.core.management import call_command  # noqa: E402

from perfmetrics.middleware import profiled  # noqa: E402
from tests import processes  # noqa: E402
from tests.bench import counting, pin, reports  # noqa: E402
from tests.bench.results import Figure, report  # noqa: E402
from tests.families import Player, make_player, make_title, make_user  # noqa: E402
from tests.load import Load, closed_loop  # noqa: E402

CONNECTIONS = 128
RUNS = 3
BEATS = int(os.environ.get("BEATS", "100000"))


def main() -> int:
    call_command("migrate", verbosity=0)
    quiet = machine_is_quiet()
    players = make_players()
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder)
        figures = [
            *heartbeats(players, logs),
            *memory(players, logs),
            profiling(),
            *counting.figures(players, logs),
            *pin.figures(logs),
            *reports.figures(logs),
        ]
    return 0 if report(figures, quiet=quiet) else 1


def make_players() -> list[Player]:
    """As many children as connections, with no limit that would stop them."""
    user, title = make_user(), make_title()
    no_limit = {"weekday_limit_minutes": 480, "weekend_limit_minutes": 480}
    return [make_player(user, title=title, **no_limit) for _ in range(CONNECTIONS)]


def machine_is_quiet() -> bool:
    """Whether the same piece of work takes the same time again and again, and little else runs."""
    times = []
    for _ in range(20):
        started = time.perf_counter()
        sum(range(1_000_000))
        times.append(time.perf_counter() - started)
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    quiet = statistics.median(times) < 1.15 * min(times) and busy < 0.35
    print(f"{os.cpu_count()} cores, load {busy:.0%} of them; the machine is {'' if quiet else 'not '}quiet")
    return quiet


def heartbeats(players: list[Player], logs: Path) -> list[Figure]:
    """Ours and the plain way in turn, each with one worker that is running all the time."""
    plain_options = ("--worker-class", "uvicorn_worker.UvicornWorker")
    ours: list[Load] = []
    plain: list[Load] = []
    with (
        processes.service(logs / "ours") as service,
        processes.service(
            logs / "plain", application="tests.bench.plain_asgi:application", options=plain_options
        ) as base,
    ):
        run(service.url, players, 5)
        run(base.url, players, 2)
        cpu, wall = time.process_time(), time.perf_counter()
        for n in range(RUNS):
            ours.append(run(service.url, players, 80))
            plain.append(run(base.url, players, 8))
            print(f"run {n + 1}: ours {rate(ours[-1]):,.0f} beats/s, plain {rate(plain[-1]):,.0f} beats/s")
        share = (time.process_time() - cpu) / (time.perf_counter() - wall) / (os.cpu_count() or 1)
    ratios = [rate(mine) / rate(theirs) for mine, theirs in zip(ours, plain, strict=True)]
    return [
        Figure("heartbeats against the plain way", statistics.median(ratios), "times", floor=10, aim=25),
        Figure("heartbeats", statistics.median(map(rate, ours)), "a second"),
        Figure("heartbeats, the plain way", statistics.median(map(rate, plain)), "a second"),
        Figure("p50 at 128 connections", median_of(ours, 0.50), "ms"),
        Figure("p95 at 128 connections", median_of(ours, 0.95), "ms", floor=50, aim=30, most=True, absolute=True),
        Figure("p99 at 128 connections", median_of(ours, 0.99), "ms"),
        Figure("p95, the plain way", median_of(plain, 0.95), "ms"),
        Figure("the load generator's share of the machine", share * 100, "%"),
    ]


def memory(players: list[Player], logs: Path) -> list[Figure]:
    """What a worker holds after a warm-up and after many more beats."""
    with processes.service(logs / "memory") as service:
        (worker,) = service.workers()
        run(service.url, players, 40)
        before = resident_mb(worker)
        run(service.url, players, BEATS // CONNECTIONS)
        after = resident_mb(worker)
    return [
        Figure("memory of a worker", after, "MB", floor=200, aim=200, most=True),
        Figure(f"its growth over {BEATS:,} beats", after - before, "MB", floor=10, aim=2, most=True),
    ]


def profiling() -> Figure:
    """What timing a request costs, around an application that does nothing."""

    async def nothing(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def ignore(_message):
        pass

    async def seconds_for(application):
        scope = {"type": "http", "path": "/api/v1/nothing", "method": "GET"}
        started = time.process_time()
        for _ in range(20_000):
            await application(scope, None, ignore)
        return time.process_time() - started

    costs = [uvloop.run(seconds_for(profiled(nothing))) - uvloop.run(seconds_for(nothing)) for _ in range(RUNS)]
    return Figure("profiling a request", statistics.median(costs) / 20_000 * 1e6, "µs", floor=100, aim=20, most=True)


def run(url: str, players: list[Player], beats_each: int) -> Load:
    load: Load = uvloop.run(closed_loop(url, players, beats_each=beats_each))
    if load.statuses != {200: len(players) * beats_each}:
        raise SystemExit(f"The service did not answer every beat: {load.statuses}")
    return load


def rate(load: Load) -> float:
    return len(load.latencies) / load.seconds


def median_of(loads: list[Load], quantile: float) -> float:
    """The median of the runs' quantiles, in milliseconds."""
    return statistics.median(sorted(load.latencies)[int(len(load.latencies) * quantile)] * 1000 for load in loads)


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    sys.exit(main())
