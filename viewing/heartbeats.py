"""The writer: beats wait here, and one thread commits what waits as one statement (design.md, "The writer").

No artificial delay: alone, a beat is written at once; under load batches grow by themselves. A beat is answered after
the commit that holds it, so an answered heartbeat is never lost. Verdicts are those of `viewing/sql.py`. Beats that
gateways send in bulk wait in a queue of their own, behind the players'.
"""

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Collection, Sequence
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
from perfmetrics.middleware import request_id
from viewing import hotpath, lookups, rules, sql
from viewing.errors import Refusal, overloaded
from viewing.schemas import NIL, HeartbeatIn

log = structlog.stdlib.get_logger(__name__)
logger = logging.getLogger(__name__)  # asked for its level, at a tenth of the cost

MOST_BEATS_A_BATCH: Final = 256
MOST_WAITING_A_PROFILE: Final = 128
# Of every batch, as long as gateways' beats wait, so that many players cannot starve them.
KEPT_FOR_GATEWAYS: Final = 64
# Of a batch that meets a race, before it is halved; and of a beat alone. A lost race is one that a rival won, so
# they end once all have: twenty first beats of one profile in three busy processes took more than four.
MOST_TRIES: Final = 4
MOST_TRIES_ALONE: Final = 20
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

    def as_row(self, n: int) -> dict[str, Any]:
        """The row of the batch that `viewing/sql.py` reads."""
        limit_minutes = self.profile.limit_minutes(self.day)
        return {
            "n": n,
            "profile_id": self.profile.id,
            "session_id": self.session_id,
            "title_id": self.title_id,
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
            "day": self.day,
            "at": self.now,
        }


def make_beat(
    body: HeartbeatIn, *, profile: lookups.Profile, title: lookups.Title | None, site: lookups.Site, now: datetime
) -> Beat:
    """The beat of a profile that its caller may use. Refusal 404: it would begin a session of an unknown title."""
    session_id = None if body.session_id == NIL else body.session_id
    if session_id is None and title is None:
        raise Refusal(404, "Title not found")
    return Beat(
        profile=profile,
        title_id=body.title_id,
        title=title,
        session_id=session_id,
        device_id=body.device_id,
        device_type=body.device_type,
        is_paused=body.is_paused,
        sequence=body.sequence,
        pause_grace_seconds=site.pause_grace_seconds,
        day=rules.viewing_day(profile.schedule, now=now),
        now=now,
        request_id=request_id.get(),
    )


# A beat, who waits for its outcome, and since when (`time.perf_counter`).
Waiting = tuple[Beat, "asyncio.Future[Outcome]", float]


class Queue:
    """Beats that wait, in the order of their profiles' first ones; bounded, as a whole and for each profile."""

    def __init__(self) -> None:
        self._by_profile: dict[uuid.UUID, deque[Waiting]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, beat: Beat) -> "asyncio.Future[Outcome]":
        """What will become of the beat. Refusal 503 when the queue is full."""
        beats = self._by_profile.get(beat.profile.id)
        if self._size >= settings.HEARTBEAT_QUEUE_SIZE or (beats and len(beats) >= MOST_WAITING_A_PROFILE):
            metrics.heartbeats["queue_full"].inc()
            raise overloaded()
        if beats is None:
            beats = self._by_profile[beat.profile.id] = deque()
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        beats.append((beat, future, time.perf_counter()))
        self._size += 1
        return future

    def take(self, most: int, *, but_not: Collection[uuid.UUID] = ()) -> list[Waiting]:
        """The oldest beat of up to `most` profiles, others than those; a profile's next ones wait, in order."""
        profile_ids = (profile_id for profile_id in self._by_profile if profile_id not in but_not)
        taken = []
        for profile_id in list(islice(profile_ids, most)):
            beats = self._by_profile.pop(profile_id)
            taken.append(beats.popleft())
            if beats:
                self._by_profile[profile_id] = beats
        self._size -= len(taken)
        return taken


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
        running = hotpath.writes.run(_decide_and_count, taken)
        while taken:
            try:
                outcomes = await running
            except Exception as error:  # a defect of ours: no player may wait for ever
                log.error("heartbeat_batch_broke", count=len(taken), exc_info=error)
                outcomes = [UNAVAILABLE] * len(taken)
                metrics.heartbeats[UNAVAILABLE].inc(len(taken))
            answered, taken = taken, self._take()
            if taken:  # the thread works on while these are answered
                running = hotpath.writes.run(_decide_and_count, taken)
            for (_, future, _), outcome in zip(answered, outcomes, strict=True):
                if not future.done():  # the client may be gone; its beat counts
                    future.set_result(outcome)

    def _take(self) -> list[Waiting]:
        """One batch: at most one beat a profile. A player's own beat never waits behind those that came in bulk."""
        batch = self.players.take(MOST_BEATS_A_BATCH - min(len(self.gateways), KEPT_FOR_GATEWAYS))
        if self.gateways:
            taken = {beat.profile.id for beat, _, _ in batch}
            batch += self.gateways.take(MOST_BEATS_A_BATCH - len(batch), but_not=taken)
        return batch


def _decide_and_count(taken: Sequence[Waiting]) -> list[Outcome]:
    """In the writing thread; counted before anyone is answered, so that no figure is behind its answers."""
    waited_seconds = time.perf_counter() - taken[0][2]
    outcomes = decide([beat for beat, _, _ in taken])
    metrics.count_batch(map(_verdict, outcomes), waited_seconds=waited_seconds)
    return outcomes


def decide(beats: Sequence[Beat]) -> list[Outcome]:
    """Decide, count and commit beats of different profiles, in the writing thread. Failures are outcomes too."""
    started, statements_before = time.perf_counter(), hotpath.statements.run
    outcomes: dict[int, Outcome] = {}
    rows = [beat.as_row(n) for n, beat in enumerate(beats)]
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
    most_tries = MOST_TRIES if len(rows) > 1 else MOST_TRIES_ALONE
    for attempt in range(1, most_tries + 1):
        try:
            return {decision.n: decision for decision in statement(rows)}
        except DatabaseError as error:
            if hotpath.connection_lost():
                # Ambiguous: it may have been committed. Never run it again.
                return _failed(rows, UNAVAILABLE, error)
            if isinstance(error.__cause__, RACES) and attempt < most_tries:
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
    return {row["n"]: outcome for row in rows}


writer = Writer()
