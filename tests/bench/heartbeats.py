"""Heartbeats of one worker over 128 connections, in a closed loop: ours and others, in turn, on one database.

Compared with the baseline (`plain.py`), with what HTTP alone costs (`constant_asgi.py`), and with itself where the
cache of limits holds one entry (`cold_settings.py`), so that every beat misses it. All run all the time; each is loaded
in its turn.
"""

import math
import os
import statistics
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests import processes
from tests.bench import generator
from tests.bench.cast import Device, make_devices
from tests.bench.generator import Beats, Figures, median_ms
from tests.bench.results import Figure, NotMeasured

CONNECTIONS = 128
PLAIN_OPTIONS = ("--worker-class", "uvicorn_worker.UvicornWorker")


def figures(logs: Path, *, rounds: int) -> list[Figure]:
    devices = make_devices(CONNECTIONS)
    runs: dict[str, list[Figures]] = {"ours": [], "plain": [], "http": [], "cold": []}
    with ExitStack() as stack:

        def start(name: str, **how: Any) -> processes.Service:
            return stack.enter_context(processes.service(logs / name, **how))

        services = {
            "ours": start("ours"),
            "plain": start("plain", application="tests.bench.plain_asgi:application", options=PLAIN_OPTIONS),
            "http": start("http", application="tests.bench.constant_asgi:application"),
            "cold": start("cold", DJANGO_SETTINGS_MODULE="tests.bench.cold_settings"),
        }
        for name, service in services.items():
            load(service.url, devices, 2 if name == "plain" else 20)
        for _ in range(rounds):
            for name, service in services.items():
                runs[name].append(load(service.url, devices, 4 if name == "plain" else 80))
            print(", ".join(f"{name} {found[-1].rate():,.0f}" for name, found in runs.items()), "beats/s")
        cold_hits = hit_rate(services["cold"].url)
    ours = runs["ours"]
    share = statistics.median(figures.share(os.cpu_count() or 1) for figures in ours)
    return [
        Figure("heartbeats against the plain way", ratio(ours, runs["plain"]), "times", floor=60, aim=90),
        Figure("heartbeats against HTTP alone", ratio(ours, runs["http"]), "times"),
        Figure("heartbeats at a config hit rate of 0", ratio(runs["cold"], ours), "times", floor=0.8, aim=0.9),
        Figure("its hit rate", cold_hits * 100, "%", floor=1, aim=0, maximum=True),
        *(Figure(f"heartbeats, {name}", rate(found), "a second") for name, found in runs.items()),
        Figure("requests that failed", failed_share([*ours, *runs["cold"]]), "%", floor=0, maximum=True),
        Figure("requests that failed, the plain way", failed_share(runs["plain"]), "%"),
        Figure("requests that failed, HTTP alone", failed_share(runs["http"]), "%"),
        Figure("p50 at 128 connections", median_ms(ours, 0.50), "ms"),
        Figure("p95 at 128 connections", median_ms(ours, 0.95), "ms", floor=50, aim=30, maximum=True, absolute=True),
        Figure("p99 at 128 connections", median_ms(ours, 0.99), "ms"),
        Figure("p95, the plain way", median_ms(runs["plain"], 0.95), "ms"),
        Figure("the load generator's share of the machine", share * 100, "%"),
    ]


def load(url: str, devices: list[Device], beats_each: int) -> Figures:
    """A closed loop. A beat that is not answered 200 does not count for the rate."""
    sources = [Beats(generator.host_of(url), device) for device in devices]
    return generator.run(generator.closed_loop(url, sources, requests_each=beats_each))


def run(url: str, devices: list[Device], beats_each: int) -> Figures:
    """A closed loop, in which every beat must be answered."""
    found = load(url, devices, beats_each)
    if found.statuses != {200: len(devices) * beats_each}:
        raise NotMeasured(f"The service did not answer every beat: {found.statuses}")
    return found


def hit_rate(url: str) -> float:
    """Of the cache of limits, as the service reports it."""
    hits, misses = cache_counts(url)
    return hits / (hits + misses)


def cache_counts(url: str) -> tuple[float, float]:
    """Hits and misses of the cache of limits so far."""
    values = {sample.name: sample.value for sample in samples(url) if sample.labels.get("cache") == "profiles"}
    return values["sandglass_cache_hits_total"], values["sandglass_cache_misses_total"]


def samples(url: str) -> list[Sample]:
    """What the service counted."""
    time.sleep(1.5)  # published once per second
    metrics = httpx.get(f"{url}/metrics").text
    return [sample for family in text_string_to_metric_families(metrics) for sample in family.samples]


def ratio(ours: list[Figures], theirs: list[Figures]) -> float:
    """The median of the rounds' ratios; infinite where the others answered nothing."""
    return statistics.median(
        mine.rate() / other.rate() if other.beats else math.inf for mine, other in zip(ours, theirs, strict=True)
    )


def failed_share(runs: list[Figures]) -> float:
    """Requests that were not answered 200, in % of all."""
    statuses = sum((run.statuses for run in runs), Counter())
    return 100 * (1 - statuses[200] / statuses.total())


def rate(runs: list[Figures]) -> float:
    return statistics.median(run.rate() for run in runs)
