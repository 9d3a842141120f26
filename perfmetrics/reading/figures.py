"""The figures of all workers of this host together, read from what they counted (`perfmetrics/counting/metrics.py`)."""

import math
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any, Final, TypeVar

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from perfmetrics.counting import folder, metrics

# The alias of the cache that holds profiles with their limits.
CONFIG_CACHE: Final = "profiles"
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
    """Counts since the server started, and gauges of now. Times are seconds."""

    workers: float = 0
    youngest: float = 0  # when it started (Unix time)
    outcomes: dict[str, float] = field(default_factory=dict)
    statements: float = 0
    batches: float = 0
    batched: float = 0
    heartbeat: Buckets = field(default_factory=Buckets)
    slowest: float = 0
    queue: float = 0
    queue_peak: float = 0
    queue_limit: float = 0
    cache_hits: float = 0
    cache_misses: float = 0
    cache_invalidations: float = 0
    cache_fills: float = 0
    cache_entries: float = 0
    cache_largest: float = 0
    pin_checks: dict[str, float] = field(default_factory=dict)
    hashes_waiting: float = 0
    pool_in_use: float = 0
    pool_waiting: float = 0
    failures: float = 0
    slow_requests: float = 0
    report: Buckets = field(default_factory=Buckets)
    report_queries: float = 0
    report_most_queries: float = 0

    @property
    def heartbeats(self) -> float:
        """Beats answered 200, replays and blocked ones included (docs/contract.md#admin-metrics)."""
        return sum(self.outcomes.get(outcome, 0) for outcome in metrics.answered_outcomes)

    @property
    def failed_closed(self) -> float:
        return self.outcomes.get("unavailable", 0)

    @property
    def refused_busy(self) -> float:
        return self.outcomes.get("busy", 0) + self.outcomes.get("queue_full", 0)

    def as_json(self) -> dict[str, Any]:
        return {
            each.name: [value.cumulative, value.sum] if isinstance(value, Buckets) else value
            for each in fields(self)
            for value in [getattr(self, each.name)]
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Totals":
        found: dict[str, Any] = {
            name: Buckets(*value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**found)


def quantile(buckets: Buckets, q: float, *, bounds: Sequence[float]) -> float | None:
    """The least observation that the share `q` of all does not exceed (the nearest rank), or None without any.

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
    """What `use` makes of all workers' figures. Reads files: call it in a thread (some ms with a few workers)."""
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


def totals(collected: Iterable[Any]) -> Totals:
    """The figures in what prometheus-client collected."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in collected:
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value

    def by_label(name: str) -> dict[str, float]:
        return {labels[0]: value for labels, value in found.get(f"sandglass_{name}", {}).items()}

    def total(name: str) -> float:
        return sum(found.get(f"sandglass_{name}", {}).values())

    def config(name: str) -> float:
        return by_label(name).get(CONFIG_CACHE, 0)

    def buckets(name: str) -> Buckets:
        counts = by_label(f"{name}_bucket")
        return Buckets([counts[bound] for bound in sorted(counts, key=float)], total(f"{name}_sum"))

    return Totals(
        workers=total("workers"),
        youngest=max(found.get("sandglass_process_start_time_seconds", {}).values(), default=0),
        outcomes=by_label("heartbeats_total"),
        statements=total("heartbeat_statements_total"),
        batches=total("heartbeat_batch_size_count"),
        batched=total("heartbeat_batch_size_sum"),
        heartbeat=buckets("heartbeat_duration_seconds"),
        slowest=total("heartbeat_duration_seconds_max"),
        queue=total("heartbeat_queue"),
        queue_peak=total("heartbeat_queue_peak"),
        queue_limit=total("heartbeat_queue_limit"),
        cache_hits=config("cache_hits_total"),
        cache_misses=config("cache_misses_total"),
        cache_invalidations=config("cache_invalidations_total"),
        cache_fills=config("cache_fills_total"),
        cache_entries=config("cache_entries"),
        cache_largest=config("cache_entries_max"),
        pin_checks=by_label("pin_checks_total"),
        hashes_waiting=by_label("hashes_waiting").get("pin", 0),
        pool_in_use=by_label("pool_connections").get("in_use", 0),
        pool_waiting=total("pool_waiting"),
        failures=total("failures_total"),
        slow_requests=total("slow_requests_total"),
        report=buckets("weekly_report_duration_seconds"),
        report_queries=total("weekly_report_queries_total"),
        report_most_queries=total("weekly_report_queries_max"),
    )
