"""The writer: beats wait in queues, and one thread commits what waits as one statement.

There is no artificial delay: a single beat is written immediately, and batches grow by themselves under load. A beat
is answered after the commit that holds it, so an answered heartbeat is never lost. Beats that gateways send in bulk
wait in a queue of their own, behind the players'.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import structlog

from perfmetrics.counting import metrics
from viewing.heartbeats.beats import UNAVAILABLE, Beat, Outcome
from viewing.heartbeats.decide import _verdict, decide
from viewing.heartbeats.queue import Queue, Waiting
from viewing.hotpath import threads

log = structlog.stdlib.get_logger(__name__)

MAX_BATCH_SIZE: Final = 256
# Of every batch, as long as gateways' beats wait, so that many players cannot starve them.
RESERVED_FOR_GATEWAYS: Final = 64


class Writer:
    """The queues between the event loop and the writing thread: the players' own beats, and the gateways'."""

    def __init__(self) -> None:
        self.players = Queue()
        self.gateways = Queue()
        self._longest = (0, 0)  # in this second, and in the one before
        self._task: asyncio.Task[None] | None = None

    async def write(self, beat: Beat) -> Outcome:
        """What became of the beat, once it is committed. Refusal 503 when the queue is full."""
        return await self.put(self.players, beat)

    def put(self, queue: Queue, beat: Beat) -> "asyncio.Future[Outcome]":
        """As `write`, without waiting for it."""
        future = queue.put(beat)
        if self.size() > self._longest[0]:
            self._longest = (self.size(), self._longest[1])
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return future

    def size(self) -> int:
        """How many beats wait."""
        return len(self.players) + len(self.gateways)

    def longest(self) -> int:
        """How many waited at most since the call before the last one; called once a second."""
        now, before = self._longest
        self._longest = (self.size(), now)
        return max(now, before)

    async def drain(self) -> None:
        """Wait until everything taken is committed and answered."""
        while self._task is not None and not self._task.done():
            await self._task

    async def _run(self) -> None:
        taken = self._take()
        running = threads.writes.run(_decide_and_count, taken)
        while taken:
            try:
                outcomes = await running
            except Exception as error:  # a defect of ours: no player may wait for ever
                log.error("heartbeat_batch_broke", count=len(taken), exc_info=error)
                outcomes = [UNAVAILABLE] * len(taken)
                metrics.heartbeats[UNAVAILABLE].inc(len(taken))
            answered, taken = taken, self._take()
            if taken:  # the thread works on while these are answered
                running = threads.writes.run(_decide_and_count, taken)
            for (_, future, _), outcome in zip(answered, outcomes, strict=True):
                if not future.done():  # the client may be gone; its beat counts
                    future.set_result(outcome)

    def _take(self) -> list[Waiting]:
        """One batch: at most one beat a profile. A player's own beat never waits behind those that came in bulk."""
        batch = self.players.take(MAX_BATCH_SIZE - min(len(self.gateways), RESERVED_FOR_GATEWAYS))
        if self.gateways:
            taken = {beat.profile.id for beat, _, _ in batch}
            batch += self.gateways.take(MAX_BATCH_SIZE - len(batch), but_not=taken)
        return batch


def _decide_and_count(taken: Sequence[Waiting]) -> list[Outcome]:
    """In the writing thread; counted before anyone is answered, so that no figure is behind its answers."""
    waited_seconds = time.perf_counter() - taken[0][2]
    outcomes = decide([beat for beat, _, _ in taken])
    metrics.count_batch(map(_verdict, outcomes), waited_seconds=waited_seconds)
    return outcomes


writer = Writer()
