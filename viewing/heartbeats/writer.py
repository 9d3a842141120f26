"""The writer: beats wait in queues, and one thread commits the waiting beats as one statement.

There is no artificial delay: a single beat is written immediately, and batches grow under load. A beat is answered
after its commit, so an answered heartbeat is never lost. Beats that gateways send in bulk wait in a separate queue,
behind the players'.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import structlog

from perfmetrics.counting import metrics
from viewing.heartbeats.beats import Beat, Decision, Verdict
from viewing.heartbeats.decide import decide
from viewing.heartbeats.queue import Queue, Waiting
from viewing.hotpath import threads

log = structlog.stdlib.get_logger(__name__)

MAX_BATCH_SIZE: Final = 256
# Places in each batch kept for gateways while their beats wait, so that many players cannot starve them.
RESERVED_FOR_GATEWAYS: Final = 64


class Writer:
    """The queues between the event loop and the writing thread: the players' own beats, and the gateways'."""

    def __init__(self) -> None:
        self.players = Queue()
        self.gateways = Queue()
        self._longest = (0, 0)  # in this second, and in the one before
        self._task: asyncio.Task[None] | None = None

    async def write(self, beat: Beat) -> Decision:
        """The decision on a beat, once it is committed. Refusal 503 when the queue is full."""
        return await self.put(self.players, beat)

    def put(self, queue: Queue, beat: Beat) -> "asyncio.Future[Decision]":
        """Queue a beat without waiting: the future of its decision. Refusal 503 when the queue is full."""
        future = queue.put(beat)
        if self.size() > self._longest[0]:
            self._longest = (self.size(), self._longest[1])
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return future

    def size(self) -> int:
        """How many beats are waiting."""
        return len(self.players) + len(self.gateways)

    def longest(self) -> int:
        """The longest queue since the call before the last one. Called once a second."""
        now, before = self._longest
        self._longest = (self.size(), now)
        return max(now, before)

    async def drain(self) -> None:
        """Wait until every queued beat is committed and answered."""
        while self._task is not None and not self._task.done():
            await self._task

    async def _run(self) -> None:
        taken = self._take()
        running = _send(taken)
        while taken:
            try:
                decisions = await running
            except Exception as error:  # silence, or a defect of ours: no player may wait forever
                log.error("heartbeats_failed", count=len(taken), outcome=Verdict.UNAVAILABLE, exc_info=error)
                decisions = [Decision(n, Verdict.UNAVAILABLE) for n in range(len(taken))]
                metrics.heartbeats[Verdict.UNAVAILABLE].inc(len(taken))
            answered, taken = taken, self._take()
            if taken:  # the thread keeps working while these are answered
                running = _send(taken)
            for (_, future, _), decision in zip(answered, decisions, strict=True):
                if not future.done():  # the client may be gone; its beat counts
                    future.set_result(decision)

    def _take(self) -> list[Waiting]:
        """One batch: at most one beat per profile. A player's own beat never waits behind those sent in bulk."""
        batch = self.players.take(MAX_BATCH_SIZE - min(len(self.gateways), RESERVED_FOR_GATEWAYS))
        if self.gateways:
            taken = {beat.profile.id for beat, _, _ in batch}
            batch += self.gateways.take(MAX_BATCH_SIZE - len(batch), exclude=taken)
        return batch


def _send(taken: Sequence[Waiting]) -> "asyncio.Future[list[Decision]]":
    queued_at = min((queued_at for _, _, queued_at in taken), default=0.0)
    return threads.writes.run(_decide_and_count, taken, waited_seconds=time.perf_counter() - queued_at)


def _decide_and_count(taken: Sequence[Waiting]) -> list[Decision]:
    """In the writing thread; counted before anyone is answered, so that no metric is behind the answers."""
    waited_seconds = time.perf_counter() - taken[0][2]
    decisions = decide([beat for beat, _, _ in taken])
    if threads.is_given_up():  # answered, and counted, as unavailable
        return decisions
    try:
        metrics.count_batch([decision.verdict for decision in decisions], waited_seconds=waited_seconds)
    except Exception:  # the batch is committed: its answers stand, counted or not
        log.exception("heartbeats_not_counted", count=len(decisions))
    return decisions


writer = Writer()
