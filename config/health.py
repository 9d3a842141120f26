"""Health checks (docs/contract.md#health), on the lean handler: a probe's host is on no list of allowed ones."""

import asyncio
import threading
import time
from typing import Final

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse

from perfmetrics.counting.lean import lean
from viewing.hotpath import threads
from viewing.hotpath.listener import listener

log = structlog.stdlib.get_logger(__name__)

DATABASE_SECONDS = 5
THREAD_SECONDS = 5
# A connection of its own (DATABASES): a pool that clients use up must not make the service look as if it were down.
ALIAS: Final = "health"
# A check that hangs must hold no other thread, and end by itself.
thread = threads.DatabaseThread("health", alias=ALIAS)
# Set once this process was asked to stop: it is no longer ready, so that load balancers send requests elsewhere.
draining = threading.Event()
# The migrations that this code needs and the database was not seen to have; empty from then on.
_missing: set[tuple[str, str]] = set()


def note_migrations() -> None:
    """Read from the disk which migrations this code needs; once, at the start."""
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    _missing.update(loader.disk_migrations)


@lean
async def live(_request: HttpRequest) -> JsonResponse:
    """The process is up; the database is not asked."""
    return JsonResponse({"status": "ok"})


@lean
async def ready(_request: HttpRequest) -> JsonResponse:
    """200 while the database, the writer and the reads answer within 5 s and no migration is missing; else 503.

    A writer or reads that were silent count as silent until they have done some work, or 10 s have passed: a database
    that answers and does not commit would look well in between.

    A pool that is used up and a listener that does not listen are shown and do not count: it would not help to send
    requests elsewhere, and caches heal by themselves.
    """
    if draining.is_set():
        return JsonResponse({"status": "degraded", "checks": {"process": "draining"}}, status=503)
    database, writer, reads = await asyncio.gather(_check_database(), _check(threads.writes), _check(threads.reads))
    checks = {
        **database,
        "writer": writer,
        "reads": reads,
        "pool": _check_pool(),
        "listener": "ok" if listener.is_listening() else "lost",
    }
    is_ready = checks["database"] == writer == reads == "ok" and "migrations" not in checks
    if not is_ready:
        log.warning("not_ready", **checks)
    body = {"status": "ok" if is_ready else "degraded", "checks": checks, "seconds": _ages()}
    return JsonResponse(body, status=200 if is_ready else 503)


async def _check_database() -> dict[str, str]:
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            migrated = await thread.run(_ask_database)
    except (DatabaseError, TimeoutError, RuntimeError):  # RuntimeError: outside the server's lifespan
        return {"database": "unreachable"}
    return {"database": "ok"} if migrated else {"database": "ok", "migrations": "missing"}


async def _check(asked: threads.DatabaseThread) -> str:
    """Whether one of the hot path's connections works: a statement on it, unless it was silent a moment ago."""
    if asked.is_silent():
        return "stalled"
    try:
        async with asyncio.timeout(THREAD_SECONDS):
            await asked.run(threads.execute, "SELECT 1", {}, is_work=False)
    except (DatabaseError, TimeoutError, RuntimeError) as error:
        is_stalled = isinstance(error, (TimeoutError, threads.Silent)) or asked.is_silent()
        return "stalled" if is_stalled else "unreachable"
    return "ok"


def _check_pool() -> str:
    if not settings.DB_POOL:
        return "off"
    stats = connections["default"].pool.get_stats()  # type: ignore[attr-defined]
    is_exhausted = stats["pool_available"] == 0 and stats["pool_size"] >= stats["pool_max"]
    return "exhausted" if is_exhausted else "ok"


def _ages() -> dict[str, float | None]:
    """How long ago each last succeeded (null: never), and how long the oldest of what waits for each has waited."""
    now = time.monotonic()
    last = {
        "writer": threads.writes.succeeded_at,
        "reads": threads.reads.succeeded_at,
        "listener": listener.listens_since,
        "listener_heard": listener.heard_at,
    }
    queues = {"writer_queue": threads.writes.waited_seconds(), "reads_queue": threads.reads.waited_seconds()}
    ages = {name: None if at is None else round(now - at, 1) for name, at in last.items()}
    return {**ages, **{name: round(seconds, 1) for name, seconds in queues.items()}}


def _ask_database() -> bool:
    """Whether no migration is missing. Asked until none is: from then on a probe costs one statement."""
    connection = connections[ALIAS]
    try:
        return _is_migrated()
    except DatabaseError:
        connection.close()  # it was kept from the last probe: the server may have gone and come back
        return _is_migrated()


def _is_migrated() -> bool:
    connection = connections[ALIAS]
    if _missing:
        _missing.difference_update(MigrationRecorder(connection).applied_migrations())
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    return not _missing
