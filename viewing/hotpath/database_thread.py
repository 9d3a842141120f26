"""A thread with one connection to the database, and a watch over both.

No caller waits longer than `CALL_SECONDS` for a database that does not answer. A statement that gets no answer for
`SILENT_SECONDS` (the server itself cancels it after 2) costs its connection: the thread gets an error and opens
another. So there is never more than one thread and one connection of each.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

import structlog
from django.db import DatabaseError, OperationalError, connections
from django.db.backends.signals import connection_created
from psycopg import errors

from viewing.hotpath.wire import Wire

log = structlog.stdlib.get_logger(__name__)

ALIAS: Final = "hotpath"
CALL_SECONDS: Final = 4.5
SILENT_SECONDS: Final = 3.0
TICK_SECONDS: Final = 0.25
LATE_SECONDS: Final = 1.0
# How long a thread counts as silent after its connection was, unless it has done some work since.
RECOVERY_SECONDS: Final = 10.0
T = TypeVar("T")
_threads: "list[DatabaseThread]" = []


class Silent(OperationalError):
    """The database did not answer in time. Whether it did what it was asked to is not known."""


class _Here(threading.local):
    """Whose thread this is, and what it runs now."""

    thread: "DatabaseThread | None" = None
    call: "_Call[Any] | None" = None


_here = _Here()


def begin_statement() -> None:
    """Note that a statement begins in this thread. `Silent` if nobody waits for it any more: it must not be run."""
    if _here.thread is not None:
        _here.thread.wire.begin()
    if is_given_up():
        raise Silent("nobody waits for this statement any more")


def disconnect(alias: str = ALIAS) -> None:
    """Close this thread's connection; the next statement opens another."""
    connections[alias].close()
    if _here.thread is not None:
        _here.thread.wire.detach()


def connection_lost(alias: str = ALIAS) -> bool:
    """Whether this thread has no working connection now."""
    raw = connections[alias].connection
    return raw is None or raw.closed or raw.broken


def is_given_up() -> bool:
    """Whether the caller of what this thread runs has been answered already."""
    return _here.call is not None and _here.call.future.done()


def is_plan_outdated(error: BaseException) -> bool:
    """Whether a prepared statement met a changed column ("cached plan must not change result type").

    The server rolled it back. psycopg would try the same plan again for as long as the connection lives.
    """
    return isinstance(error.__cause__, errors.FeatureNotSupported)


def _attach(connection: Any, **_signal: object) -> None:
    thread = _here.thread
    if thread is not None and connection.alias == thread.alias:
        thread.wire.attach(connection.connection)


connection_created.connect(_attach, dispatch_uid=__name__)


class _Call(Generic[T]):
    """A function that waits for the thread, or runs in it; the event loop holds the future of its result."""

    __slots__ = ("function", "future", "is_done", "is_work", "since", "submitted")

    def __init__(
        self, function: Callable[[], T], future: "asyncio.Future[T]", *, waited_seconds: float, is_work: bool
    ) -> None:
        self.function = function
        self.future = future
        self.is_work = is_work
        self.is_done = False  # only its result is still to be handed over
        self.submitted = time.monotonic()
        self.since = self.submitted - waited_seconds


