"""Decide, count and commit one batch, in the writing thread."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from django.db import Error as DatabaseError
from django.utils import timezone
from psycopg import errors

from viewing.heartbeats import sql
from viewing.heartbeats.beats import Beat, Decision, Row, Verdict
from viewing.hotpath import threads

log = structlog.stdlib.get_logger(__name__)
logger = logging.getLogger(__name__)  # its level is checked through this one, at a tenth of the cost
# For a batch that meets a race, before it is halved, and for a beat alone. Every lost race was won by a rival, so races
# end once all have won: twenty first beats of one profile in three busy processes took more than four tries.
MAX_TRIES: Final = 4
MAX_TRIES_ALONE: Final = 20
COUNTED: Final = Verdict.COUNTED  # the lookup in an enumeration is a call
# The server rolled the statement back, and a new snapshot may see the rival: run it again.
RACES = (errors.UniqueViolation, errors.DeadlockDetected, errors.SerializationFailure)
TIMEOUTS = (errors.LockNotAvailable, errors.QueryCanceled)


def decide(beats: Sequence[Beat]) -> list[Decision]:
    """Decide, count and commit beats of different profiles, in the writing thread. Failures are decisions too."""
    started, statements_before = time.perf_counter(), threads.statements.run
    rows = [beat.as_row(n) for n, beat in enumerate(beats)]
    first = [row for row in rows if row["session_id"] is None]
    running = [row for row in rows if row["session_id"] is not None] if first else rows
    wants_event = any(beat.wants_event for beat in beats)
    decisions = _run(sql.continue_sessions, running, wants_event=wants_event)
    if len(decisions) < len(beats) or any(decision.verdict != COUNTED for decision in decisions.values()):
        _settle(first, running, decisions, wants_event=wants_event)
    _log_batch(beats, db_ops=threads.statements.run - statements_before, seconds=time.perf_counter() - started)
    return [decisions[n] for n in range(len(beats))]


def _settle(first: Sequence[Row], running: Sequence[Row], decisions: dict[int, Decision], *, wants_event: bool) -> None:
    """Decide what the first statement left: first beats, switches, and races. Rare, next to beats that just count."""
    # The session ended by a switch, or was lost to a rival, after the statement's snapshot was taken. A second run sees
    # who won.
    again = [row for row in running if _may_have_raced(row, decisions[row["n"]])]
    decisions.update(_run(sql.continue_sessions, again, wants_event=wants_event))
    switching = [row for row in running if decisions[row["n"]].verdict == Verdict.SWITCH]
    decisions.update(_run(sql.begin_sessions, [*first, *switching], wants_event=wants_event))
    lost = [row for row in switching if decisions[row["n"]].verdict == Verdict.LOST]
    decisions.update(_run(sql.continue_sessions, lost, wants_event=wants_event))


def _log_batch(beats: Sequence[Beat], *, db_ops: int, seconds: float) -> None:
    """Log one line per batch; at DEBUG level also one per beat.

    `db_ops` is the number of statements of the batch and `duration_ms` its own time; a beat's `duration_ms` runs from
    when the request came in.
    """
    log.info("heartbeats_processed", count=len(beats), db_ops=db_ops, duration_ms=round(seconds * 1000, 3))
    if logger.isEnabledFor(logging.DEBUG):
        now = timezone.now()
        for beat in beats:
            duration_ms = round((now - beat.now).total_seconds() * 1000, 3)
            fields = {"profile_id": beat.profile.id, "db_ops": db_ops, "duration_ms": duration_ms}
            log.debug("heartbeat_processed", **fields, request_id=beat.request_id)


def _may_have_raced(row: Row, decision: Decision) -> bool:
    return (
        decision.verdict == Verdict.ENDED
        and decision.end_reason in ("switched", "day_turned")
        and row["sequence"] is not None
    )


def _run(statement: Callable[..., list[Decision]], rows: Sequence[Row], *, wants_event: bool) -> dict[int, Decision]:
    """Run one statement for the rows; run it again if a race or one bad row made the server refuse it."""
    if not rows:
        return {}
    max_tries = MAX_TRIES if len(rows) > 1 else MAX_TRIES_ALONE
    for attempt in range(1, max_tries + 1):
        try:
            return {decision.n: decision for decision in statement(rows, wants_event=wants_event)}
        except DatabaseError as error:
            if threads.connection_lost() or isinstance(error, threads.Silent):
                # Ambiguous: it may have been committed. Never run it again. Or the players have been answered already.
                return _failed(rows, Verdict.UNAVAILABLE, error)
            if isinstance(error.__cause__, RACES) and attempt < max_tries:
                continue
            if len(rows) == 1:
                is_busy = isinstance(error.__cause__, RACES + TIMEOUTS)
                return _failed(rows, Verdict.BUSY if is_busy else Verdict.UNAVAILABLE, error)
            break
        except Exception as error:  # noqa: BLE001 — whatever it was, the players must be blocked
            return _failed(rows, Verdict.UNAVAILABLE, error)
    # One row makes the statement fail (a lock held elsewhere, bad data). Halving isolates it, and the others succeed.
    half = len(rows) // 2
    return _run(statement, rows[:half], wants_event=wants_event) | _run(statement, rows[half:], wants_event=wants_event)


def _failed(rows: Sequence[Row], verdict: Verdict, error: Exception) -> dict[int, Decision]:
    log.error("heartbeats_failed", count=len(rows), outcome=verdict, exc_info=error)
    return {row["n"]: Decision(row["n"], verdict) for row in rows}
