"""One stream of live events: what its reader was last sent, and how the rest is sent (docs/contract.md#live-events).

A stream has no queue. It sends states, not changes: whatever changed while its client was slow is one mark, and the
present state is sent once the socket takes it.
"""

import asyncio
import random
import socket
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from django.http import StreamingHttpResponse
from pydantic_core import to_json

from perfmetrics.counting import metrics
from perfmetrics.counting.asgi import Receive, Scope, Send
from viewing.hotpath.lookup import Key
from viewing.live.states import TOPICS, State

# A generator of its own: random tests must not see the state of the shared one change.
_random: Final = random.Random()  # noqa: S311 — no secret
RETRY_MS: Final = 3000
SILENCE_SECONDS: Final = 20.0
STUCK_SECONDS: Final = 30.0
LIFETIME_SECONDS: Final = 1800.0
LIFETIME_SPREAD_SECONDS: Final = 300.0
# What the kernel may hold of it unsent: all else waits here, as the one present state.
UNSENT_BYTES: Final = 16 * 1024
TRANSPORT: Final = "sandglass.transport"
HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
)


class Stream:
    """`proof`: the cache entry that let its caller in. `is_valid` asks again whether it still does."""

    def __init__(
        self, profile_ids: Collection[UUID], *, owner: UUID, proof: Key, is_valid: Callable[[], Awaitable[bool]]
    ) -> None:
        self.profile_ids = tuple(profile_ids)
        self.owner = owner
        self.proof = proof
        self.is_valid = is_valid
        self.states: dict[UUID, State] = {}  # the newest
        self._sent: dict[UUID, State] = {}  # what the client was sent
        self._is_begun = False
        self._ending: str | None = None
        self._news = asyncio.Event()
        self._ends_at = time.monotonic() + LIFETIME_SECONDS + _random.random() * LIFETIME_SPREAD_SECONDS

    def update(self, state: State) -> None:
        """The newest state of one of its profiles."""
        self.states[state.profile_id] = state
        self._news.set()

    def end(self, reason: str) -> None:
        """Say why, and end; the first reason counts."""
        if self._ending is None:
            self._ending = reason
            self._news.set()

    async def run(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Send until it ends."""
        await send(b"retry: %d\n\n" % RETRY_MS)
        while self._ending is None:
            self._news.clear()
            if part := self._part():
                await send(part)
                continue
            try:
                await asyncio.wait_for(self._news.wait(), SILENCE_SECONDS)
            except TimeoutError:
                if time.monotonic() > self._ends_at:
                    self.end("lifetime")
                else:
                    await send(b":\n\n")
        metrics.streams_ended[self._ending].inc()
        retry = _random.randint(500, 5000) if self._ending == "restart" else RETRY_MS
        await send(b"retry: %d\n\n" % retry + _event("bye", {"reason": self._ending}))

    def _part(self) -> bytes:
        """What is to be sent now; empty: nothing."""
        if not self._is_begun:
            if any(profile_id not in self.states for profile_id in self.profile_ids):
                return b""
            self._is_begun = True
            self._sent = dict(self.states)
            return _event("state", whole(self.states.values()))
        parts = []
        for profile_id, state in self.states.items():
            before = self._sent.get(profile_id)
            if before is not state:
                self._sent[profile_id] = state
                parts += [state.event(topic) for topic in TOPICS if before is None or before.differs(state, topic)]
        return b"".join(parts)


def whole(states: Collection[State]) -> dict[str, Any]:
    """The body of the event `state` and of `GET /state`."""
    return {"now": max(state.now for state in states) if states else None, "profiles": [s.body for s in states]}


def etag(states: Collection[State]) -> str:
    return f'W/"{"-".join(sorted(state.digest for state in states))}"'


def _event(name: str, data: object) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), to_json(data))


class EventStream(StreamingHttpResponse):
    """The response of a lean view: `config/server/lean.py` hands it to `serve`."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(())
        self.stream = stream


async def serve(stream: Stream, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the stream, until it ends, its client leaves, or takes nothing for 30 s."""
    transport = (scope.get("extensions") or {}).get(TRANSPORT)
    _bound_unsent(transport)

    async def write(part: bytes) -> None:
        await asyncio.wait_for(send({"type": "http.response.body", "body": part, "more_body": True}), STUCK_SECONDS)

    await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
    sending = asyncio.create_task(stream.run(write))
    # uvicorn's `send` returns silently once the client is gone.
    leaving = asyncio.ensure_future(receive())
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        if sending.done() and not isinstance(sending.exception(), TimeoutError):
            sending.result()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        elif sending.done():
            metrics.streams_ended["stuck"].inc()
            if transport is not None:
                transport.abort()
        else:
            metrics.streams_ended["left"].inc()
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


def _bound_unsent(transport: Any) -> None:
    if transport is not None and (sock := transport.get_extra_info("socket")) is not None:
        with suppress(OSError, AttributeError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
