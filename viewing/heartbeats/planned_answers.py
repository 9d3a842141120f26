"""The answer to a heartbeat of a child who has a week plan (docs/contract.md#heartbeat)."""

from datetime import timedelta
from functools import lru_cache
from typing import Final

from perfmetrics.counting import metrics
from viewing import rules
from viewing.heartbeats.beats import Beat, Decision, Verdict
from viewing.planned import TRACKS
from viewing.playback.planned_balances import why
from viewing.rules.allowed import Allowed, allowed
from viewing.rules.standing import DayUse, Frame, Playing, next_allowed, stand
from viewing.schemas import NIL, iso, minutes, minutes_or_none

# The edges of frames: each is written many times.
_edge: Final = lru_cache(maxsize=8192)(iso)
# Of a session that runs: its title may be finished. One that was refused never begins.
RUNNING: Final = frozenset({Verdict.COUNTED, Verdict.REPLAY, Verdict.SUCCESSOR})


def planned_answer(beat: Beat, decision: Decision, frame: Frame) -> dict[str, object]:
    """As without a plan, and with what limits now, and why. `frame`: that of the beat."""
    planned = beat.profile.planned
    is_educational = beat.title is not None and beat.title.is_educational
    now = beat.now
    if planned is not None and decision.day is not None and decision.day > frame.day.day:
        # The clock of another host is ahead: the session is in the next day already.
        now = frame.day.until
        frame = planned.frame(is_educational=is_educational, now=now)
    use = DayUse(decision.used_seconds or 0, decision.granted_seconds or 0, bool(decision.is_unlimited_override))
    is_running = decision.verdict in RUNNING
    going_on = allowed(frame, use, now=now, rest_seconds=beat.rest_seconds if is_running else None)
    if going_on is not None:
        return _going_on(decision, use, going_on)
    playing = None
    if is_running:
        is_charged = not (decision.is_educational and beat.profile.educational_exempt)
        playing = Playing(is_charged, beat.rest_seconds)
    standing = stand(frame, use, now=now, playing=playing)
    answer: dict[str, object] = {
        "session_id": str(decision.session_id or NIL),
        "enforcement": standing.enforcement,
        "remaining_minutes": minutes_or_none(standing.remaining_seconds),
        "used_minutes": minutes(use.used_seconds),
        "is_educational": decision.is_educational,
    }
    if standing.limited_by is not None:
        answer["limited_by"] = standing.limited_by
    if standing.closes_at is not None:
        answer["closes_at"] = iso(standing.closes_at)
    if standing.can_finish:
        answer["can_finish"] = True
    if standing.is_finishing:
        answer["finishing"] = True
        answer["finish_by"] = iso(now + timedelta(seconds=standing.remaining_seconds or 0))
    if standing.reason is not None and planned is not None:
        metrics.blocked[standing.reason].inc()
        answer["next_reset_at"] = iso(rules.next_reset(beat.profile.schedule, now=beat.now))
        again = next_allowed(planned.child, use, now=now, track=TRACKS[is_educational])
        answer["next_allowed_at"] = again and iso(again)
        answer |= why(standing, frame, timezone=planned.child.table.timezone, now=now)
    return answer


def _going_on(decision: Decision, use: DayUse, going_on: Allowed) -> dict[str, object]:
    """Nothing stops the title: nearly every heartbeat."""
    remaining, limited_by, closes_at = going_on
    answer: dict[str, object] = {
        "session_id": decision.session_id or NIL,
        "enforcement": rules.enforcement_for(remaining),
        "remaining_minutes": None if remaining is None else minutes(remaining),
        "used_minutes": minutes(use.used_seconds),
        "is_educational": decision.is_educational,
    }
    if limited_by is not None:
        answer["limited_by"] = limited_by
    if closes_at is not None:
        answer["closes_at"] = _edge(closes_at)
    return answer
