"""How far a heartbeat is from the limit, and from another checkout: CPU time and rate of one worker, in turns.

The limits are applications that answer a constant (`references.py`). AGAINST names a checkout of another commit, whose
service runs on the same database: `make bench PARTS=limit AGAINST=../before`.
"""

import os
import statistics
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests import processes
from tests.bench import generator
from tests.bench.cast import Device, make_devices
from tests.bench.counting import cpu_seconds
from tests.bench.generator import Beats, Bulk, Figures
from tests.bench.heartbeats import CONNECTIONS
from tests.bench.results import Figure, NotMeasured
from tests.families import Gateway, make_gateway

AGAINST = os.environ.get("AGAINST", "")
BEATS_EACH = 80
GATEWAYS = 4
BEATS_A_REQUEST = 1_000
BULK_REQUESTS_EACH = 3

# By the name of a service, the rounds in order.
Rates = defaultdict[str, list[float]]


def figures(logs: Path, *, rounds: int) -> list[Figure]:
    """Each round loads every service in turn; the ratios are medians of the rounds' ratios."""
    devices, gateway = make_devices(GATEWAYS * BEATS_A_REQUEST), make_gateway()
    rates, costs, bulk_costs = Rates(list), Rates(list), Rates(list)
    with ExitStack() as stack:

        def start(name: str, **how: Any) -> processes.Service:
            return stack.enter_context(processes.service(logs / name, **how))

        services = {
            "ours": start("ours"),
            "raw": start("raw", application="tests.bench.references:raw"),
            "validated": start("validated", application="tests.bench.references:validated"),
        }
        if AGAINST:
            services["before"] = start("before", project=Path(AGAINST).resolve())
        for service in services.values():
            singly(service, devices[:CONNECTIONS], 20)
        for _ in range(rounds):
            for name, service in services.items():
                rate, cost = singly(service, devices[:CONNECTIONS], BEATS_EACH)
                rates[name].append(rate)
                costs[name].append(cost)
            print(", ".join(f"{name} {rates[name][-1]:,.0f}/s {costs[name][-1]:.0f} µs" for name in services))
        for name in ("ours", "before") if AGAINST else ("ours",):
            in_bulk(services[name], gateway, devices, 1)
        for _ in range(rounds):
            for name in ("ours", "before") if AGAINST else ("ours",):
                bulk_costs[name].append(in_bulk(services[name], gateway, devices, BULK_REQUESTS_EACH))
        print("in bulk:", ", ".join(f"{name} {cost[-1]:.0f} µs" for name, cost in bulk_costs.items()))
    found = [
        Figure("heartbeats against a raw constant", ratio(rates, "ours", "raw"), "times", floor=0.28, aim=0.40),
        Figure("heartbeats against a validated constant", ratio(rates, "ours", "validated"), "times"),
        *(Figure(f"CPU of a heartbeat, {name}", statistics.median(cost), "µs") for name, cost in costs.items()),
        *(
            Figure(f"CPU of a bulk heartbeat, {name}", statistics.median(cost), "µs")
            for name, cost in bulk_costs.items()
        ),
    ]
    if AGAINST:
        less: dict[str, Any] = {"unit": "times", "maximum": True}
        found += [
            Figure("CPU against before", ratio(costs, "ours", "before"), floor=0.55, aim=0.45, **less),
            Figure("CPU in bulk against before", ratio(bulk_costs, "ours", "before"), floor=0.8, aim=0.65, **less),
        ]
    return found


def singly(service: processes.Service, devices: list[Device], beats_each: int) -> tuple[float, float]:
    """Beats per second, and the µs of the worker's CPU time for each."""
    sources = [Beats(generator.host_of(service.url), device) for device in devices]
    return measured(service, sources, beats_each)


def in_bulk(service: processes.Service, gateway: Gateway, devices: list[Device], requests_each: int) -> float:
    """The µs of the worker's CPU time for each beat."""
    host = generator.host_of(service.url)
    groups = [devices[n : n + BEATS_A_REQUEST] for n in range(0, len(devices), BEATS_A_REQUEST)]
    # Another request comes before: its answer names the sessions.
    return measured(service, [Bulk(host, gateway, group) for group in groups], requests_each + 1)[1]


def measured(service: processes.Service, sources: list[Any], requests_each: int) -> tuple[float, float]:
    (worker,) = service.workers()
    before = cpu_seconds(worker)
    found: Figures = generator.run(generator.closed_loop(service.url, sources, requests_each=requests_each))
    if found.statuses != {200: len(sources) * requests_each}:
        raise NotMeasured(f"Not every request was answered 200: {found.statuses}")
    return found.rate(), (cpu_seconds(worker) - before) / found.beats * 1e6


def ratio(values: Rates, ours: str, theirs: str) -> float:
    return statistics.median(mine / other for mine, other in zip(values[ours], values[theirs], strict=True))
