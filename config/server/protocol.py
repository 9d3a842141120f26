"""Our HTTP protocol: uvicorn's, with bounds on what a client may send and on how long it may take.

Pinned to uvicorn 0.54, whose methods it overrides. It needs no timer per request: uvicorn's own, for connections
between two requests, is replaced as well.
"""

import asyncio
import json
from typing import Any, Final
from urllib.parse import unquote

import httptools
from django.conf import settings
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from config.server.connections import Waiting, connections
from config.server.cycle import TRANSPORT, Cycle
from perfmetrics.counting import metrics

IDLE, HEAD, BODY = range(3)
SENTENCES: Final = {
    400: "Invalid HTTP request",
    408: "Request timeout",
    431: "Request header fields too large",
}


class EdgeProtocol(HttpToolsProtocol):
    """One connection. What it waits for decides in which of `connections`' lists it is."""

    _reads = HEAD  # the first byte of a new connection must come as soon as its headers
    _listed: Waiting | None = None
    _is_refused = False
    # Bytes since the head began, or since the body's last progress: at least, and at most (a read may begin earlier).
    _min_bytes = 0
    _max_bytes = 0
    _read_bytes = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._extensions = {TRANSPORT: transport}
        self._limits = settings.EDGE  # once a connection: Django's settings are a function call a look
        connections.admit(self)
        self._list()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unlist()
        connections.remove(self)

    def data_received(self, data: bytes) -> None:
        self._read_bytes = size = len(data)
        self._min_bytes += size
        self._max_bytes += size
        if self._reads == IDLE:
            self._reads = HEAD
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # answered as any other request
        except httptools.HttpParserError:
            if not self._is_refused:
                self._refuse(400)
            return
        # Headers that have not ended; trailers and whatever else surrounds the chunks of a body.
        if self._min_bytes > self._limits.header_bytes or len(self.headers or ()) > self._limits.headers:
            self._refuse(431)
            return
        self._list()

    def on_headers_complete(self) -> None:
        limits = self._limits
        if len(self.headers) > limits.headers or (
            self._max_bytes > limits.header_bytes and self._head_size() > limits.header_bytes
        ):
            self._refuse(431)
            raise ValueError("refused")  # ends the parser's work
        self._reads = BODY
        self._min_bytes = 0
        self._begin_request()

    def _begin_request(self) -> None:
        """uvicorn's `on_headers_complete`, with our cycle and the transport in the scope."""
        http_version = self.parser.get_http_version()
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        scope = self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        if http_version != "1.1":
            scope["http_version"] = http_version
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = url.path
        scope["query_string"] = url.query or b""
        scope["extensions"] = self._extensions
        before = self.cycle
        self.cycle = Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=http_version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:  # after the one before
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_body(self, body: bytes) -> None:
        self._min_bytes = 0
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        self._reads = IDLE
        self._min_bytes = 0
        self._max_bytes = self._read_bytes
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """uvicorn's, without its timer."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self._watch_close()
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        self._list()

    def pause_writing(self) -> None:
        super().pause_writing()
        connections.block(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        connections.unblock(self)

    def expire(self) -> None:
        """What this connection waited for did not come in time."""
        if self._reads != IDLE and self.flow.read_paused:
            self._unlist()  # it is we who do not read: its time begins again
            self._list()
        elif self._reads == IDLE:
            self._close()
        else:
            metrics.connections_ended["headers_timeout" if self._reads == HEAD else "body_timeout"].inc()
            if self._reads == HEAD and not self._min_bytes:
                self._close()
            else:
                self._refuse(408)

    def drop(self) -> None:
        """End the connection now, whatever waits to be sent."""
        self._unlist()
        connections.remove(self)
        self.transport.abort()

    def _list(self) -> None:
        """Note what the connection waits for now, and since when."""
        if self._reads == HEAD:
            wanted: Waiting | None = connections.heads
        elif self._reads == BODY:
            wanted = connections.bodies
        elif self._is_answering():
            wanted = None
        else:
            wanted = connections.idle
        if wanted is not self._listed and not self.transport.is_closing():
            self._unlist()
            self._listed = wanted
            if wanted is not None:
                wanted[self] = connections.now

    def _unlist(self) -> None:
        if self._listed is not None:
            del self._listed[self]
            self._listed = None

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _refuse(self, status: int) -> None:
        """Answer and close; without an answer where that would be taken for another request's."""
        self._is_refused = True
        if status == 431:
            metrics.connections_ended["headers_too_large"].inc()
        answered = self.cycle is not None and self._reads == BODY and self.cycle.response_started
        if self.pipeline or (self._reads != BODY and self._is_answering()) or (answered and self._is_answering()):
            self.drop()
            return
        if not answered and not self.transport.is_closing():
            body = json.dumps({"detail": SENTENCES[status]}).encode()
            head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
            self.transport.write(STATUS_LINE[status] + head + body)
        self._close()

    def _close(self) -> None:
        """Close once everything is sent; now, if the client does not even take what it asked for before."""
        self._unlist()
        if self in connections.blocked or self.transport.is_closing():
            self.drop()
        else:
            self.transport.close()
            self._watch_close()

    def _watch_close(self) -> None:
        """A closed connection stays until its client has taken everything: not for ever."""
        if self.transport.get_write_buffer_size() and self not in connections.blocked:
            connections.block(self)
