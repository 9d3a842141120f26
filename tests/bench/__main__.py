"""`make bench`: the benchmarks, on a database and with processes of their own. Parts may be named: `heartbeats bulk …`.

Ratios are taken within one run, in turns, and are medians; what the load generator took of the machine is shown, for on
few cores it takes from what it measures. BENCH_LONG=true runs longer; BEATS sets the length of the memory run.

It ends well whatever it finds: a floor that is missed, a baseline that fails, and a part that could not be measured on
this machine are results. With BENCH_STRICT=true the first and the last of them end it with 1.
"""

import atexit
import os
import statistics
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from perfmetrics.counting import folder as metrics_folder
from tests.bench import scratch

# Before anything that counts is imported: counting is measured as it is in a server.
metrics_folder.make()
atexit.register(metrics_folder.remove)
scratch.start()

from tests.bench import (
    bulk,
    cache,
    counting,
    edge,
    evening,
    heartbeats,
    limit,
    midnight,
    outbox,
    pace,
    pin,
    pin_trial,
    plans,
    platform,
    reports,
    strangers,
    streams,
    worker,
)
from tests.bench import logs as log_lines
from tests.bench.results import Figure, report

LONG = os.environ.get("BENCH_LONG") == "true"
STRICT = os.environ.get("BENCH_STRICT") == "true"
ROUNDS = 9 if LONG else 3
SECONDS = 60 if LONG else 5
BEATS = int(os.environ.get("BEATS", "1200000" if LONG else "120000"))

PARTS: dict[str, Callable[[Path], list[Figure]]] = {
    "heartbeats": partial(heartbeats.figures, rounds=ROUNDS),
    "limit": partial(limit.figures, rounds=ROUNDS),
    "plans": partial(plans.figures, rounds=ROUNDS),
    "pace": partial(pace.figures, rounds=ROUNDS, seconds=SECONDS, is_long=LONG),
    "bulk": partial(bulk.figures, rounds=ROUNDS, seconds=SECONDS),
    "worker": partial(worker.figures, beats=BEATS),
    "counting": counting.figures,
    "outbox": outbox.figures,
    "logs": lambda _folder: log_lines.figures(),
    "pin": pin.figures,
    "pin_trial": pin_trial.figures,
    "edge": edge.figures,
    "reports": reports.figures,
    "cache": partial(cache.figures, rounds=ROUNDS),
    "evening": evening.figures,
    "strangers": partial(strangers.figures, rounds=ROUNDS),
    "streams": partial(streams.figures, rounds=ROUNDS, seconds=SECONDS),
    "platform": partial(platform.figures, rounds=ROUNDS, seconds=SECONDS),
    "midnight": partial(midnight.figures, seconds=SECONDS),
}
# The others take nearly the five minutes that the quick form has.
LONG_PARTS = {"cache", "edge", "evening", "midnight", "pin_trial", "platform", "strangers", "streams"}
QUICK = [name for name in PARTS if name not in LONG_PARTS]


def main(names: list[str]) -> int:
    unknown = set(names) - set(PARTS)
    if unknown:
        print(f"No such part: {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    quiet = machine_is_quiet()
    figures: list[Figure] = []
    broken: dict[str, Exception] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in names or (PARTS if LONG else QUICK):
            started = time.perf_counter()
            try:
                figures += PARTS[name](Path(folder))
            except Exception as error:  # noqa: BLE001 — the others are measured all the same
                traceback.print_exc()
                broken[name] = error
            print(f"{name}: {time.perf_counter() - started:.0f} s")
    is_good = report(figures, quiet=quiet, name="-".join(["bench", *names]))
    for name, reason in broken.items():
        print(f"NOT MEASURED: {name} ({reason})")
    return 1 if STRICT and (broken or not is_good) else 0


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
