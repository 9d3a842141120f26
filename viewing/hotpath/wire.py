"""A database connection whose silence the event loop can end.

A process or a host that stops answers nothing and closes nothing, so whatever waits for it would wait forever. TCP's
own timeouts do not help: while only the server's process stands still, its kernel acknowledges every byte.
"""

import os
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any, Final

import psycopg

MAX_ENDED: Final = 8
# Should a silent server process wake up, it must not run a statement that was answered long ago, nor hold its locks.
# Only one of ours that has been doing nothing new for a while is ended: the number may be another process's by now.
_END_BACKENDS: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid = ANY(%s) AND pid <> pg_backend_pid() AND usename = current_user AND datname = current_database()
    AND application_name = current_setting('application_name')
    AND state_change < clock_timestamp() - interval '1 second'
"""


def shut_down(raw: Any) -> None:
    """End a connection's socket, so that a caller waiting for an answer gets an error. From any thread."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(raw.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)


class Wire:
    """The one connection of a database thread, as the thread uses it and as the event loop watches it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # A duplicate: the number of psycopg's own descriptor may already be another connection's.
        self._socket: socket.socket | None = None
        self._pid = 0
        self._began: float | None = None
        self._silent_pids: deque[int] = deque(maxlen=MAX_ENDED)
        self.is_suspect = (
            False  # another connection to this server was silent: open a new one before the next statement
        )

    # In the thread ----------------------------------------------------------------------------------------------------

    def attach(self, raw: Any) -> None:
        """Use a connection that was just opened; first end the server processes that were silent."""
        self.detach()
        with self._lock:
            self._socket = socket.socket(fileno=os.dup(raw.fileno()))
            self._pid = raw.info.backend_pid
            self.is_suspect = False
        if self._silent_pids:
            self.begin()
            with suppress(psycopg.Error):  # the next statement reports what is wrong
                raw.execute(_END_BACKENDS, [list(self._silent_pids)], prepare=False)
                self._silent_pids.clear()
        self.begin()

    def detach(self) -> None:
        """The connection is closed, or about to be."""
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def begin(self) -> None:
        """A statement begins."""
        self._began = time.monotonic()

    def end(self) -> None:
        with self._lock:
            self._began = None

    # In the event loop ------------------------------------------------------------------------------------------------

    def busy_seconds(self) -> float:
        """For how long the present statement has been running."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    def postpone(self, seconds: float) -> None:
        """Leave out a time in which this process stood still."""
        with self._lock:
            if self._began is not None:
                self._began += seconds

    def cut(self, *, after_seconds: float) -> bool:
        """End the connection if its statement has been running for longer than that; whether it did."""
        with self._lock:
            if self._socket is None or self.busy_seconds() < after_seconds:
                return False
            self._began = None
            self._silent_pids.append(self._pid)
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            return True
