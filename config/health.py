"""Health checks (docs/contract.md#health), on the lean handler: a probe's host is on no list of allowed ones."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.db import Error as DatabaseError
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse

from perfmetrics.counting.lean import lean

log = structlog.stdlib.get_logger(__name__)

DATABASE_SECONDS = 5
# A check that hangs must hold no other thread: the answer goes through the request's own, the rest through shared ones.
_thread = ThreadPoolExecutor(1, thread_name_prefix="health")
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
    """200 while the database answers within 5 s, has every migration, and the process goes on; else 503."""
    if draining.is_set():
        return _degraded(process="draining")
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            migrated = await asyncio.get_running_loop().run_in_executor(_thread, _ask_database)
    except (DatabaseError, TimeoutError) as error:
        log.warning("not_ready", error=repr(error))
        return _degraded(database="unreachable")
    if not migrated:
        log.warning("not_ready", error="migrations are missing")
        return _degraded(database="ok", migrations="missing")
    return JsonResponse({"status": "ok", "checks": {"database": "ok"}})


def _degraded(**checks: str) -> JsonResponse:
    return JsonResponse({"status": "degraded", "checks": checks}, status=503)


def _ask_database() -> bool:
    """Whether no migration is missing. Asked until none is: from then on a probe costs one statement."""
    connection = connections["default"]
    try:
        if _missing:
            _missing.difference_update(MigrationRecorder(connection).applied_migrations())
        else:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        return not _missing
    finally:
        connection.close()  # no request's end does it in this thread
