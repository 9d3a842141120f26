"""Hears, in each process, what the others changed (`viewing/hotpath/invalidation.py`), on a connection of its own."""

import asyncio
import time
from contextlib import suppress
from typing import Any, Final

import psycopg
import structlog
from django.db import connections

from viewing.hotpath import invalidation, lookup

log = structlog.stdlib.get_logger(__name__)

FIRST_WAIT_SECONDS: Final = 0.1
LONGEST_WAIT_SECONDS: Final = 5.0
DJANGOS_OPTIONS: Final = {"assume_role", "isolation_level", "pool", "prepare_threshold", "server_side_binding"}


class Listener:
    """One task that listens, and comes back after whatever went wrong."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()
        self.listens_since: float | None = None  # by the monotonic clock

    def is_listening(self) -> bool:
        return self.listens_since is not None

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
                    self.listens_since = time.monotonic()
                    wait_seconds = FIRST_WAIT_SECONDS
                    async for notification in connection.notifies():
                        _hear(notification.payload)
            except (psycopg.Error, OSError) as error:
                log.warning("not_listening", error=str(error))
            finally:
                self.listens_since = None
            await asyncio.sleep(wait_seconds)
            wait_seconds = min(2 * wait_seconds, LONGEST_WAIT_SECONDS)


def _hear(payload: str) -> None:
    try:
        invalidation.on_notification(payload)
    except ValueError:
        log.warning("change_not_understood", payload=payload)


def _parameters() -> dict[str, Any]:
    """Those of the hot path, without what is Django's own: a listener waits, and needs no pool."""
    settings = connections["hotpath"].settings_dict
    options = {key: value for key, value in settings["OPTIONS"].items() if key not in DJANGOS_OPTIONS}
    place = {key: settings[key.upper()] or None for key in ("user", "password", "host", "port")}
    return {
        **options,
        **place,
        "dbname": settings["NAME"],
        "application_name": "sandglass-listener",
        "autocommit": True,
    }


listener = Listener()
