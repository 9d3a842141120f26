"""Samples what is too expensive to count as it happens, and records what the Performance page plots.

Two tasks of the server's lifespan, which tick every second or two, never on a heartbeat's path. In every worker: gauges
and the caches' counts. In one worker per host, the one that holds the lock: the points of the last minutes, in a file
of the metrics folder, and a row per minute in the database. What a tick needs to know is in that file, so that another
worker can continue with it.
"""

import asyncio
import fcntl
import json
import math
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections

from perfmetrics.counting import cache, folder, metrics
from perfmetrics.models import MinuteFigures
from perfmetrics.reading import figures, old_columns, registry
from perfmetrics.reading.figures import Totals
from perfmetrics.reading.measures import MINUTE_SECONDS, PEAK, Point, Values

log = structlog.stdlib.get_logger(__name__)

TICK_SECONDS: Final = 1.0
POINT_SECONDS: Final = 2.0
MAX_POINTS: Final = 150
MAX_AGE_DAYS: Final = 8
MAX_UNSAVED_MINUTES: Final = 120
WARNING_SECONDS: Final = 3600
FILE: Final = "recent.json"


@dataclass(frozen=True, slots=True)
class Recent:
    """What the recorder knows. Unix times.

    `base`: the totals when the current minute began; `peaks`: the highest readings of gauges since.
    """

    at: float
    last: Totals
    minute: float
    base: Totals = field(default_factory=Totals)
    peaks: Values = field(default_factory=dict)
    points: tuple[Point, ...] = ()


def point(before: Totals, now: Totals, *, at: float, seconds: float) -> Point:
    """What happened between two readings, for the plots."""
    values = registry.measured(before, now, is_live=True)
    return Point(round(at, 1), registry.shown(values, seconds=seconds))


def minute_row(recent: Recent, now: Totals) -> MinuteFigures:
    """What the workers did since the minute began."""
    values = {**registry.measured(recent.base, now, is_live=False), **_peaks(recent, now)}
    row = MinuteFigures(
        minute=datetime.fromtimestamp(recent.minute, UTC),
        host=settings.METRICS_HOST,
        workers=int(now.sum("workers")),
        figures={name: value for name, value in values.items() if value is not None},
    )
    old_columns.fill(row, values)
    return row


def _peaks(recent: Recent, now: Totals) -> dict[str, float]:
    """The highest readings of gauges since the minute began."""
    readings = {
        figure.column: figure.measure(recent.base, now) or 0 for figure in registry.all_figures() if figure.per == PEAK
    }
    return {name: max(recent.peaks.get(name) or 0, value) for name, value in readings.items()}


def advance(
    recent: Recent | None, now: Totals, *, at: float, server_started: float
) -> tuple[Recent, MinuteFigures | None]:
    """What is known after another reading, and the row of the minute that ended, if one did.

    The first reading of a server's life counts from zero. A first reading later in its life, after the file was lost or
    was another version's, counts from itself: else one minute would hold everything since the start.
    """
    minute = at - at % MINUTE_SECONDS
    if recent is None:
        first = Recent(at=at, last=now, minute=minute)
        is_new_server = server_started >= minute - MINUTE_SECONDS
        return replace(first, base=Totals() if is_new_server else now, peaks=_peaks(first, now)), None
    points = recent.points
    if at - recent.at >= POINT_SECONDS / 2:
        points = (*points, point(recent.last, now, at=at, seconds=at - recent.at))[-MAX_POINTS:]
    if minute == recent.minute:
        return replace(recent, at=at, last=now, peaks=_peaks(recent, now), points=points), None
    return Recent(at=at, last=now, minute=minute, base=now, points=points), minute_row(recent, now)


