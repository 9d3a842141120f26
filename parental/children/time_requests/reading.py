"""Requests as the API and the pages show them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from parental.children import limits
from parental.children.time_requests import rules
from parental.children.time_requests.models import RequestState, TimeRequest
from parental.children.time_requests.schemas import AnsweredBy, FamilyRequestsOut, RequestOut, RequestsOut
from viewing import rules as days
from viewing.caller import Caller
from viewing.errors import Code, Refusal

MAX_LISTED: Final = 100
KEPT: Final = timedelta(days=90)
ANSWERED: Final = (RequestState.GRANTED, RequestState.DECLINED)
# What a request that is over refuses, by its state.
OVER: Final[dict[RequestState, Code]] = {
    RequestState.GRANTED: "answered",
    RequestState.DECLINED: "answered",
    RequestState.EXPIRED: "expired",
    RequestState.WITHDRAWN: "withdrawn",
}


def shown(request: TimeRequest, *, with_names: bool, now: datetime) -> RequestOut:
    """A request as the API answers it. `with_names`: for a parent; a player learns nobody's address."""
    state = rules.state_at(request, now)
    is_answered = state in ANSWERED
    name = request.answered_by.email if with_names and request.answered_by else None
    return RequestOut(
        id=request.id,
        profile_id=request.profile_id,
        minutes=request.minutes,
        reason=request.reason,
        state=state.value,  # type: ignore[arg-type]
        created_at=request.created_at,
        expires_at=request.expires_at,
        answered_at=request.ended_at if is_answered else None,
        answered_by=AnsweredBy(kind="parent", name=name) if is_answered else None,
        granted_minutes=request.granted_minutes,
        note=request.note,
    )


def over(request: TimeRequest, *, with_names: bool, now: datetime) -> Refusal:
    """The refusal of what comes too late for a request."""
    refusal = Refusal(OVER[rules.state_at(request, now)])
    refusal.fields = {"request": shown(request, with_names=with_names, now=now).model_dump(mode="json")}
    return refusal


def of_day(profile_id: UUID, running: days.ViewingDay) -> list[TimeRequest]:
    """The requests of a viewing day, newest first: no more than may be made. Index: request_profile_created_idx."""
    newest = TimeRequest.objects.filter(profile_id=profile_id).order_by("-created_at")[: rules.MAX_PER_DAY]
    return [request for request in newest if request.day == running.day]


def for_child(caller: Caller, profile_id: UUID, *, limit: int, now: datetime) -> RequestsOut:
    """A child's newest requests, the open one, and when another may be made."""
    running = days.running_day(limits.read(profile_id, now=now).schedule, now=now)
    found = list(_with_people(TimeRequest.objects.filter(profile_id=profile_id))[: max(limit, rules.MAX_PER_DAY)])
    today = [request for request in found if request.day == running.day]
    with_names = caller.kind != "player"
    opened = rules.open_request(found, now=now)
    return RequestsOut(
        open=shown(opened, with_names=with_names, now=now) if opened else None,
        may_ask_at=rules.may_ask_at(today, day_ends_at=running.until, now=now),
        requests=[shown(request, with_names=with_names, now=now) for request in found[:limit]],
    )


def for_family(user_id: UUID, *, only_open: bool, now: datetime) -> FamilyRequestsOut:
    """At most 100 requests of the account's children, newest first."""
    rows = rows_for(user_id)
    found = _with_people(open_at(rows, now=now) if only_open else rows)[:MAX_LISTED]
    return FamilyRequestsOut(requests=[shown(request, with_names=True, now=now) for request in found])


def rows_for(user_id: UUID) -> QuerySet[TimeRequest]:
    """Requests of the account's children, without children that wait to be erased."""
    return TimeRequest.objects.filter(profile__user_id=user_id, profile__erase_at__isnull=True)


def open_at(rows: QuerySet[TimeRequest], *, now: datetime) -> QuerySet[TimeRequest]:
    """Those that can be answered now. Index: request_open_uniq."""
    return rows.filter(state=RequestState.OPEN, expires_at__gt=now)


def open_by_child(profile_ids: Iterable[UUID], *, now: datetime) -> dict[UUID, TimeRequest]:
    """The open request of each child that has one; one statement."""
    rows = open_at(TimeRequest.objects.filter(profile__in=list(profile_ids)), now=now)
    return {request.profile_id: request for request in rows}


def count_open(user_id: UUID, *, now: datetime) -> int:
    """How many of the account's children wait for an answer."""
    return open_at(rows_for(user_id), now=now).count()


def _with_people(rows: QuerySet[TimeRequest]) -> QuerySet[TimeRequest]:
    return rows.select_related("answered_by").order_by("-created_at", "-id")