class DatabaseThread:
    """One thread that runs calls one after the other. The server's lifespan starts and stops it."""

    def __init__(self, name: str, *, alias: str = ALIAS) -> None:
        self._name = name
        self.alias = alias
        self.wire = Wire()
        self._executor: ThreadPoolExecutor | None = None
        self._calls: dict[_Call[Any], None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_ticking = False
        self._tick_at = 0.0
        self._silent_at: float | None = None
        self.succeeded_at: float | None = None  # by the monotonic clock
        _threads.append(self)

    def start(self) -> Future[None]:
        """Start the thread and open its connection; the future is done when it is open. This loop watches it."""
        self._loop, self._is_ticking = asyncio.get_running_loop(), False
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix=self._name, initializer=self._enter)
        return self._executor.submit(self._open)

    def run(
        self, function: Callable[..., T], *args: object, waited_seconds: float = 0.0, is_work: bool = True
    ) -> "asyncio.Future[T]":
        """The function's result, or the error that it raised. `Silent` after `CALL_SECONDS` without either.

        `waited_seconds`: how long the caller has waited for the result. It counts while the database is silent.
        `is_work`: that it succeeds proves that the database does its work again.
        """
        if self._executor is None or self._loop is None:
            raise RuntimeError(f"The {self._name} thread runs only inside the server's lifespan.")
        loop = asyncio.get_running_loop()
        call = _Call(lambda: function(*args), loop.create_future(), waited_seconds=waited_seconds, is_work=is_work)
        if self._silent_at is not None and waited_seconds >= CALL_SECONDS:
            _give_up(call)
            return call.future
        self._calls[call] = None
        self._executor.submit(self._work, call)
        if not self._is_ticking:
            self._is_ticking = True
            self._loop.call_soon_threadsafe(self._tick_later, self._loop)
        return call.future

    def is_silent(self) -> bool:
        """Whether its database does not answer now, or did not a moment ago and has done no work since."""
        if self.wire.busy_seconds() > SILENT_SECONDS:
            return True
        return self._silent_at is not None and time.monotonic() - self._silent_at < RECOVERY_SECONDS

    def waited_seconds(self) -> float:
        """For how long the oldest call that is not answered has been waiting."""
        oldest = min((call.since for call in list(self._calls)), default=None)
        return 0.0 if oldest is None else time.monotonic() - oldest

    def suspect(self) -> None:
        """Another connection to the same server was silent: do not trust this one."""
        self.wire.is_suspect = True

    def stop(self) -> None:
        """Close the connection in the thread that opened it, and end the thread. Waits for running calls."""
        if self._executor is not None:
            self._executor.submit(self._close)
            self._executor.shutdown(wait=True)
            self._executor = None

    # In the thread ----------------------------------------------------------------------------------------------------

    def _enter(self) -> None:
        _here.thread = self

    def _open(self) -> None:
        try:
            connections[self.alias].ensure_connection()
        finally:
            self.wire.end()

    def _close(self) -> None:
        disconnect(self.alias)

    def _work(self, call: _Call[T]) -> None:
        result, error = None, None
        if not call.future.done():
            _here.call = call
            try:
                result = self._run(call)
            except BaseException as raised:  # noqa: BLE001 — the caller gets it
                error = raised
            self.wire.end()
            _here.call = None
        call.is_done = True
        with suppress(RuntimeError):  # the loop has ended
            call.future.get_loop().call_soon_threadsafe(self._hand_over, call, result, error)

    def _run(self, call: _Call[T]) -> T:
        if self.wire.is_suspect and not connection_lost(self.alias):
            disconnect(self.alias)
        self.wire.begin()
        try:
            result = call.function()
        except DatabaseError as error:
            if is_plan_outdated(error):
                disconnect(self.alias)
                return call.function()
            if connection_lost(self.alias):
                disconnect(self.alias)
            raise
        if not connection_lost(self.alias) and not call.future.done():
            self.succeeded_at = time.monotonic()
            if call.is_work:
                self._silent_at = None
        return result

    # In the event loop ------------------------------------------------------------------------------------------------

    def _hand_over(self, call: _Call[Any], result: object, error: BaseException | None) -> None:
        self._calls.pop(call, None)
        if call.future.done():
            return
        if error is not None:
            call.future.set_exception(error)
        else:
            call.future.set_result(result)

    def _tick_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._tick_at = time.monotonic() + TICK_SECONDS
        loop.call_later(TICK_SECONDS, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look whether the statement in flight, or a caller, has waited for too long. Runs while there are calls."""
        now = time.monotonic()
        if now - self._tick_at > LATE_SECONDS:  # it was this process that stood still
            self._postpone(now - self._tick_at)
        elif self.wire.cut(after_seconds=SILENT_SECONDS):
            self._note_silence()
        for call in list(self._calls):
            since = call.submitted if self._silent_at is None else call.since
            if now - since >= CALL_SECONDS and not call.is_done:
                self._note_silence()
                self._calls.pop(call, None)
                call.future.get_loop().call_soon_threadsafe(_give_up, call)
        if self._calls:
            self._tick_later(loop)
        else:
            self._is_ticking = False

    def _postpone(self, seconds: float) -> None:
        self.wire.postpone(seconds)
        for call in list(self._calls):
            call.since += seconds
            call.submitted += seconds

    def _note_silence(self) -> None:
        if not self.is_silent():
            log.error("database_silent", thread=self._name)
        self._silent_at = time.monotonic()
        for other in _threads:
            if other is not self and other.alias == self.alias:
                other.suspect()


def _give_up(call: _Call[Any]) -> None:
    if not call.future.done():
        call.future.set_exception(Silent("the database does not answer"))
        call.future.exception()  # retrieved: a caller that went away leaves no "never retrieved" in the log
