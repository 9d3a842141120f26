"""Many heartbeats in one request, from a gateway (docs/contract.md#bulk-heartbeats).

Each is decided, counted and answered as it would be alone. Those of one profile are decided in order: once one of them
cannot be queued, because the queue is full or a read failed, the later ones are refused too.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.utils import timezone

from perfmetrics.counting import metrics
from viewing.caller import check_gateway_access
from viewing.errors import Refusal, overloaded
from viewing.heartbeats.answers import heartbeat_answer, unavailable_answer
from viewing.heartbeats.beats import Beat, Decision, Verdict, make_beat
from viewing.heartbeats.schemas import HeartbeatIn, Invalid
from viewing.heartbeats.writer import writer
from viewing.hotpath import entries

log = structlog.stdlib.get_logger(__name__)

# A turn takes some 2 ms; between turns the loop serves the players.
BEATS_PER_TURN: Final = 128

Result = dict[str, object]
Sent = tuple[Beat, "asyncio.Future[Decision]"]


async def results(bodies: Sequence[HeartbeatIn | Invalid]) -> list[Result]:
    """The result of each body, in order. Refusal 503 when the service was too busy for every one of them."""
    stopped: set[UUID] = set()
    sent: list[Sent | Result] = []
    for start in range(0, len(bodies), BEATS_PER_TURN):
        sent += await _send(bodies[start : start + BEATS_PER_TURN], stopped)
        await asyncio.sleep(0)
    found = [one if isinstance(one, dict) else _answer(one[0], await one[1]) for one in sent]
    if all(result["status"] == 503 for result in found):
        raise overloaded()
    return found


async def _send(bodies: Sequence[HeartbeatIn | Invalid], stopped: set[UUID]) -> list[Sent | Result]:
    """Queue a turn's beats; where a beat cannot be queued, its result. `stopped`: profiles with such a beat."""
    found = await entries.for_beats(
        (body.profile_id, body.title_id) for body in bodies if isinstance(body, HeartbeatIn)
    )
    now = timezone.now()
    return [_put(body, found, stopped, now=now) for body in bodies]


def _put(
    body: HeartbeatIn | Invalid, found: entries.BeatEntries, stopped: set[UUID], *, now: datetime
) -> Sent | Result:
    if isinstance(body, Invalid):
        return {"status": 422, "detail": body.errors, "code": "invalid"}
    site = found.site
    try:
        profile, title = found.profiles[body.profile_id], found.titles[body.title_id]
    except KeyError:
        site = None
    if site is None:  # something could not be read
        stopped.add(body.profile_id)
        return _unavailable(body.session_id)
    if stopped and body.profile_id in stopped:
        return _refused(overloaded())
    try:
        beat = make_beat(body, profile=check_gateway_access(profile), title=title, site=site, now=now)
        return beat, writer.put(writer.gateways, beat)
    except Refusal as refusal:
        if refusal.code == "busy":
            stopped.add(body.profile_id)
        return _refused(refusal)
    except Exception:
        log.exception("bulk_heartbeat_failed")
        return _unavailable(body.session_id)


def _answer(beat: Beat, decision: Decision) -> Result:
    try:
        return {"status": 200, "body": heartbeat_answer(beat, decision)}
    except Refusal as refusal:
        return _refused(refusal)
    except Exception:
        log.exception("bulk_heartbeat_failed")
        return _unavailable(beat.session_id)


def _refused(refusal: Refusal) -> Result:
    return {"status": refusal.status, **refusal.body}


def _unavailable(session_id: UUID | None) -> Result:
    metrics.heartbeats[Verdict.UNAVAILABLE].inc()
    return {"status": 200, "body": unavailable_answer(session_id)}
