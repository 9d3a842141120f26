"""Bulk heartbeats of two workers: gateways in a closed loop with 1,000 beats a request, and what players feel of it."""

import asyncio
import os
import statistics
from pathlib import Path

from tests import processes
from tests.bench import generator
from tests.bench.cast import make_devices
from tests.bench.generator import Beats, Bulk, Figures, median_ms
from tests.bench.results import Figure, NotMeasured
from tests.families import make_gateway

GATEWAYS = 8
BEATS_A_REQUEST = 1_000
PLAYERS = 1_000


def figures(logs: Path, *, rounds: int, seconds: float) -> list[Figure]:
    gateway, devices = make_gateway(), make_devices(GATEWAYS * BEATS_A_REQUEST + PLAYERS)
    requests_each = round(seconds * 2)
    bulks: list[Figures] = []
    calm: list[Figures] = []
    loud: list[Figures] = []
    with processes.service(logs / "bulk", workers=2) as service:
        host = generator.host_of(service.url)
        groups = [devices[n * BEATS_A_REQUEST : (n + 1) * BEATS_A_REQUEST] for n in range(GATEWAYS)]
        sources = [Bulk(host, gateway, group) for group in groups]
        players = [Beats(host, device) for device in devices[-PLAYERS:]]
        generator.run(generator.closed_loop(service.url, sources, requests_each=3))
        generator.run(generator.closed_loop(service.url, players, requests_each=1))
        for _ in range(rounds):
            bulks.append(generator.run(generator.closed_loop(service.url, sources, requests_each=requests_each)))
            if bulks[-1].beats != requests_each * GATEWAYS * BEATS_A_REQUEST:
                raise NotMeasured(f"Not every beat was answered: {bulks[-1].statuses}, {bulks[-1].beats} beats")
            calm.append(generator.run(generator.open_loop(service.url, players, connections=32, seconds=seconds)))
            loud.append(generator.run(during_bulk(service.url, players, sources, seconds)))
            print(
                f"{bulks[-1].rate():,.0f} beats/s in bulk; p95 of players {calm[-1].quantile_ms(0.95):.0f} ms alone, ",
                end="",
            )
            print(f"{loud[-1].quantile_ms(0.95):.0f} ms during bulk")
    rate = statistics.median(run.rate() for run in bulks)
    share = statistics.median(run.share(os.cpu_count() or 1) for run in bulks)
    return [
        Figure("heartbeats in bulk, two workers", rate, "a second", floor=12_000, aim=25_000, absolute=True),
        Figure("p95 of 1,000 players at real pace, two workers", median_ms(calm, 0.95), "ms"),
        Figure("p95 of the same during bulk requests without end", median_ms(loud, 0.95), "ms"),
        Figure("the load generator's share of the machine in bulk", share * 100, "%"),
    ]


async def during_bulk(url: str, players: list[Beats], sources: list[Bulk], seconds: float) -> Figures:
    """The players at real pace, while the gateways send as fast as they are answered."""
    stop = asyncio.Event()
    loud = asyncio.create_task(generator.closed_loop(url, sources, stop=stop))
    found = await generator.open_loop(url, players, connections=32, seconds=seconds)
    stop.set()
    await loud
    if set(found.statuses) != {200}:
        raise NotMeasured(f"The players were not all answered: {found.statuses}")
    return found
