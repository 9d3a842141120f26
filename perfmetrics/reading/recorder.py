"""Tells the metrics what has no moment of its own, and keeps what the Performance page plots.

Two tasks of the server's lifespan, a tick a second, never on the heartbeat's path. In every worker: gauges and the
caches' counts. In one worker a host, whoever holds the lock: the last minutes' points, in a file of the metrics'
folder, and a row a minute in the database. What a tick needs to know is in that file: another worker can go on with it.
"""

import asyncio
import fcntl
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections

from perfmetrics.counting import cache, folder, metrics
from perfmetrics.models import MinuteFigures
from perfmetrics.reading import figures
from perfmetrics.reading.figures import Totals

log = structlog.stdlib.get_logger(__name__)

TICK_SECONDS: Final = 1.0
POINT_SECONDS: Final = 2.0
POINTS_KEPT: Final = 150
MINUTE: Final = 60
DAYS_KEPT: Final = 8
MINUTES_WAITING: Final = 120
FILE: Final = "recent.json"


@dataclass(frozen=True, slots=True)
class Recent:
    """The last minutes; `base`: the totals when the running minute began (Unix times)."""

    at: float
    last: Totals
    minute: float
    base: Totals = field(default_factory=Totals)
    peak: float = 0
    points: tuple[dict[str, Any], ...] = ()


def point(before: Totals, now: Totals, *, at: float, seconds: float) -> dict[str, Any]:
    """What happened between two readings, for the plots: rates a second, ms, null where nothing was answered."""
    beats = now.heartbeats - before.heartbeats
    latency = now.heartbeat.since(before.heartbeat)
    reads = now.cache_hits + now.cache_misses - before.cache_hits - before.cache_misses
    checks = sum(now.pin_checks.values()) - sum(before.pin_checks.values())
    return {
        "at": round(at, 1),
        "heartbeats": round(beats / seconds, 2),
        **{f"p{q}": _ms(figures.quantile(latency, q / 100, bounds=metrics.FINE)) for q in (50, 95, 99)},
        "statements": round((now.statements - before.statements) / beats, 3) if beats else None,
        "hit_rate": round((now.cache_hits - before.cache_hits) / reads, 4) if reads else None,
        "queue": now.queue_peak,
        "pin_checks": round(checks / seconds, 2),
        "pin_waiting": now.hashes_waiting,
        "failures": now.failed_closed + now.failures - before.failed_closed - before.failures,
        "refused_busy": now.refused_busy - before.refused_busy,
    }


def minute_row(recent: Recent, now: Totals) -> MinuteFigures:
    """What the workers did since the minute began."""
    before = recent.base
    latency = now.heartbeat.since(before.heartbeat)
    checks = sum(now.pin_checks.values()) - sum(before.pin_checks.values())
    return MinuteFigures(
        minute=datetime.fromtimestamp(recent.minute, UTC),
        host=settings.METRICS_HOST,
        workers=now.workers,
        heartbeats=now.heartbeats - before.heartbeats,
        failures=now.failed_closed + now.failures - before.failed_closed - before.failures,
        statements=now.statements - before.statements,
        batches=now.batches - before.batches,
        p50_ms=_ms(figures.quantile(latency, 0.50, bounds=metrics.FINE)),
        p95_ms=_ms(figures.quantile(latency, 0.95, bounds=metrics.FINE)),
        p99_ms=_ms(figures.quantile(latency, 0.99, bounds=metrics.FINE)),
        longest_queue=max(recent.peak, now.queue_peak),
        refused_busy=now.refused_busy - before.refused_busy,
        cache_hits=now.cache_hits - before.cache_hits,
        cache_misses=now.cache_misses - before.cache_misses,
        config_fetches=None if now.youngest > recent.minute else fetches_a_profile(before, now),
        pin_checks=checks,
        pin_checks_wrong=now.pin_checks.get("wrong", 0) - before.pin_checks.get("wrong", 0),
        slow_requests=now.slow_requests - before.slow_requests,
    )


def fetches_a_profile(before: Totals, now: Totals) -> float | None:
    """How often a profile was read within one lifetime of its entry, during a minute; changes call for one more each.

    At most 1 while the cache does its work. With a lifetime of more than a minute: at least so often. Nobody knows in a
    minute that a worker was replaced in: what the old one read is counted, what it kept is gone.
    """
    if not now.cache_entries:
        return None
    changes = now.cache_invalidations - before.cache_invalidations
    fetches = max(0, now.cache_fills - before.cache_fills - changes)
    lifetime: float = settings.CACHES[figures.CONFIG_CACHE]["TIMEOUT"]
    return round(fetches * min(1, lifetime / MINUTE) / now.cache_entries, 3)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)


