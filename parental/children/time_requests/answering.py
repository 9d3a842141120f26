"""A parent answers a child's request: exactly one grant, or none.

Locks are taken in the order request, grant, settings, balance. Of two parents who answer together the second one
waits for the first, and finds the request answered.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import transaction

from parental.children import grants, limits
from parental.children.grants import Given
from parental.children.time_requests import reading, rules
from parental.children.time_requests.models import RequestState, TimeRequest
from parental.children.time_requests.schemas import AnswerIn, AnswerOut
from parental.events.record import for_caller, record
from perfmetrics.counting import metrics
from viewing import rules as days
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.hotpath import invalidation


@dataclass(frozen=True, slots=True)
class Answered:
    request: TimeRequest
    given: Given | None

    def shown(self, *, now: datetime) -> AnswerOut:
        request, given = reading.shown(self.request, with_names=True, now=now), self.given
        if given is None:
            return AnswerOut(request=request, grant_id=None, remaining_minutes=None, is_unlimited_override=None)
        return AnswerOut(
            request=request,
            grant_id=given.grant_id,
            remaining_minutes=given.remaining_minutes,
            is_unlimited_override=given.is_unlimited_override,
        )


@transaction.atomic
def answer(caller: Caller, request_id: UUID, body: AnswerIn, *, via: Literal["page", "app"], now: datetime) -> Answered:
    """Grant or decline. Refusal 404: no request of the account's children; 409: it is over (`request` as it is now)."""
    body.check()
    # Without `answered_by`: the join would be of the moment before the lock was waited for.
    locked = reading.rows_for(caller.user_id).select_for_update(no_key=True, of=("self",))
    request = locked.filter(pk=request_id, profile__is_kids=True).first()
    if request is None:
        raise Refusal("not_found", "Request not found")
    running = days.running_day(limits.read(request.profile_id, now=now).schedule, now=now)
    if rules.state_at(request, now) != RequestState.OPEN:
        raise reading.over(request, with_names=True, now=now)
    if request.day != running.day:  # the day's start was moved meanwhile
        request.expires_at = min(request.expires_at, now)
        raise reading.over(request, with_names=True, now=now)
    given = None
    if body.decision == "grant":
        give = grants.give_despite_hours if body.despite_hours else grants.give
        minutes = body.granted_minutes(request.minutes)
        given = give(caller, request.profile_id, minutes=minutes, is_remote=True, now=now)
        request.state, request.granted_minutes, request.grant_id = RequestState.GRANTED, minutes, given.grant_id
    else:
        request.state = RequestState.DECLINED
        request.muted_until = running.until if body.mute else None
    request.ended_at, request.answered_via, request.note = now, via, body.note
    request.answered_by_id = caller.user_id
    request.save()
    _report(caller, request, via=via, now=now)
    invalidation.live_changed(request.profile_id)
    return Answered(request, given)


def answer_by_app(caller: Caller, request_id: UUID, body: AnswerIn, *, now: datetime) -> AnswerOut:
    """As `answer`: what the API returns."""
    return answer(caller, request_id, body, via="app", now=now).shown(now=now)


def _report(caller: Caller, request: TimeRequest, *, via: str, now: datetime) -> None:
    waited_seconds = round((now - request.created_at).total_seconds())
    record(
        "request_answered",
        user_id=caller.user_id,
        actor=for_caller(caller),
        now=now,
        profile_id=request.profile_id,
        request_id=request.id,
        minutes=request.minutes,
        day=request.day,
        decision="grant" if request.state == RequestState.GRANTED else "decline",
        granted_minutes=request.granted_minutes,
        via=via,
        waited_seconds=waited_seconds,
    )
    transaction.on_commit(lambda: metrics.time_request_answer_seconds.observe(waited_seconds))
