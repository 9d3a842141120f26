"""A thread of the lowest priority with a short queue, for slow work off the event loop: bcrypt, and sending mail.

One thread, so that a burst leaves a core to the players on the smallest machine. A second one for bcrypt checked a
quarter more PINs a second and took the p99 of heartbeats from 6 to 9 ms above that without checks; in a child process
it did the same.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

from viewing.errors import Refusal

THREADS: Final = 1
MAX_WAITING: Final = 8
PLACES: Final = THREADS + MAX_WAITING
LOWEST_PRIORITY: Final = 19

T = TypeVar("T")


class BoundedThread:
    """Runs one call at a time and refuses (429, the sentence `full`) when eight more are waiting."""

    def __init__(self, name: str, *, full: str) -> None:
        self._name = name
        self._full = full
        self._places = threading.BoundedSemaphore(PLACES)
        self._queued = 0
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None

    @contextlib.contextmanager
    def place(self) -> Iterator["Place"]:
        """A place in the queue, to run one call in; given back when it was not used. Refusal 429 when all are taken."""
        if not self._places.acquire(blocking=False):
            raise Refusal("rate_limited", self._full)
        place = Place(self)
        try:
            yield place
        finally:
            if not place.is_used:
                self._places.release()

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """The function's result. Refusal 429 when all places are taken."""
        with self.place() as place:
            return await place.run(function, *args)

    def submit(self, function: Callable[..., T], *args: object) -> "Future[T]":
        """Run it in a place that is taken already, and free that place."""
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=self._name, initializer=_lower_priority)
            job = self._threads.submit(function, *args)
            self._queued += 1
        # Freed when the call is done, not when its client goes away: a running one cannot be cancelled.
        job.add_done_callback(self._done)
        return job

    def _done(self, _job: "Future[Any]") -> None:
        self._places.release()
        with self._lock:
            self._queued -= 1

    def waiting(self) -> int:
        """How many calls wait for the thread."""
        return max(0, self._queued - THREADS)

    def stop(self) -> None:
        """Drop what waits, wait for what runs, end the thread. The next call starts a new one."""
        with self._lock:
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=True, cancel_futures=True)


class Place:
    """The right to run one call; see `BoundedThread.place`."""

    def __init__(self, executor: BoundedThread) -> None:
        self._executor = executor
        self.is_used = False

    def submit(self, function: Callable[..., T], *args: object) -> "Future[T]":
        """Queue the call, from any thread."""
        job = self._executor.submit(function, *args)
        self.is_used = True
        return job

    async def run(self, function: Callable[..., T], *args: object) -> T:
        return await asyncio.wrap_future(self.submit(function, *args))


def _lower_priority() -> None:
    # Linux counts threads as processes here; where the platform refuses, the calls just compete.
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)
