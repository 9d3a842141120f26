"""Health checks (contract, "Outside /api"), by the lean handler: a probe's host is on no list of allowed ones."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from django.db import Error as DatabaseError
from django.db import connections
from django.http import HttpRequest, JsonResponse

logger = logging.getLogger(__name__)

DATABASE_SECONDS = 5
# A check that hangs must hold no other thread: the answer goes through the request's own, all else through shared ones.
_thread = ThreadPoolExecutor(1, thread_name_prefix="health")


async def live(_request: HttpRequest) -> JsonResponse:
    """The process is up; the database is not asked."""
    return JsonResponse({"status": "ok"})


async def ready(_request: HttpRequest) -> JsonResponse:
    """200 while the database answers within 5 s, else 503."""
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            await asyncio.get_running_loop().run_in_executor(_thread, _ask_database)
    except (DatabaseError, TimeoutError) as error:
        logger.warning("not ready: %r", error)
        return JsonResponse({"status": "degraded", "checks": {"database": "unreachable"}}, status=503)
    return JsonResponse({"status": "ok", "checks": {"database": "ok"}})


def _ask_database() -> None:
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connections["default"].close()  # no request's end does it in this thread
