"""Caches that are too small for their players: how often they hit, what a beat costs, and how long it takes.

First players who beat one after the other, on services with room for all, half and a third of them, in turn. Then
30,000 at real pace, whose tokens and limits expire after 60 s, so that with room for all every second lookup hits. The
baseline, `steep_asgi.py`, stores every key and never waits for more keys to read.
"""

import math
import statistics
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests import processes
from tests.bench import generator, pace
from tests.bench.cast import make_devices
from tests.bench.counting import cpu_seconds
from tests.bench.generator import Beats
from tests.bench.heartbeats import cache_counts, samples
from tests.bench.results import Figure, NotMeasured

STEEP: Final = {"application": "tests.bench.steep_asgi:application"}
# Name, share of the players that fit, and how the service is started.
SERVICES: Final[dict[str, tuple[float, dict[str, Any]]]] = {
    "all": (10, {}),
    "half": (1 / 2, {}),
    "a third": (1 / 3, {}),
    "a third, steep": (1 / 3, STEEP),
}
IN_TURN: Final = 1_200
CONNECTIONS: Final = 32
AT_PACE: Final = 30_000
LIFETIME_SECONDS: Final = 60
LOOKUPS: Final = ("beat_entries", "player_tokens")


@dataclass
class Cost:
    """Of one service, by round: hits and µs of CPU a beat."""

    service: processes.Service
    sources: list[Beats]
    hit_rates: list[float]
    cpu_us: list[float]


def figures(logs: Path, *, rounds: int) -> list[Figure]:
    return [*in_turn(logs, rounds=rounds), *at_pace(logs)]


def in_turn(logs: Path, *, rounds: int) -> list[Figure]:
    costs = costs_in_turn(logs, rounds=rounds)
    everyone = costs["all"].cpu_us

    def against_all(name: str) -> float:
        return statistics.median(cost / least for cost, least in zip(costs[name].cpu_us, everyone, strict=True))

    def hits(name: str) -> float:
        return statistics.median(costs[name].hit_rates) * 100

    return [
        Figure("cache hits with room for half of the players", hits("half"), "%", floor=40, aim=46),
        Figure("with room for a third", hits("a third"), "%", floor=25, aim=28),
        Figure("with room for a third, steep", hits("a third, steep"), "%"),
        Figure("CPU of a heartbeat with room for all", statistics.median(everyone), "µs"),
        Figure("with room for half, against that", against_all("half"), "times", floor=1.5, maximum=True),
        Figure("with room for a third, against that", against_all("a third"), "times", floor=1.5, maximum=True),
        Figure("with room for a third, steep, against that", against_all("a third, steep"), "times"),
    ]


def costs_in_turn(logs: Path, *, rounds: int) -> dict[str, Cost]:
    devices = make_devices(IN_TURN)
    costs: dict[str, Cost] = {}
    with ExitStack() as stack:
        for name, (share, how) in SERVICES.items():
            # Here nothing expires: what matters is the room.
            options = {
                "CONFIG_CACHE_MAX_ENTRIES": str(round(share * IN_TURN)),
                "CONFIG_CACHE_TTL_SECONDS": "3600",
                **how,
            }
            service = stack.enter_context(processes.service(logs / f"in-turn-{len(costs)}", **options))
            sources = [Beats(generator.host_of(service.url), device) for device in devices]
            generator.run(generator.each_once(service.url, sources, connections=CONNECTIONS))
            costs[name] = Cost(service, sources, [], [])
        for _ in range(rounds):
            for name, cost in costs.items():
                measure_round(cost)
                print(f"{name}: {cost.hit_rates[-1]:.1%} hits, {cost.cpu_us[-1]:.0f} µs of CPU a beat")
    return costs


def measure_round(cost: Cost) -> None:
    """Everyone once to fill the caches, and once again."""
    (worker,) = cost.service.workers()
    generator.run(generator.each_once(cost.service.url, cost.sources, connections=CONNECTIONS))
    hits, misses = cache_counts(cost.service.url)
    used = cpu_seconds(worker)
    found = generator.run(generator.each_once(cost.service.url, cost.sources, connections=CONNECTIONS))
    cost.cpu_us.append((cpu_seconds(worker) - used) / found.beats * 1e6)
    if set(found.statuses) != {200}:
        raise NotMeasured(f"The service did not answer every beat: {found.statuses}")
    later_hits, later_misses = cache_counts(cost.service.url)
    cost.hit_rates.append((later_hits - hits) / (later_hits - hits + later_misses - misses))


def at_pace(logs: Path) -> list[Figure]:
    """p95 over a lifetime of the entries, after everyone has begun; infinite where not every beat was answered."""
    devices = make_devices(AT_PACE)
    p95: dict[str, float] = {}
    statements: dict[str, float] = {}
    for name, (share, how) in SERVICES.items():
        options = {"CONFIG_CACHE_MAX_ENTRIES": str(round(share * AT_PACE)), **how}
        with processes.service(logs / f"at-pace-{len(p95)}", **options) as service:
            sources = [Beats(generator.host_of(service.url), device) for device in devices]
            generator.run(generator.each_once(service.url, sources, connections=pace.CONNECTIONS))
            before = lookups(service.url)
            found = pace.play(service.url, sources, seconds=LIFETIME_SECONDS)
            statements[name] = (lookups(service.url) - before) / found.beats
            p95[name] = found.quantile_ms(0.95) if set(found.statuses) == {200} else math.inf
            hits, misses = cache_counts(service.url)
            # Where the worker does not keep up, it may not have published a single lookup.
            hit_rate = hits / max(1, hits + misses)
            print(
                f"{AT_PACE:,} players, room for {name}: p95 {p95[name]:.0f} ms, {hit_rate:.1%} hits, "
                f"{statements[name]:.2f} lookup statements a beat"
            )
    limits: dict[str, Any] = {"floor": 100, "aim": 50, "maximum": True, "absolute": True}
    return [
        *(
            Figure(
                f"p95 of {AT_PACE:,} players with room for {name}", value, "ms", **({} if "steep" in name else limits)
            )
            for name, value in p95.items()
        ),
        *(Figure(f"lookup statements a beat with room for {name}", value) for name, value in statements.items()),
    ]


def lookups(url: str) -> float:
    """Statements so far that read tokens, limits and titles."""
    return sum(
        sample.value
        for sample in samples(url)
        if sample.name == "sandglass_heartbeat_statements_total" and sample.labels["statement"] in LOOKUPS
    )
