"""The figures of all workers of this host together, read from what they counted (`perfmetrics/counting/metrics.py`)."""

import math
import struct
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeVar

from prometheus_client import REGISTRY, CollectorRegistry, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from perfmetrics.counting import folder, metrics

# The alias of the cache that holds profiles with their limits.
CONFIG_CACHE: Final = "profiles"
PREFIX: Final = "sandglass_"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Buckets:
    """A histogram: how many observations lie up to each bound (cumulative, the last one unbounded), and their sum."""

    cumulative: Sequence[float] = ()
    sum: float = 0.0

    @property
    def count(self) -> float:
        return self.cumulative[-1] if self.cumulative else 0

    def since(self, before: "Buckets") -> "Buckets":
        """What was observed after `before` was read."""
        earlier = before.cumulative or (0.0,) * len(self.cumulative)
        return Buckets([now - then for now, then in zip(self.cumulative, earlier, strict=True)], self.sum - before.sum)


@dataclass(frozen=True, slots=True)
class Totals:
    """What all workers counted since the server started, and gauges of now. Times are seconds.

    `samples`: values by name (without "sandglass_") and label ("" where there is none).
    """

    samples: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def sum(self, name: str, *labels: str) -> float:
        """The sum of the samples with these labels, of all where none is named; 0 where there are none."""
        found = self.samples.get(name, {})
        return sum(found.get(label, 0) for label in labels) if labels else sum(found.values())

    def max(self, name: str) -> float:
        """The highest of the samples; 0 where there are none."""
        return max(self.samples.get(name, {}).values(), default=0)

    def buckets(self, name: str) -> Buckets:
        counts = self.samples.get(f"{name}_bucket", {})
        return Buckets([counts[bound] for bound in sorted(counts, key=float)], self.sum(f"{name}_sum"))

    @property
    def heartbeats(self) -> float:
        """Heartbeats answered 200, replays and blocked ones included (docs/contract.md#admin-metrics)."""
        return sum(self.sum("heartbeats_total", outcome) for outcome in metrics.answered_outcomes)

    @property
    def failed_closed(self) -> float:
        return self.sum("heartbeats_total", "unavailable")

    @property
    def refused_busy(self) -> float:
        return self.sum("heartbeats_total", "busy", "queue_full")


def quantile(buckets: Buckets, q: float, *, bounds: Sequence[float]) -> float | None:
    """The lowest observation that the share `q` of all does not exceed (the nearest rank), or None without any.

    Taken from inside the bucket that holds it, so it is off by less than the bucket is wide; above the last bound: that
    bound.
    """
    rank = max(1, math.ceil(q * buckets.count - 1e-6))
    edges = pairwise((0.0, *buckets.cumulative))
    for n, (before, upto) in enumerate(edges):
        if upto >= rank and upto > before:
            if n == len(bounds):
                return bounds[-1]
            lower = bounds[n - 1] if n else 0.0
            return lower + (bounds[n] - lower) * (rank - before) / (upto - before)
    return None


def collect(use: Callable[[CollectorRegistry], T]) -> T:
    """Pass all workers' figures to `use` and return what it returns.

    Reads files: call it in a thread (some ms with a few workers).
    """
    with folder.reading() as path:
        if path is None:  # no server: this process alone
            return use(REGISTRY)
        shared = CollectorRegistry()
        MultiProcessCollector(shared, path=str(path))  # type: ignore[no-untyped-call]
        for _ in range(3):
            try:
                return use(shared)
            except (struct.error, FileNotFoundError):  # a worker that starts has made a file and not yet filled it
                time.sleep(0.01)
        return use(shared)


def read() -> Totals:
    """The figures of now, as `collect`."""
    return collect(lambda registry: totals(registry.collect()))


def totals(collected: Iterable[Metric]) -> Totals:
    """The samples in what prometheus-client collected, except those with several labels (times by route)."""
    found: dict[str, dict[str, float]] = {}
    for family in collected:
        for sample in family.samples:
            if sample.name.startswith(PREFIX) and len(sample.labels) <= 1:
                label = next(iter(sample.labels.values()), "")
                found.setdefault(sample.name.removeprefix(PREFIX), {})[label] = sample.value
    return Totals(found)
