"""One request and its answer on a connection: uvicorn's, writing headers at a fraction of the cost.

Pinned to uvicorn 0.54, whose `send` it replaces. uvicorn searches each name and value for forbidden characters (1 µs a
header); Django has refused line breaks in them before, and names are ours.
"""

from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

# In an answer's first message: headers as they go over the wire, of an application that found TRANSPORT in its scope.
RAW_HEADERS: Final = "sandglass.headers"
# In a scope's extensions: the connection's transport, for streams.
TRANSPORT: Final = "sandglass.transport"
FRAMING: Final = frozenset({b"content-length", b"connection", b"transfer-encoding"})
NO_BODY: Final = (204, 304)


class Cycle(RequestResponseCycle):
    _head = b""  # of the answer, while it waits for the body whose length it gives

    async def send(self, message: Any) -> None:
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if not self.response_started:
            self._start(message)
        elif not self.response_complete:
            self._go_on(message)
        else:
            raise RuntimeError(f"Unexpected ASGI message '{message['type']}' after the response.")

    def _start(self, message: Any) -> None:
        if message["type"] != "http.response.start":
            raise RuntimeError(f"Expected ASGI message 'http.response.start', but got '{message['type']}'.")
        self.response_started = True
        self.waiting_for_100_continue = False
        status = message["status"]
        content = [STATUS_LINE[status]]
        for name, value in self.default_headers:
            content += (name, b": ", value, b"\r\n")
        for name, value in message.get("headers", ()):
            key = name.lower()
            if key in FRAMING and not self._frame(key, value):
                continue
            content += (key, b": ", value, b"\r\n")
        if not self.keep_alive:
            content.append(b"connection: close\r\n")
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in NO_BODY:
            self.chunked_encoding = True
            content.append(b"transfer-encoding: chunked\r\n")
        content += (message.get(RAW_HEADERS, b""), b"\r\n")
        self._head = b"".join(content)
        if self.chunked_encoding is not False:  # perhaps a stream, whose first part may be long in coming
            self._write(b"")

    def _frame(self, key: bytes, value: bytes) -> bool:
        """Note how the answer is framed; whether the header is to be written here."""
        if key == b"connection":
            if b"close" in value.lower():
                self.keep_alive = False
                return False  # written below
        elif key == b"transfer-encoding":
            if value.lower() == b"chunked":
                self.expected_content_length = 0
                self.chunked_encoding = True
        elif self.chunked_encoding is None:
            self.expected_content_length = int(value)
            self.chunked_encoding = False
        return True

    def _go_on(self, message: Any) -> None:
        if message["type"] != "http.response.body":
            raise RuntimeError(f"Expected ASGI message 'http.response.body', but got '{message['type']}'.")
        body = message.get("body", b"")
        more_body = message.get("more_body", False)
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
            self._write(b"")
        elif self.chunked_encoding:
            content = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            self._write(content if more_body else content + b"0\r\n\r\n")
        else:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0:
                raise RuntimeError("Response content longer than Content-Length")
            self._write(body)
        if not more_body:
            if self.expected_content_length != 0:
                raise RuntimeError("Response content shorter than Content-Length")
            self.response_complete = True
            self.message_event.set()
            if not self.keep_alive:
                self.transport.close()
            self.on_response()

    def _write(self, content: bytes) -> None:
        """Write the head, unless it is written, and the content: in one system call."""
        head, self._head = self._head, b""
        if head and content:
            self.transport.writelines((head, content))
        else:
            self.transport.write(head or content)
