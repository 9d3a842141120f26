"""Hears, in each process, what the others changed (`viewing/hotpath/invalidation.py`), on a connection of its own."""

import asyncio
from contextlib import suppress
from typing import Any, Final

import psycopg
import structlog
from django.db import connections

from viewing.hotpath import invalidation, lookup

log = structlog.stdlib.get_logger(__name__)

FIRST_WAIT_SECONDS: Final = 0.1
LONGEST_WAIT_SECONDS: Final = 5.0


class Listener:
    """One task that listens, and comes back after whatever went wrong."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    async def start(self, *, wait_seconds: float) -> None:
        """Begin, and wait until it listens, but no longer than so; without a database it goes on trying."""
        self._listening = asyncio.Event()
        self._task = asyncio.create_task(self._run())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._listening.wait(), wait_seconds)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        wait_seconds = FIRST_WAIT_SECONDS
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**_parameters()) as connection:
                    await connection.execute(f"LISTEN {invalidation.CHANNEL}")
                    # Notifications sent in the meantime are lost: reconnect and start over.
                    lookup.invalidate_all()
                    self._listening.set()
                    wait_seconds = FIRST_WAIT_SECONDS
                    async for notification in connection.notifies():
                        _hear(notification.payload)
            except (psycopg.Error, OSError) as error:
                log.warning("not_listening", error=str(error))
            await asyncio.sleep(wait_seconds)
            wait_seconds = min(2 * wait_seconds, LONGEST_WAIT_SECONDS)


def _hear(payload: str) -> None:
    try:
        invalidation.on_notification(payload)
    except ValueError:
        log.warning("change_not_understood", payload=payload)


def _parameters() -> dict[str, Any]:
    """The database's, as for every connection, but for this use: no pool, no wait for a server that is silent."""
    settings = connections["hotpath"].settings_dict
    return {
        "dbname": settings["NAME"],
        "user": settings["USER"] or None,
        "password": settings["PASSWORD"] or None,
        "host": settings["HOST"] or None,
        "port": settings["PORT"] or None,
        "connect_timeout": 5,
        "application_name": "sandglass-listener",
        "autocommit": True,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }


listener = Listener()
