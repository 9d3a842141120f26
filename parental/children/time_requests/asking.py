"""A child asks for more time, and takes the request back.

Locks are taken in the order profile, request.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from parental.children import limits, today_left
from parental.children.time_requests import expiry, reading, rules
from parental.children.time_requests.models import RequestState, TimeRequest
from parental.children.time_requests.schemas import RequestIn
from parental.events.record import for_caller, record
from viewing import rules as days
from viewing.caller import NO_ACCOUNT, Caller
from viewing.errors import Refusal, access_denied
from viewing.hotpath import invalidation
from viewing.models import Profile, ViewingTimeBalance
from viewing.schemas import minutes_or_none


@transaction.atomic
def ask(caller: Caller, profile_id: UUID, body: RequestIn, *, now: datetime) -> tuple[TimeRequest, bool]:
    """The child's new request, and whether it is new: the same `request_id` again finds the first.

    Refusal 409: one is open, or nothing limits the child now; 429: too soon, too many today, or muted by a parent;
    422: the id is another child's request.
    """
    config = limits.read(profile_id, now=now)
    # Requests of one child are made one after the other. Heartbeats do not wait for this lock.
    profile = Profile.objects.select_for_update(no_key=True).filter(pk=profile_id, is_kids=True).first()
    if profile is None:
        raise access_denied()
    known = TimeRequest.objects.filter(pk=body.request_id).first() if body.request_id else None
    if known is not None:
        if known.profile_id != profile_id:
            raise Refusal("invalid", "request_id was used before")
        return known, False
    expiry.expire(TimeRequest.objects.filter(profile_id=profile_id), now=now)
    running = days.running_day(config.schedule, now=now)
    _check_rules(reading.of_day(profile_id, running), running, now=now)
    balance = ViewingTimeBalance.objects.filter(profile_id=profile_id, day=running.day).first()
    left = today_left.read(config, balance or ViewingTimeBalance(), now=now).remaining_seconds
    if left is None:
        raise Refusal("not_limited")
    request = TimeRequest(
        profile_id=profile_id,
        player_token_id=caller.token_id,
        minutes=body.minutes,
        reason=body.reason,
        day=running.day,
        created_at=now,
        expires_at=rules.expires_at(day_ends_at=running.until, now=now),
    )
    if body.request_id is not None:
        request.id = body.request_id
    request.save(force_insert=True)
    record(
        "request_made",
        user_id=profile.user_id,
        actor=for_caller(caller),
        now=now,
        profile_id=profile_id,
        request_id=request.id,
        minutes=body.minutes,
        day=request.day,
        expires_at=request.expires_at,
        remaining_minutes=minutes_or_none(left),
    )
    invalidation.live_changed(profile_id)
    return request, True


def _check_rules(today: list[TimeRequest], running: days.ViewingDay, *, now: datetime) -> None:
    for code, until in rules.obstacles(today, day_ends_at=running.until, now=now):
        if until <= now:
            continue
        if code == "request_open":
            refusal = Refusal("request_open")
            opened = rules.open_request(today, now=now)
            assert opened is not None  # noqa: S101 — for the type checker: it is the obstacle
            refusal.fields = {"request": reading.shown(opened, with_names=False, now=now).model_dump(mode="json")}
            raise refusal
        seconds = max(1, -int((now - until).total_seconds() // 1))
        if code == "too_many":
            raise Refusal("too_many", "No more requests today", status=429, retry_after_seconds=seconds)
        raise Refusal(code, retry_after_seconds=seconds)


@transaction.atomic
def withdraw(caller: Caller, request_id: UUID, *, now: datetime) -> None:
    """The child's device takes the request back; again is no error.

    Refusal 404: not a request of the child; 409: it was answered, or its time is over.
    """
    locked = TimeRequest.objects.select_for_update(no_key=True)
    request = locked.filter(pk=request_id, profile__pk=caller.profile_id or NO_ACCOUNT).first()
    if request is None:
        raise Refusal("not_found", "Request not found")
    state = rules.state_at(request, now)
    if state == RequestState.WITHDRAWN:
        return
    if state != RequestState.OPEN:
        raise reading.over(request, with_names=False, now=now)
    request.state, request.ended_at = RequestState.WITHDRAWN, now
    request.save(update_fields=["state", "ended_at"])
    record(
        "request_withdrawn",
        user_id=caller.user_id,
        actor=for_caller(caller),
        now=now,
        profile_id=request.profile_id,
        request_id=request.id,
        day=request.day,
    )
    invalidation.live_changed(request.profile_id)
