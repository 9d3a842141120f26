"""A kept-alive connection of the load generator. It reads no further into an answer than needed."""

import asyncio
from collections.abc import Callable
from typing import Any

# An answer whose length its head does not say, and how such a one ends.
CHUNKED = -1
LAST_CHUNK = b"0\r\n\r\n"


class Wire(asyncio.Protocol):
    """One kept-alive connection with one request under way."""

    def __init__(self, done: Callable[["Wire", int, bytes], None]) -> None:
        self._done = done
        self._parts: list[bytes] = []
        self._missing = 0
        self._is_chunked = False
        self._status = 0
        self.source: Any = None
        self.since = 0.0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def send(self, source: Any, since: float) -> None:
        self.source, self.since = source, since
        self.transport.write(source.request())

    def data_received(self, data: bytes) -> None:
        if not self._missing:
            end = data.find(b"\r\n\r\n") + 4
            if end < 4:
                raise ValueError(f"half a head: {data!r}")
            head = data[:end].lower()
            self._status = int(head[9:12])
            self._is_chunked = b"content-length:" not in head
            if self._is_chunked:  # so the baseline sends its errors
                self._missing = CHUNKED
            else:
                at = head.index(b"content-length:") + 15
                self._missing = int(head[at : head.index(b"\r", at)])
            data = data[end:]
        self._parts.append(data)
        if self._is_chunked:
            self._missing = 0 if b"".join(self._parts).endswith(LAST_CHUNK) else CHUNKED
        else:
            self._missing -= len(data)
        if self._missing == 0:
            body, self._parts = b"".join(self._parts), []
            self._done(self, self._status, body)

    def connection_lost(self, exc: Exception | None) -> None:
        self._done(self, 0, b"")


async def connect(address: str, done: Callable[[Wire, int, bytes], None]) -> Wire:
    """A connection to `host:port`."""
    host, port = address.split(":")
    _, wire = await asyncio.get_running_loop().create_connection(lambda: Wire(done), host, int(port))
    # One at a time, so that the workers of the service, which share one socket, take turns in accepting.
    await asyncio.sleep(0.001)
    return wire


def close(wires: list[Wire]) -> None:
    for wire in wires:
        wire.source = None
        wire.transport.close()
