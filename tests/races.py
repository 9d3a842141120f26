"""Things that happen side by side: calls in parallel, and waiting for what another thread or process does."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

Result = TypeVar("Result")

# On a full machine a process may wait that long for a core.
PATIENCE_SECONDS = 60


def in_parallel(count: int, call: Callable[[int], Result]) -> list[Result]:
    """The results of `call(0)` … `call(count - 1)`, set off together in threads of their own.

    Raises an error of one.
    """
    barrier = threading.Barrier(count)

    def run(n: int) -> Result:
        barrier.wait()
        try:
            return call(n)
        finally:
            connections.close_all()  # of this thread

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


def until(condition: Callable[[], object]) -> None:
    """Wait for what another thread or process does at its own pace."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


async def until_in_loop(condition: Callable[[], object]) -> None:
    """The same, while the event loop runs."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 — the other side is a thread
            await asyncio.sleep(0.005)
