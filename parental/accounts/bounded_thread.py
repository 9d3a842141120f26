"""A thread of the lowest priority with a short queue, for slow work off the event loop: bcrypt, and sending mail.

One thread, so that a burst leaves a core to the players on the smallest machine. A second one for bcrypt checked a
quarter more PINs a second and took the p99 of heartbeats from 6 to 9 ms above that without checks; in a child process
it did the same.

First come, first served would let twelve clients stop all others. So turns go round the clients, one client has only a
few places, and some places are kept for clients that have none yet and for those that are known.
"""

import asyncio
import contextlib
import os
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from typing import Final, TypeVar

from parental.accounts.turns import ANYONE, Client, Job, Turns
from viewing.errors import Refusal

MAX_WAITING: Final = 8
# Of anyone: one runs, eight wait.
PLACES: Final = 1 + MAX_WAITING
# More places for those who have none, and for known clients.
FRESH_PLACES: Final = 8
KNOWN_PLACES: Final = 4
MAX_PLACES_EACH: Final = 8
LOWEST_PRIORITY: Final = 19

T = TypeVar("T")


class BoundedThread:
    """Runs one call at a time and refuses (429, the sentence `full`) when there is no place to wait."""

    def __init__(self, name: str, *, full: str) -> None:
        self._name = name
        self._full = full
        # Guards all that follows.
        self._changed = threading.Condition()
        self._taken: Counter[Hashable] = Counter()
        self._strangers = 0
        self._turns = Turns()
        self._thread: threading.Thread | None = None
        self._is_stopping = False

    @contextlib.contextmanager
    def place(self, client: Client = ANYONE) -> Iterator["Place"]:
        """A place in the queue, to run one call in; given back when it was not used. Refusal 429 when there is none."""
        with self._changed:
            if not self._is_free(client):
                raise Refusal("rate_limited", self._full)
            self._count(client, 1)
        place = Place(self, client)
        try:
            yield place
        finally:
            if not place.is_used:
                self._release(client)

    def refuse_when_full(self, client: Client) -> None:
        """Refusal 429 when there would be no place even if the client had none yet."""
        with self._changed:
            if not client.is_known and self._strangers >= PLACES + FRESH_PLACES:
                raise Refusal("rate_limited", self._full)

    async def run(self, function: Callable[..., T], *args: object, client: Client = ANYONE) -> T:
        """The function's result. Refusal 429 when there is no place."""
        with self.place(client) as place:
            return await place.run(function, *args)

    def submit(self, function: Callable[..., T], *args: object, client: Client = ANYONE) -> "Future[T]":
        """Run it in a place that is taken already, and free that place."""
        job = Job(client, lambda: function(*args))
        with self._changed:
            self._turns.put(job)
            if self._thread is None:
                self._is_stopping = False
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()
        # Freed when the call is done, not when its client goes away: a running one cannot be cancelled.
        job.future.add_done_callback(lambda _future: self._done(job))
        return job.future

    def waiting(self) -> int:
        """How many calls wait for the thread."""
        return len(self._turns)

    def stop(self) -> None:
        """Drop what waits, wait for what runs, end the thread. The next call starts a new one."""
        with self._changed:
            thread, self._thread, self._is_stopping = self._thread, None, True
            dropped = list(iter(self._turns.take, None))
            self._changed.notify()
        for job in dropped:
            job.future.cancel()
        if thread is not None:
            thread.join()

    def _is_free(self, client: Client) -> bool:
        mine = self._taken[client.group]
        if client.is_known:
            return mine < MAX_PLACES_EACH and self._taken.total() < PLACES + FRESH_PLACES + KNOWN_PLACES
        if self._strangers < PLACES:
            return mine < MAX_PLACES_EACH or client == ANYONE
        return mine == 0 and self._strangers < PLACES + FRESH_PLACES

    def _count(self, client: Client, change: int) -> None:
        self._taken[client.group] += change
        if not self._taken[client.group]:
            del self._taken[client.group]
        if not client.is_known:
            self._strangers += change

    def _release(self, client: Client) -> None:
        with self._changed:
            self._count(client, -1)

    def _done(self, job: Job) -> None:
        with self._changed:
            self._turns.remove(job)
            self._count(job.client, -1)

    def _work(self) -> None:
        _lower_priority()
        while (job := self._next()) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            try:
                result = job.function()
            except BaseException as error:  # noqa: BLE001 — the waiting caller gets it
                job.future.set_exception(error)
            else:
                job.future.set_result(result)

    def _next(self) -> Job | None:
        """Waits for the next job; None: the thread ends."""
        with self._changed:
            while threading.current_thread() is self._thread:
                job = self._turns.take()
                if job is not None:
                    return job
                self._changed.wait()
        return None


class Place:
    """The right to run one call; see `BoundedThread.place`."""

    def __init__(self, executor: BoundedThread, client: Client) -> None:
        self._executor = executor
        self._client = client
        self.is_used = False

    def submit(self, function: Callable[..., T], *args: object) -> "Future[T]":
        """Queue the call, from any thread."""
        job = self._executor.submit(function, *args, client=self._client)
        self.is_used = True
        return job

    async def run(self, function: Callable[..., T], *args: object) -> T:
        return await asyncio.wrap_future(self.submit(function, *args))


def _lower_priority() -> None:
    # Linux counts threads as processes here; where the platform refuses, the calls just compete.
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)
