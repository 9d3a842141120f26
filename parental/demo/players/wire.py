"""A device's HTTP/1.1 connection, on asyncio and uvicorn's parser: the players' figures and their faults depend on it.

httpx takes 0.8 ms of a core for a call, ten times as much, and does not let go of a connection at a chosen byte.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final
from urllib.parse import urlsplit

import httptools

ANSWER_SECONDS: Final = 15


class Fault(Enum):
    """How a player loses an answer."""

    HALF_SENT = "half sent"
    UNREAD = "not read"
    DROPPED = "thrown away"


class AnswerLost(Exception):
    """The fault that was asked for happened: nobody but the server knows what became of the call."""


class ConnectionBroke(ConnectionError):
    """The server, or what stands before it, closed the connection before it answered."""


@dataclass(slots=True)
class Answer:
    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is, from its URL. ValueError for a URL that is no http:// or https:// one."""

    host: str
    port: int
    prefix: str
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, url: str) -> "Address":
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is not a server URL such as http://127.0.0.1:8000")
        tls = ssl.create_default_context() if parts.scheme == "https" else None
        return cls(parts.hostname, parts.port or (443 if tls else 80), parts.path.rstrip("/"), tls)

    def request(self, method: str, path: str, *, token: str, body: bytes = b"") -> bytes:
        """The bytes of one call."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        head = (
            f"{method} {self.prefix}{path} HTTP/1.1\r\nHost: {host}:{self.port}\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class _Protocol(asyncio.Protocol):
    """Reads one answer at a time; its `on_…` methods are httptools' callbacks."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.is_open = False
        self._waiter: asyncio.Future[Answer] | None = None
        self._answer = Answer()
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(ConnectionBroke(str(exc or "closed by the server")))

    def wait(self) -> "asyncio.Future[Answer]":
        self._answer = Answer()
        self._waiter = asyncio.get_running_loop().create_future()
        return self._waiter

    def on_header(self, name: bytes, value: bytes) -> None:
        self._answer.headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._answer.body += body

    def on_message_complete(self) -> None:
        self._answer.status = self._parser.get_status_code()
        if not self._parser.should_keep_alive():
            self.is_open = False
            self.transport.close()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(self._answer)


class Line:
    """One device's connection to the server: opened when first used, kept, opened again when it broke."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._protocol = _Protocol()

    async def call(self, request: bytes, *, fault: Fault | None = None, at: float = 0.5) -> Answer:
        """Send a call and read its answer; or lose it by `fault`, at that part (0–1) of it: AnswerLost.

        Raises OSError and TimeoutError where the network or the server fails.
        """
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._open()
            if fault is None:
                return await self._exchange(request)
            await self._lose(request, fault, at=at)
            raise AnswerLost(fault.value)

    async def _open(self) -> None:
        if not self._protocol.is_open:
            loop = asyncio.get_running_loop()
            address = self.address
            _, self._protocol = await loop.create_connection(_Protocol, address.host, address.port, ssl=address.tls)

    async def _exchange(self, request: bytes) -> Answer:
        protocol = self._protocol
        answered = protocol.wait()
        protocol.transport.write(request)
        try:
            return await answered
        except asyncio.CancelledError:
            # The answer may still come: this connection is of no more use.
            protocol.is_open = False
            protocol.transport.abort()
            raise

    async def _lose(self, request: bytes, fault: Fault, *, at: float) -> None:
        if fault is Fault.DROPPED:
            await self._exchange(request)
            return
        protocol = self._protocol
        protocol.is_open = False
        whole = len(request) - 1
        protocol.transport.write(request if fault is Fault.UNREAD else request[: int(at * whole)])
        # Up to twice a common answer's time: some connections close before the server has read, some while it writes.
        await asyncio.sleep(at * 0.02)
        protocol.transport.close() if at < 0.5 else protocol.transport.abort()

    def close(self) -> None:
        """Close the connection; the next call opens one."""
        if self._protocol.is_open:
            self._protocol.is_open = False
            self._protocol.transport.close()
