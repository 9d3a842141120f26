"""What our HTTP protocol, with its bounds, costs a heartbeat: its worker's CPU time against one with uvicorn's own."""

import statistics
from contextlib import ExitStack
from pathlib import Path

from tests import processes
from tests.bench.cast import make_devices
from tests.bench.counting import cpu_seconds
from tests.bench.heartbeats import CONNECTIONS, run
from tests.bench.results import Figure

BEATS_EACH = 60
ROUNDS = 7
STOCK = ("--worker-class", "tests.bench.stock_edge.StockEdgeWorker")


def figures(logs: Path) -> list[Figure]:
    """Both run all the time and are loaded in turn; medians of the rounds, and of their differences."""
    devices = make_devices(CONNECTIONS)
    costs: dict[str, list[float]] = {"ours": [], "stock": []}
    with ExitStack() as stack:
        services = {
            "ours": stack.enter_context(processes.service(logs / "edge-ours")),
            "stock": stack.enter_context(processes.service(logs / "edge-stock", options=STOCK)),
        }
        workers = {name: service.workers()[0] for name, service in services.items()}
        for service in services.values():
            run(service.url, devices, 20)
        for _ in range(ROUNDS):
            for name, service in services.items():
                before = cpu_seconds(workers[name])
                found = run(service.url, devices, BEATS_EACH)
                costs[name].append((cpu_seconds(workers[name]) - before) / found.beats * 1e6)
    added = statistics.median(ours - stock for ours, stock in zip(costs["ours"], costs["stock"], strict=True))
    stock_cost = statistics.median(costs["stock"])
    return [
        Figure("CPU of a heartbeat, our HTTP protocol", statistics.median(costs["ours"]), "µs"),
        Figure("CPU of a heartbeat, uvicorn's own", stock_cost, "µs"),
        Figure("added by our HTTP protocol", added, "µs"),
        Figure("its share of a heartbeat", added / stock_cost * 100, "%"),
    ]
