"""All streams of a worker, and the one reader behind them.

What changed is a set of dirty profiles, read together in a thread of its own: no stream has a connection. A
notification that was lost heals within a minute, for every profile is read that often; those that play every 10 s,
because no heartbeat notifies.
"""

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.utils import timezone

from perfmetrics.counting import metrics
from viewing.errors import Refusal
from viewing.hotpath import lookup
from viewing.hotpath.lookup import Key
from viewing.live.states import State
from viewing.live.stream import Stream

log = structlog.stdlib.get_logger(__name__)

# Returns a state for each profile; None: there is no such profile any more.
Read = Callable[[Collection[UUID]], Awaitable[Mapping[UUID, State | None]]]
# A generator of its own: random tests must not see the state of the shared one change.
_random: Final = random.Random()  # noqa: S311 — no secret
MAX_READ: Final = 100
TICK_SECONDS: Final = 10.0
# All others are read once in so many ticks.
ROUNDS: Final = 6
FAILED_SECONDS: Final = 1.0
MAX_PER_TOKEN: Final = 4
MAX_PER_FAMILY: Final = 50


class Hub:
    """Lives in the event loop; `on_invalidated` is called from any thread."""

    def __init__(self) -> None:
        self._read: Read | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._streams: dict[Stream, None] = {}
        self._by_profile: dict[UUID, dict[Stream, None]] = {}
        # By what let their callers in, and by account.
        self._alike: dict[Key | UUID, dict[Stream, None]] = {}
        self._dirty: dict[UUID, None] = {}
        self._work = asyncio.Event()
        self._states: dict[UUID, State] = {}
        self._timers: list[tuple[datetime, UUID]] = []
        self._timer_of: dict[UUID, datetime] = {}
        self._is_ending = False
        self._checks: set[asyncio.Task[None]] = set()

    # The server's part ------------------------------------------------------------------------------------------------

    def start(self, read: Read) -> None:
        """On the running loop. `read` is called for at most 100 profiles at a time, never twice at once."""
        self._read, self._loop, self._is_ending = read, asyncio.get_running_loop(), False
        self._work = asyncio.Event()
        self._tasks = [asyncio.create_task(self._keep_reading()), asyncio.create_task(self._keep_ticking())]

    async def stop(self) -> None:
        self.end_all("restart")
        for task in (*self._tasks, *self._checks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._tasks, self._loop = [], None

    def end_all(self, reason: str) -> None:
        """End every stream, and refuse new ones."""
        self._is_ending = True
        if self._streams:
            log.info("streams_ended", count=len(self._streams), reason=reason)
        for stream in self._streams:
            stream.end(reason)

    def end_all_soon(self) -> None:
        """The same for a restart, from a signal's handler or another thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.end_all, "restart")

    def size(self) -> int:
        return len(self._streams)

    # A stream's life --------------------------------------------------------------------------------------------------

    def check_room(self) -> None:
        """Refusal 503: the worker has as many streams as it may, or is about to stop."""
        if self._is_ending:
            raise Refusal("busy", retry_after_seconds=2)
        if len(self._streams) >= settings.EVENTS_MAX_STREAMS:
            raise Refusal("busy", "Too many streams", retry_after_seconds=30)

    def add(self, stream: Stream) -> None:
        """Before its first read, so that no change is missed. The oldest of too many gives way."""
        for key, most in ((stream.proof, MAX_PER_TOKEN), (stream.owner, MAX_PER_FAMILY)):
            like = list(self._alike.get(key, ()))
            for oldest in like[: max(0, len(like) + 1 - most)]:
                oldest.end("too_many")
                self.remove(oldest)
        self._streams[stream] = None
        for key in (stream.proof, stream.owner):
            self._alike.setdefault(key, {})[stream] = None
        for profile_id in stream.profile_ids:
            self._by_profile.setdefault(profile_id, {})[stream] = None
            self._mark(profile_id)

    def remove(self, stream: Stream) -> None:
        """It ended; again is no error."""
        self._streams.pop(stream, None)
        for key in (stream.proof, stream.owner):
            alike = self._alike.get(key, {})
            alike.pop(stream, None)
            if not alike:
                self._alike.pop(key, None)
        for profile_id in stream.profile_ids:
            followers = self._by_profile.get(profile_id, {})
            followers.pop(stream, None)
            if not followers:
                self._by_profile.pop(profile_id, None)
                self._states.pop(profile_id, None)
                self._timer_of.pop(profile_id, None)

    # What changes -----------------------------------------------------------------------------------------------------

    def on_invalidated(self, key: Key | None) -> None:
        loop = self._loop
        if loop is not None and self._streams:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._changed, key)

    def _changed(self, key: Key | None) -> None:
        if key is None:
            for profile_id in self._by_profile:
                self._mark(profile_id)
            for stream in self._streams:
                self._check(stream)
        elif key[0] in ("profiles", lookup.LIVE):
            self._mark(key[1])  # type: ignore[arg-type]
        else:
            for stream in self._alike.get(key, ()):
                self._check(stream)

    def _mark(self, profile_id: UUID) -> None:
        if profile_id in self._by_profile:
            self._dirty[profile_id] = None
            self._work.set()

    def _check(self, stream: Stream) -> None:
        task = asyncio.create_task(self._end_if_revoked(stream))
        self._checks.add(task)
        task.add_done_callback(self._checks.discard)

    async def _end_if_revoked(self, stream: Stream) -> None:
        try:
            is_valid = await stream.is_valid()
        except Exception as error:  # noqa: BLE001 — the database is away: the next change, or the end, finds out
            log.warning("stream_not_checked", error=type(error).__name__)
            return
        if not is_valid:
            stream.end("revoked")

    # Reading ----------------------------------------------------------------------------------------------------------

    async def _keep_reading(self) -> None:
        while True:
            await self._work.wait()
            ids = list(self._dirty)[:MAX_READ]
            if not ids:
                self._work.clear()
                continue
            for profile_id in ids:
                del self._dirty[profile_id]
            try:
                assert self._read is not None  # noqa: S101 — for the type checker: `start` set it
                with metrics.stream_read_seconds.time():
                    found = await self._read(ids)
            except Exception as error:  # noqa: BLE001 — streams stay open while the database is away
                log.warning("states_not_read", error=type(error).__name__)
                for profile_id in ids:
                    self._mark(profile_id)
                await asyncio.sleep(FAILED_SECONDS)
                continue
            for profile_id, state in found.items():
                self._publish(profile_id, state)

    def _publish(self, profile_id: UUID, state: State | None) -> None:
        followers = self._by_profile.get(profile_id)
        if followers is None:
            return
        if state is None:
            for stream in list(followers):
                stream.end("gone")
            return
        before = self._states.get(profile_id)
        if before is not None and before.is_same(state):
            before.wakes_at = state.wakes_at
            state = before
        self._states[profile_id] = state
        self._set_timer(profile_id, state.wakes_at)
        for stream in followers:
            stream.update(state)

    # Time -------------------------------------------------------------------------------------------------------------

    def _set_timer(self, profile_id: UUID, at: datetime | None) -> None:
        if at is not None and self._timer_of.get(profile_id) != at:
            self._timer_of[profile_id] = at
            heapq.heappush(self._timers, (at, profile_id))

    async def _keep_ticking(self) -> None:
        turn, seconds = 0, 0
        while True:
            await asyncio.sleep(1.0 - _random.random() / 10)  # workers apart
            self._wake_due(timezone.now())
            seconds += 1
            if seconds >= TICK_SECONDS:
                seconds, turn = 0, (turn + 1) % ROUNDS
                self._tick(turn)

    def _wake_due(self, now: datetime) -> None:
        while self._timers and self._timers[0][0] <= now:
            at, profile_id = heapq.heappop(self._timers)
            if self._timer_of.get(profile_id) == at:
                del self._timer_of[profile_id]
                self._mark(profile_id)

    def _tick(self, turn: int) -> None:
        for profile_id in self._by_profile:
            state = self._states.get(profile_id)
            if state is None or state.is_playing or profile_id.int % ROUNDS == turn:
                self._mark(profile_id)


hub = Hub()
lookup.on_invalidated(hub.on_invalidated)