def load(path: Path | None) -> Recent | None:
    """The file of the server's folder; None where there is none yet, or it is another version's."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        values = json.loads(((path or Path()) / FILE).read_text())
        totals = {name: Totals(**values[name]) for name in ("last", "base")}
        return Recent(**{**values, **totals, "points": tuple(Point(**each) for each in values["points"])})
    return None


def save(path: Path, recent: Recent) -> None:
    new = path / f"{FILE}.new"
    values = {
        "at": recent.at,
        "minute": recent.minute,
        "last": {"samples": recent.last.samples},
        "base": {"samples": recent.base.samples},
        "peaks": recent.peaks,
        "points": [{"at": point.at, "values": point.values} for point in recent.points],
    }
    new.write_text(json.dumps(values))
    new.replace(path / FILE)


class Recorder:
    """The two tasks of one worker."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._lock: int | None = None
        self._unsaved: list[MinuteFigures] = []
        self._warned_at = -math.inf

    def start(self) -> None:
        """On the running loop."""
        metrics.workers.set(1)
        metrics.process_start.set(time.time())
        self._tasks = [
            asyncio.create_task(self._repeat(self._sample, TICK_SECONDS)),
            asyncio.create_task(self._repeat(self._record, POINT_SECONDS)),
        ]

    async def stop(self) -> None:
        """Publish what was counted until the end."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        await self._sample()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def _repeat(self, tick: Callable[[], Awaitable[None]], seconds: float) -> None:
        while True:
            try:
                await tick()
            except Exception:  # recording must not end because one reading failed
                log.exception("figures_not_recorded")
            await asyncio.sleep(seconds)

    async def _sample(self) -> None:
        metrics.sample()
        cache.publish_figures()

    async def _record(self) -> None:
        path = folder.path()
        if path is not None:
            await self.record(path, at=time.time())

    async def record(self, path: Path, *, at: float) -> None:
        """Read the figures and store them, if this worker is the one that records."""
        if self._holds_the_lock(path):
            row = await asyncio.to_thread(_read_and_save, path, at)
            self._unsaved = [*self._unsaved, *([row] if row else [])][-MAX_UNSAVED_MINUTES:]
            if row:
                self._warn_of_small_caches(row, at=at)
            if self._unsaved and row:
                await asyncio.to_thread(self._store_unsaved)

    def _warn_of_small_caches(self, row: MinuteFigures, *, at: float) -> None:
        """Once an hour, while it lasts. The service works on, so it stays ready."""
        wanted = row.figures.get(registry.CACHE_WANTED)
        if wanted and at - self._warned_at >= WARNING_SECONDS:
            self._warned_at = at
            maximum = settings.CONFIG_CACHE_MAX_ENTRIES
            log.warning("cache_too_small", max_entries=maximum, wanted_entries=int(wanted))

    def _holds_the_lock(self, path: Path) -> bool:
        """Whether this worker is the one per host that records; the kernel frees the lock when that one ends."""
        if self._lock is None:
            handle = os.open(path / "recorder", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                return False
            self._lock = handle
        return True

    def is_recording(self) -> bool:
        """Whether this worker is the one of its host that records."""
        return self._lock is not None

    def _store_unsaved(self) -> None:
        try:
            store(self._unsaved, now=datetime.now(UTC))
        except DatabaseError as error:
            log.warning(
                "figures_wait_for_the_database", error=str(error).partition("\n")[0], minutes=len(self._unsaved)
            )
        else:
            self._unsaved = []


def _read_and_save(path: Path, at: float) -> MinuteFigures | None:
    recent, row = advance(load(path), figures.read(), at=at, server_started=folder.started())
    save(path, recent)
    return row


def store(rows: list[MinuteFigures], *, now: datetime) -> None:
    """Insert minutes that no worker of this host has written yet, and delete what is older than the page shows.

    Index: minute_figures_minute_host_uniq. Closes its thread's connection.
    """
    try:
        MinuteFigures.objects.bulk_create(rows, ignore_conflicts=True)
        MinuteFigures.objects.filter(minute__lt=now - timedelta(days=MAX_AGE_DAYS)).delete()
    finally:
        connections["default"].close()


recorder = Recorder()
