"""Live events next to heartbeats: 2,000 open streams on one worker, 200 woken a second, while 1,000 players beat.

In turns in one run: without streams, with them idle, and with them woken. What a stream costs in memory is the worker's
growth over all of them; database connections are counted before and with them.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psycopg
from django.db import connection

from tests import processes
from tests.bench import generator
from tests.bench.cast import Device, make_devices
from tests.bench.counting import cpu_seconds
from tests.bench.generator import Beats, Figures, median_ms
from tests.bench.pace import VIEWERS, play
from tests.bench.results import Figure, NotMeasured
from viewing.models import ViewingTimeBalance

STREAMS: Final = 2_000
# An account has no more.
PER_ACCOUNT: Final = 50
WOKEN_PER_SECOND: Final = 200
BATCHES_PER_SECOND: Final = 10
MAX_KB: Final = 40
_BALANCE: Final = ViewingTimeBalance._meta.db_table
# A child's balance changes, and every worker is notified, as by a grant.
_WAKE: Final = f"""
WITH changed AS (
    INSERT INTO {_BALANCE} AS b
        (profile_id, day, used_seconds, educational_seconds, granted_seconds, is_unlimited_override)
    SELECT id, (now() AT TIME ZONE 'UTC')::date, 0, 0, 60, false FROM unnest(%s::uuid[]) id
    ON CONFLICT (profile_id, day) DO UPDATE SET granted_seconds = b.granted_seconds + 60 RETURNING profile_id
)
SELECT pg_notify('sandglass_changes', 'bench live ' || profile_id) FROM changed
"""


class Listeners:
    """Streams that are read and thrown away, in a thread with an event loop of its own."""

    def __init__(self, url: str, devices: list[Device]) -> None:
        self._where = urlsplit(url)
        self._devices = devices
        self.begun = self.events = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> "Listeners":
        self._thread.start()
        deadline = time.monotonic() + 120
        while self.begun < len(self._devices):
            if time.monotonic() > deadline:
                raise NotMeasured(f"Only {self.begun} of {len(self._devices)} streams began.")
            time.sleep(0.1)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping.set()
        self._thread.join()

    async def _run(self) -> None:
        tasks = []
        for number, device in enumerate(self._devices):
            tasks.append(asyncio.create_task(self._listen(device)))
            if number % 50 == 0:
                await asyncio.sleep(0.1)
        while not self._stopping.is_set():  # noqa: ASYNC110 — set by another thread
            await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, device: Device) -> None:
        reader, writer = await asyncio.open_connection(self._where.hostname, self._where.port)
        path = f"/api/v1/viewing-time/events/{device.profile_id}"
        head = f"GET {path} HTTP/1.1\r\nHost: {self._where.netloc}\r\nAuthorization: Bearer {device.token}\r\n\r\n"
        writer.write(head.encode())
        has_begun = False
        while part := await reader.read(65536):
            count = part.count(b"event: ")
            self.events += count
            if count and not has_begun:
                has_begun = True
                self.begun += 1


@contextmanager
def _waking(profile_ids: list[str]) -> Iterator[None]:
    stopping = threading.Event()

    def wake() -> None:
        size, at, due = WOKEN_PER_SECOND // BATCHES_PER_SECOND, 0, time.monotonic()
        with psycopg.connect(processes.database_url(), autocommit=True) as database:
            while not stopping.is_set():
                database.execute(_WAKE, [[profile_ids[(at + n) % len(profile_ids)] for n in range(size)]])
                at, due = at + size, due + 1 / BATCHES_PER_SECOND
                time.sleep(max(0.0, due - time.monotonic()))

    thread = threading.Thread(target=wake)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def figures(logs: Path, *, rounds: int, seconds: float) -> list[Figure]:
    """Heartbeats' p95 is compared within the run."""
    listening = [device for _ in range(STREAMS // PER_ACCOUNT) for device in make_devices(PER_ACCOUNT)]
    with processes.service(logs / "streams", CONFIG_CACHE_MAX_ENTRIES="10000") as service:
        worker = service.workers()[0]
        sources = [Beats(generator.host_of(service.url), device) for device in make_devices(VIEWERS)]
        for _ in range(2):
            play(service.url, sources, seconds=seconds)
        without = [play(service.url, sources, seconds=seconds) for _ in range(rounds)]
        connections, memory = _connections(), _memory_kb(worker)
        with Listeners(service.url, listening) as listeners:
            memory = _memory_kb(worker) - memory
            before = cpu_seconds(worker)
            time.sleep(seconds)
            idle = (cpu_seconds(worker) - before) / seconds
            with_connections = _connections()
            seen = listeners.events
            with _waking([device.profile_id for device in listening]):
                woken = [play(service.url, sources, seconds=seconds) for _ in range(rounds)]
            seen = listeners.events - seen
    return [
        *_compared(without, woken),
        Figure("memory of a stream", memory / STREAMS, "kB", floor=MAX_KB, maximum=True),
        Figure("more database connections with 2,000 streams", with_connections - connections, floor=0, maximum=True),
        Figure("CPU of 2,000 idle streams, of a core", idle * 100, "%", floor=3, maximum=True, absolute=True),
        Figure("events that the streams were sent", seen / (rounds * seconds), "per s"),
    ]


def _compared(without: list[Figures], woken: list[Figures]) -> list[Figure]:
    for run in (*without, *woken):
        if set(run.statuses) != {200}:
            raise NotMeasured(f"The service did not answer every beat: {run.statuses}")
    before, after = median_ms(without, 0.95), median_ms(woken, 0.95)
    return [
        Figure("p95 of 1,000 players without streams", before, "ms"),
        Figure("p95 with 2,000 streams, 200 woken a second", after, "ms"),
        Figure(
            "what the streams add to it", after - before, "ms", floor=max(1.0, before / 10), maximum=True, absolute=True
        ),
        Figure("p50 with them, more", median_ms(woken, 0.5) - median_ms(without, 0.5), "ms"),
    ]


def _connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def _memory_kb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith("VmRSS")).split()[1])