def advance(recent: Recent | None, now: Totals, *, at: float) -> tuple[Recent, MinuteFigures | None]:
    """What is known after another reading, and the row of the minute that ended, if one did.

    The first reading of a server's life counts from zero.
    """
    minute = at - at % MINUTE
    if recent is None:
        return Recent(at=at, last=now, minute=minute, peak=now.queue_peak), None
    points = recent.points
    if at - recent.at >= POINT_SECONDS / 2:
        points = (*points, point(recent.last, now, at=at, seconds=at - recent.at))[-POINTS_KEPT:]
    if minute == recent.minute:
        peak = max(recent.peak, now.queue_peak)
        return Recent(at=at, last=now, minute=minute, base=recent.base, peak=peak, points=points), None
    return Recent(at=at, last=now, minute=minute, base=now, points=points), minute_row(recent, now)


def load(path: Path | None) -> Recent | None:
    """The file of the server's folder; None where there is none yet."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        values = json.loads(((path or Path()) / FILE).read_text())
        return Recent(**{**values, **{name: Totals.from_json(values[name]) for name in ("last", "base")}})
    return None


def save(path: Path, recent: Recent) -> None:
    values = {name: getattr(recent, name) for name in ("at", "minute", "peak", "points")}
    totals = {"last": recent.last.as_json(), "base": recent.base.as_json()}
    new = path / f"{FILE}.new"
    new.write_text(json.dumps({**values, **totals}))
    new.replace(path / FILE)


class Recorder:
    """The two tasks of one worker."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._lock: int | None = None
        self._unsaved: list[MinuteFigures] = []

    def start(self) -> None:
        """On the running loop."""
        metrics.workers.set(1)
        metrics.process_start.set(time.time())
        self._tasks = [
            asyncio.create_task(self._again(self._sample, TICK_SECONDS)),
            asyncio.create_task(self._again(self._record, POINT_SECONDS)),
        ]

    async def stop(self) -> None:
        """Tell what was counted to the end."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        await self._sample()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def _again(self, tick: Any, seconds: float) -> None:
        while True:
            try:
                await tick()
            except Exception:  # figures must not end because one reading failed
                log.exception("figures_not_recorded")
            await asyncio.sleep(seconds)

    async def _sample(self) -> None:
        metrics.sample()
        cache.tell_metrics()

    async def _record(self) -> None:
        path = folder.path()
        if path is not None:
            await self.record(path, at=time.time())

    async def record(self, path: Path, *, at: float) -> None:
        """Read the figures and keep them, if this worker is the one that does."""
        if self._is_ours(path):
            row = await asyncio.to_thread(_read_and_save, path, at)
            self._unsaved = [*self._unsaved, *([row] if row else [])][-MINUTES_WAITING:]
            if self._unsaved and row:
                await asyncio.to_thread(self._keep)

    def _is_ours(self, path: Path) -> bool:
        """Whether this worker holds the lock that one worker holds; the kernel frees it when that one ends."""
        if self._lock is None:
            handle = os.open(path / "recorder", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                return False
            self._lock = handle
        return True

    def _keep(self) -> None:
        try:
            keep(self._unsaved, now=datetime.now(UTC))
        except DatabaseError as error:
            log.warning("figures_wait_for_the_database", error=str(error), minutes=len(self._unsaved))
        else:
            self._unsaved = []


def _read_and_save(path: Path, at: float) -> MinuteFigures | None:
    recent, row = advance(load(path), figures.read(), at=at)
    save(path, recent)
    return row


def keep(rows: list[MinuteFigures], *, now: datetime) -> None:
    """Write minutes that nobody of this host wrote before, and forget what is older than the page shows.

    Index: minute_figures_minute_host_uniq. Closes its thread's connection.
    """
    try:
        MinuteFigures.objects.bulk_create(rows, ignore_conflicts=True)
        MinuteFigures.objects.filter(minute__lt=now - timedelta(days=DAYS_KEPT)).delete()
    finally:
        connections["default"].close()


recorder = Recorder()
