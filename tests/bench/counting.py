"""What counting costs a heartbeat: the CPU of all that is counted for a beat, against the CPU that a beat takes."""

import os
import statistics
import time
from pathlib import Path

from perfmetrics.counting import metrics
from tests import processes
from tests.bench.cast import make_devices
from tests.bench.heartbeats import CONNECTIONS, run
from tests.bench.results import Figure

BEATS_EACH = 60
ROUNDS = 5
BATCHES = 500


def figures(logs: Path) -> list[Figure]:
    """Medians of the rounds."""
    devices = make_devices(CONNECTIONS)
    with processes.service(logs / "counting") as service:
        (worker,) = service.workers()
        run(service.url, devices, 20)
        costs = []
        for _ in range(ROUNDS):
            before = cpu_seconds(worker)
            found = run(service.url, devices, BEATS_EACH)
            costs.append((cpu_seconds(worker) - before) / found.beats * 1e6)
    beat, counting = statistics.median(costs), statistics.median(counting_cost(CONNECTIONS) for _ in range(ROUNDS))
    return [
        Figure("CPU of a heartbeat", beat, "µs"),
        Figure("counting a heartbeat", counting, "µs"),
        Figure("counting's share of a heartbeat", counting / beat * 100, "%", floor=2, aim=1, maximum=True),
    ]


def counting_cost(size: int) -> float:
    """µs a beat, in batches of half as many as there are connections: while one is written the next gathers."""
    outcomes = ["counted"] * (size // 2)
    latencies = [0.02 + 0.0001 * n for n in range(len(outcomes))]
    started = time.process_time()
    for _ in range(BATCHES):
        metrics.count_batch(iter(outcomes), waited_seconds=0.01)
        metrics.statements["continue"].inc()
        for seconds in latencies:
            metrics.observe_heartbeat(seconds)
    return (time.process_time() - started) / (BATCHES * len(outcomes)) * 1e6


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
