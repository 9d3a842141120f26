"""Readings of the counters, made up for tests."""

import time
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter

from perfmetrics.counting import metrics
from perfmetrics.reading.figures import Buckets, Totals
from perfmetrics.reading.recorder import advance

# A full minute, an hour ago: the server of the tests records its own minutes during the test.
MINUTE = time.time() // 60 * 60 - 3600

# What tests name, by the sample that it is.
NAMES = {
    "workers": "workers",
    "statements": "heartbeat_statements_total",
    "batches": "heartbeat_batch_size_count",
    "batched": "heartbeat_batch_size_sum",
    "slowest": "heartbeat_duration_seconds_max",
    "queue_peak": "heartbeat_queue_peak",
    "queue_limit": "heartbeat_queue_limit",
    "failures": "failures_total",
    "slow_requests": "slow_requests_total",
    "report_queries": "weekly_report_queries_total",
    "report_most_queries": "weekly_report_queries_max",
}
OF_THE_CONFIG_CACHE = {
    "cache_hits": "cache_hits_total",
    "cache_misses": "cache_misses_total",
    "cache_invalidations": "cache_invalidations_total",
    "cache_fills": "cache_fills_total",
    "cache_overflows": "cache_overflows_total",
    "cache_entries": "cache_entries",
    "cache_largest": "cache_entries_max",
}


def make_totals(
    *, outcomes=None, pin_checks=None, pins_waiting=0, started=None, heartbeat=None, report=None, **numbers
):
    """Totals with these figures. `heartbeat` and `report` are `Buckets`; `started`: when workers did, by pid."""
    samples = {
        "heartbeats_total": outcomes or {},
        "pin_checks_total": pin_checks or {},
        "hashes_waiting": {"pin": pins_waiting},
        "process_start_time_seconds": started or {},
    }
    for name, value in numbers.items():
        if name in OF_THE_CONFIG_CACHE:
            # Other caches do not matter.
            samples[OF_THE_CONFIG_CACHE[name]] = {"profiles": value, "titles": 1000}
        else:
            samples[NAMES[name]] = {"": value}
    for name, buckets in (("heartbeat_duration_seconds", heartbeat), ("weekly_report_duration_seconds", report)):
        if buckets is not None:
            bounds = [*map(str, metrics.FINE), "+Inf"]
            samples[f"{name}_bucket"] = dict(zip(bounds, buckets.cumulative, strict=True))
            samples[f"{name}_sum"] = {"": buckets.sum}
    return Totals(samples)


def make_counter(name):
    """A counter in a registry of its own, and that registry."""
    registry = CollectorRegistry()
    return Counter(f"sandglass_{name}", "", registry=registry), registry


def make_reading(beats, *, bucket=50, **others):
    """Totals after this many heartbeats, all as quick as one bucket says."""
    cumulative = list(accumulate(beats if n == bucket else 0 for n in range(len(metrics.FINE) + 1)))
    values = {"workers": 2, "statements": beats / 4, "heartbeat": Buckets(cumulative, beats * 0.01)}
    return make_totals(outcomes={"counted": beats}, **{**values, **others})


def advance_by(*readings, recent=None, server_started=MINUTE):
    """The readings (seconds after the minute, totals), one after the other: what is known, and the minutes' rows."""
    rows = []
    for seconds, totals in readings:
        recent, row = advance(recent, totals, at=MINUTE + seconds, server_started=server_started)
        rows.append(row)
    return recent, rows
