"""Requests that nobody answered in time. To every reader they have expired already; here it is written and reported."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from parental.children.time_requests.models import RequestState, TimeRequest
from parental.events.record import SYSTEM, record
from viewing.hotpath import invalidation

BATCH: Final = 200


@transaction.atomic
def expire(rows: QuerySet[TimeRequest], *, now: datetime) -> int:
    """Write the expiry of those among the rows whose time is over: how many. What somebody else holds is left to them.

    Index: request_open_uniq, which holds few rows.
    """
    due = rows.filter(state=RequestState.OPEN, expires_at__lte=now).select_related("profile").order_by("pk")
    found = list(due.select_for_update(no_key=True, skip_locked=True, of=("self",))[:BATCH])
    for request in found:
        request.state, request.ended_at = RequestState.EXPIRED, request.expires_at
        request.save(update_fields=["state", "ended_at"])
        record(
            "request_expired",
            user_id=request.profile.user_id,
            actor=SYSTEM,
            now=now,
            profile_id=request.profile_id,
            request_id=request.id,
            day=request.day,
        )
        invalidation.live_changed(request.profile_id)
    return len(found)


def expire_all(*, now: datetime) -> None:
    """Write all expiries that are due, in short transactions."""
    while expire(TimeRequest.objects.all(), now=now) == BATCH:
        pass
