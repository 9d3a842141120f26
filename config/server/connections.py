"""Every connection of this worker, by what it waits for: who waits too long is closed, once a second.

Connections are kept in the order in which they began to wait, so a look at the first of each kind is enough, however
many there are, and no connection needs a timer.
"""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Any, Final, Protocol

import structlog
from django.conf import settings

from config.server.limits import SMALL_DESCRIPTOR_LIMIT, connections_that_fit, descriptor_limit
from parental.limiter.sources import network_of
from perfmetrics.counting import metrics

log = structlog.stdlib.get_logger(__name__)

SWEEP_SECONDS: Final = 1.0
LOG_SECONDS: Final = 60.0
# At the limit, a body or an answer that takes longer than this gives way to a new connection.
SLOW_SECONDS: Final = 2.0
# Linux: struct tcp_info, tcpi_bytes_acked.
ACKED: Final = struct.Struct("@Q")
ACKED_AT: Final = 120


class Connection(Protocol):
    """What is needed of a connection here; `config/server/protocol.py` has the one that servers use."""

    @property
    def transport(self) -> Any: ...

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the peer, if there are any."""

    def expire(self) -> None:
        """What this connection waited for did not come in time."""

    def drop(self) -> None:
        """End the connection now, whatever waits to be sent."""


Waiting = dict[Connection, float]


class Connections:
    """All connections, and those that wait: for headers, for a body, for the next request, for their client to read."""

    def __init__(self) -> None:
        self.now = 0.0  # of the last sweep
        self.heads: Waiting = {}
        self.bodies: Waiting = {}
        self.idle: Waiting = {}
        self.blocked: Waiting = {}
        self._acked: dict[Connection, int] = {}
        self._open: dict[Connection, str] = {}
        self._sources: dict[str, int] = {}
        self._limit = 0
        self._task: asyncio.Task[None] | None = None
        self._logged_at: dict[str, float] = {}

    # The server's part ------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        limits = settings.EDGE
        self._limit = connections_that_fit(limits, pool_size=settings.DB_POOL_MAX_SIZE)
        if self._limit < limits.connections or descriptor_limit() < SMALL_DESCRIPTOR_LIMIT:
            log.warning("few_descriptors", limit=descriptor_limit(), connections=self._limit)
        self.now = asyncio.get_running_loop().time()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                self.sweep(loop.time())
            except Exception:
                log.exception("sweep_failed")

    def sweep(self, now: float) -> None:
        """Close what has waited too long."""
        # Noted before a second is over: what began just after the last sweep has waited for up to one less.
        limits, self.now = settings.EDGE, now
        for waiting, seconds in (
            (self.heads, limits.header_seconds),
            (self.bodies, limits.body_seconds),
            (self.idle, limits.keepalive_seconds),
        ):
            for protocol in _older(waiting, than=now - seconds - SWEEP_SECONDS):
                protocol.expire()
        for protocol, since in reversed(self.idle.items()):
            if since < now - 2 * SWEEP_SECONDS:
                break
            # The end of an answer, too little for the transport to complain.
            if protocol.transport.get_write_buffer_size() and protocol not in self.blocked:
                self.block(protocol)
        for protocol in list(self.blocked):
            self._watch_progress(protocol)

    def _watch_progress(self, protocol: Connection) -> None:
        """End a connection whose client took nothing for long: its answer waits in this process."""
        acked = _acked_bytes(protocol)
        if not protocol.transport.get_write_buffer_size():
            self.unblock(protocol)
        elif acked != self._acked.get(protocol):
            self._acked[protocol] = acked
            self.blocked[protocol] = self.now
        elif self.now - self.blocked[protocol] > settings.EDGE.write_seconds:
            metrics.connections_ended["write_timeout"].inc()
            protocol.drop()

    # A connection's life ----------------------------------------------------------------------------------------------

    def admit(self, protocol: Connection) -> None:
        """Take a new connection; at the limit an older one that waits gives way, or the new one does."""
        source = _source(protocol)
        self._open[protocol] = source
        if source:
            self._sources[source] = self._sources.get(source, 0) + 1
        limits = settings.EDGE
        if source and limits.connections_per_source and self._sources[source] > limits.connections_per_source:
            self._note("source_limit", limit=limits.connections_per_source)
            protocol.drop()
        elif self._limit and len(self._open) > self._limit:
            self._note("connection_limit", limit=self._limit)
            (self._dispensable() or protocol).drop()

    def remove(self, protocol: Connection) -> None:
        """The connection ended, or is about to."""
        self.unblock(protocol)
        source = self._open.pop(protocol, "")
        if source:
            self._sources[source] -= 1
            if not self._sources[source]:
                del self._sources[source]

    def block(self, protocol: Connection) -> None:
        """Its client does not read as fast as it is answered."""
        self.blocked[protocol] = self.now

    def unblock(self, protocol: Connection) -> None:
        self.blocked.pop(protocol, None)
        self._acked.pop(protocol, None)

    def _dispensable(self) -> Connection | None:
        """Who gives way: half a request before a slow body, a slow reader, and one that waits for its next request."""
        slow = self.now - SLOW_SECONDS
        for waiting, than in (
            (self.heads, float("inf")),
            (self.bodies, slow),
            (self.blocked, slow),
            (self.idle, float("inf")),
        ):
            for protocol, since in waiting.items():
                if since < than and protocol in self._open:
                    return protocol
                break
        return None

    def _note(self, event: str, *, limit: int) -> None:
        """Count it, and log it once a minute: a line for each refused connection would be another thing to fill."""
        metrics.connections_ended[event].inc()
        if self.now - self._logged_at.get(event, -LOG_SECONDS) >= LOG_SECONDS:
            self._logged_at[event] = self.now
            log.warning(event, limit=limit, connections=len(self._open))


def _older(waiting: Waiting, *, than: float) -> list[Connection]:
    found = []
    for protocol, since in waiting.items():
        if since > than:
            break
        found.append(protocol)
    return found


def _source(protocol: Connection) -> str:
    """The client's address, an IPv6 network of 64 bits as one; empty where the peer is not known to be the client."""
    if settings.TRUST_PROXY_HEADERS or not settings.EDGE.connections_per_source or not protocol.client:
        return ""
    return network_of(protocol.client[0], is_declared=False)


def _acked_bytes(protocol: Connection) -> int:
    """How much the client's side has received; where the kernel does not say, what no longer waits in this process."""
    transport = protocol.transport
    with suppress(OSError, AttributeError, struct.error):
        info = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, ACKED_AT + 8)
        return int(ACKED.unpack_from(info, ACKED_AT)[0])
    return -int(transport.get_write_buffer_size())


connections = Connections()
