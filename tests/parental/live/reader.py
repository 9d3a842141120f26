"""A client of live events: reads a stream in a thread of its own."""

import json
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.races import PATIENCE_SECONDS


@dataclass
class Event:
    name: str
    data: Any
    at: float


@dataclass
class Reader:
    """What came so far, in order. `status`: of the response; `is_over`: whether it ended."""

    url: str
    headers: dict[str, str]
    events: list[Event] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    status: int = 0
    is_over: bool = False

    def __post_init__(self) -> None:
        self._client = httpx.Client(timeout=PATIENCE_SECONDS)
        self._socket: socket.socket | None = None
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        name = ""
        try:
            with self._client.stream("GET", self.url, headers=self.headers) as response:
                self.status = response.status_code
                self._socket = response.extensions["network_stream"].get_extra_info("socket")
                for line in response.iter_lines():
                    with self._news:
                        self.lines.append(line)
                        if line.startswith("event: "):
                            name = line.removeprefix("event: ")
                        elif line.startswith("data: "):
                            self.events.append(Event(name, json.loads(line.removeprefix("data: ")), time.monotonic()))
                        self._news.notify_all()
        except (httpx.HTTPError, RuntimeError):
            pass
        with self._news:
            self.is_over = True
            self._news.notify_all()

    def wait_for(self, name: str, *, after: int = 0) -> Event:
        """The first event of that name after so many."""

        def found() -> Event | None:
            return next((event for event in self.events[after:] if event.name == name), None)

        with self._news:
            assert self._news.wait_for(lambda: found() or self.is_over, PATIENCE_SECONDS), f"no {name}"
        event = found()
        assert event is not None, f"it ended without {name}: {self.lines}"
        return event

    def wait_for_the_end(self) -> None:
        with self._news:
            assert self._news.wait_for(lambda: self.is_over, PATIENCE_SECONDS)

    def close(self) -> None:
        """As a client that leaves: closing alone would not wake the thread that reads."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._client.close()
