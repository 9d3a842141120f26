"""The writer: beats wait here, and one thread commits what waits as one statement (design.md, "The writer").

No artificial delay: alone, a beat is written at once; under load batches grow by themselves. A beat is answered after
the commit that holds it, so an answered heartbeat is never lost. Verdicts are those of `viewing/sql.py`.
"""

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone
from psycopg import errors

from perfmetrics import metrics
from viewing import hotpath, lookups, sql
from viewing.errors import overloaded

log = structlog.stdlib.get_logger(__name__)
logger = logging.getLogger(__name__)  # asked for its level, at a tenth of the cost

MOST_BEATS_A_BATCH: Final = 256
MOST_WAITING_A_PROFILE: Final = 128
MOST_TRIES: Final = 4
# The server rolled the statement back, and a new snapshot may see the rival: run it again.
RACES = (errors.UniqueViolation, errors.DeadlockDetected, errors.SerializationFailure)
TIMEOUTS = (errors.LockNotAvailable, errors.QueryCanceled)

# What became of a beat: the decision, or one of these.
UNAVAILABLE: Final = "unavailable"
BUSY: Final = "busy"
Outcome = sql.Decision | str


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat with all that its verdict needs; `now` and `day` were read once, when it came in."""

    profile: lookups.Profile
    title_id: uuid.UUID
    title: lookups.Title | None
    session_id: uuid.UUID | None
    device_id: str
    device_type: str
    is_paused: bool
    sequence: int | None
    pause_grace_seconds: int
    day: date
    now: datetime
    request_id: str = ""

    def as_json(self, n: int) -> dict[str, Any]:
        """The row of the batch that `viewing/sql.py` reads."""
        limit_minutes = self.profile.limit_minutes(self.day)
        return {
            "n": n,
            "profile_id": str(self.profile.id),
            "session_id": str(self.session_id) if self.session_id else None,
            "new_session_id": str(uuid.uuid4()),
            "title_id": str(self.title_id),
            "title_known": self.title is not None,
            "title_is_educational": self.title is not None and self.title.is_educational,
            "device_id": self.device_id,
            "device_type": self.device_type,
            "sequence": self.sequence,
            "is_paused": self.is_paused,
            "is_kids": self.profile.is_kids,
            "is_exempt": self.profile.educational_exempt,
            "limit_seconds": None if limit_minutes is None else limit_minutes * 60,
            "pause_grace_seconds": self.pause_grace_seconds,
            "day": self.day.isoformat(),
            "at": self.now.isoformat(),
        }


class Writer:
    """The queue between the event loop and the writing thread."""

    def __init__(self) -> None:
        self._waiting: dict[uuid.UUID, deque[tuple[Beat, asyncio.Future[Outcome]]]] = {}
        self._size = 0
        self._task: asyncio.Task[None] | None = None

    async def write(self, beat: Beat) -> Outcome:
        """What became of the beat, once it is committed. Refusal 503 when the queue is full."""
        queue = self._waiting.get(beat.profile.id)
        if self._size >= settings.HEARTBEAT_QUEUE_SIZE or (queue and len(queue) >= MOST_WAITING_A_PROFILE):
            raise overloaded()
        if queue is None:
            queue = self._waiting[beat.profile.id] = deque()
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        queue.append((beat, future))
        self._size += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return await future

    async def drain(self) -> None:
        """Wait until everything taken is committed and answered."""
        while self._task is not None and not self._task.done():
            await self._task

    async def _run(self) -> None:
        taken = self._take()
        running = hotpath.writes.run(decide, [beat for beat, _ in taken])
        while taken:
            try:
                outcomes = await running
            except Exception as error:  # a defect of ours: no player may wait for ever
                log.error("heartbeat_batch_broke", count=len(taken), exc_info=error)
                outcomes = [UNAVAILABLE] * len(taken)
            answered, taken = taken, self._take()
            if taken:  # the thread works on while these are answered
                running = hotpath.writes.run(decide, [beat for beat, _ in taken])
            for (_, future), outcome in zip(answered, outcomes, strict=True):
                if not future.done():  # the client may be gone; its beat counts
                    future.set_result(outcome)

    def _take(self) -> list[tuple[Beat, "asyncio.Future[Outcome]"]]:
        """The oldest beat of up to 256 profiles; the others of a profile wait, in order, for the next batch."""
        batch = []
        for profile_id in list(islice(self._waiting, MOST_BEATS_A_BATCH)):
            queue = self._waiting.pop(profile_id)
            batch.append(queue.popleft())
            if queue:
                self._waiting[profile_id] = queue
        self._size -= len(batch)
        return batch


def decide(beats: Sequence[Beat]) -> list[Outcome]:
    """Decide, count and commit beats of different profiles, in the writing thread. Failures are outcomes too."""
    started, statements_before = time.perf_counter(), hotpath.statements.run
    outcomes: dict[int, Outcome] = {}
    rows = [beat.as_json(n) for n, beat in enumerate(beats)]
    first = [row for row in rows if row["session_id"] is None]
    running = [row for row in rows if row["session_id"] is not None]
    outcomes.update(_run(sql.continue_sessions, running))
    # Rare: its session ended by a switch, or was lost to a rival, after the statement's snapshot was taken. A second
    # look sees who won.
    again = [row for row in running if _may_have_raced(row, outcomes[row["n"]])]
    outcomes.update(_run(sql.continue_sessions, again))
    switching = [row for row in running if _verdict(outcomes[row["n"]]) == "switch"]
    outcomes.update(_run(sql.begin_sessions, first + switching))
    lost = [row for row in switching if _verdict(outcomes[row["n"]]) == "lost"]
    outcomes.update(_run(sql.continue_sessions, lost))
    metrics.heartbeat_batches.inc()
    _tell(beats, db_ops=hotpath.statements.run - statements_before, seconds=time.perf_counter() - started)
    return [outcomes[n] for n in range(len(beats))]


def _tell(beats: Sequence[Beat], *, db_ops: int, seconds: float) -> None:
    """The log lines of a batch (FR-016), written by this thread: one each, and only for debugging one a beat.

    `db_ops` are the statements of the batch, `duration_ms` its own time; a beat's is counted from when it came in.
    """
    log.info("heartbeats_processed", count=len(beats), db_ops=db_ops, duration_ms=round(seconds * 1000, 3))
    if logger.isEnabledFor(logging.DEBUG):
        now = timezone.now()
        for beat in beats:
            duration_ms = round((now - beat.now).total_seconds() * 1000, 3)
            fields = {"profile_id": beat.profile.id, "db_ops": db_ops, "duration_ms": duration_ms}
            log.debug("heartbeat_processed", **fields, request_id=beat.request_id)


def _verdict(outcome: Outcome) -> str:
    return outcome if isinstance(outcome, str) else outcome.verdict


def _may_have_raced(row: dict[str, Any], outcome: Outcome) -> bool:
    return (
        not isinstance(outcome, str)
        and outcome.verdict == "ended"
        and outcome.end_reason in ("switched", "day_turned")
        and row["sequence"] is not None
    )


def _run(
    statement: Callable[[Sequence[dict[str, Any]]], list[sql.Decision]], rows: Sequence[dict[str, Any]]
) -> dict[int, Outcome]:
    """Run one statement for the rows, again where a race or one bad row made the server refuse it."""
    if not rows:
        return {}
    for attempt in range(1, MOST_TRIES + 1):
        try:
            return {decision.n: decision for decision in statement(rows)}
        except DatabaseError as error:
            if hotpath.connection_lost():
                # Ambiguous: it may have been committed. Never run it again.
                return _failed(rows, UNAVAILABLE, error)
            if isinstance(error.__cause__, RACES) and attempt < MOST_TRIES:
                continue
            if len(rows) == 1:
                return _failed(rows, BUSY if isinstance(error.__cause__, RACES + TIMEOUTS) else UNAVAILABLE, error)
            break
        except Exception as error:  # noqa: BLE001 — whatever it was, the players must hear "blocked"
            return _failed(rows, UNAVAILABLE, error)
    # One row spoils the statement (a lock held elsewhere, bad data): halves find it and spare the others.
    half = len(rows) // 2
    return _run(statement, rows[:half]) | _run(statement, rows[half:])


def _failed(rows: Sequence[dict[str, Any]], outcome: str, error: Exception) -> dict[int, Outcome]:
    log.error("heartbeats_failed", count=len(rows), outcome=outcome, exc_info=error)
    metrics.heartbeat_failures.inc(len(rows))
    return {row["n"]: outcome for row in rows}


writer = Writer()
