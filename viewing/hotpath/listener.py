"""Hears, in each process, what the others changed (`viewing/hotpath/invalidation.py`), on a connection of its own.

A connection on which nothing comes looks like one on which nothing can come. So it is asked something every 15 s.
"""

import asyncio
import time
from contextlib import suppress
from typing import Any, Final

import psycopg
import structlog
from django.db import connections

from viewing.hotpath import invalidation, lookup
from viewing.hotpath.wire import shut_down

log = structlog.stdlib.get_logger(__name__)

FIRST_WAIT_SECONDS: Final = 0.1
LONGEST_WAIT_SECONDS: Final = 5.0
ASK_SECONDS: Final = 15.0
ANSWER_SECONDS: Final = 5.0
DJANGOS_OPTIONS: Final = {"assume_role", "isolation_level", "pool", "prepare_threshold", "server_side_binding"}


class Listener:
    """One task that listens, and comes back after whatever went wrong."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()
        # By the monotonic clock.
        self.listens_since: float | None = None
        self.heard_at: float | None = None

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
                    await _ask(connection, f"LISTEN {invalidation.CHANNEL}")
                    # Notifications sent in the meantime are lost: reconnect and start over.
                    lookup.invalidate_all()
                    self._listening.set()
                    self.listens_since = self.heard_at = time.monotonic()
                    wait_seconds = FIRST_WAIT_SECONDS
                    while True:
                        async for notification in connection.notifies(timeout=ASK_SECONDS):
                            _hear(notification.payload)
                        await _ask(connection, "SELECT 1")
                        self.heard_at = time.monotonic()
            except (psycopg.Error, OSError) as error:
                log.warning("not_listening", error=str(error).partition("\n")[0])
            finally:
                self.listens_since = None
            await asyncio.sleep(wait_seconds)
            wait_seconds = min(2 * wait_seconds, LONGEST_WAIT_SECONDS)


async def _ask(connection: psycopg.AsyncConnection[Any], statement: str) -> None:
    """Run a statement; an error unless it is answered in time."""
    # Not a timeout of the task: psycopg would first ask the server to cancel, and wait for its answer.
    timer = asyncio.get_running_loop().call_later(ANSWER_SECONDS, shut_down, connection)
    try:
        await connection.execute(statement)
    finally:
        timer.cancel()


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
