"""Health checks (contract, "Outside /api")."""

import asyncio
import logging

from asgiref.sync import sync_to_async
from django.db import Error as DatabaseError
from django.db import connections
from django.http import HttpRequest, JsonResponse

logger = logging.getLogger(__name__)

DATABASE_SECONDS = 5


async def live(_request: HttpRequest) -> JsonResponse:
    """The process is up; the database is not asked."""
    return JsonResponse({"status": "ok"})


async def ready(_request: HttpRequest) -> JsonResponse:
    """200 while the database answers within 5 s, else 503."""
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            await sync_to_async(_ask_database)()
    except (DatabaseError, TimeoutError) as error:
        logger.warning("not ready: %s", error)
        return JsonResponse({"status": "degraded", "checks": {"database": "unreachable"}}, status=503)
    return JsonResponse({"status": "ok", "checks": {"database": "ok"}})


def _ask_database() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1")
