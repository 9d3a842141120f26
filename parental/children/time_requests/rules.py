"""When a child may ask again, and until when a parent may answer. Pure, over the requests of one viewing day."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from parental.children.time_requests.models import RequestState, TimeRequest

ANSWERABLE: Final = timedelta(minutes=60)
MAX_PER_DAY: Final = 6
STEP_MINUTES: Final = 15
# From the end of the last request.
COOLDOWNS: Final = {
    RequestState.GRANTED: timedelta(),
    RequestState.DECLINED: timedelta(minutes=15),
    RequestState.EXPIRED: timedelta(minutes=5),
    RequestState.WITHDRAWN: timedelta(minutes=2),
}

Obstacle = Literal["request_open", "muted", "too_many", "cooldown"]


def expires_at(*, day_ends_at: datetime, now: datetime) -> datetime:
    """The end of a request that is made now."""
    return min(now + ANSWERABLE, day_ends_at)


def state_at(request: TimeRequest, now: datetime) -> RequestState:
    """An open request whose time is over has expired, whether or not that is written."""
    is_over = request.state == RequestState.OPEN and request.expires_at <= now
    return RequestState.EXPIRED if is_over else RequestState(request.state)


def open_request(requests: Sequence[TimeRequest], *, now: datetime) -> TimeRequest | None:
    return next((each for each in requests if state_at(each, now) == RequestState.OPEN), None)


def obstacles(
    requests: Sequence[TimeRequest], *, day_ends_at: datetime, now: datetime
) -> list[tuple[Obstacle, datetime]]:
    """What forbids, or forbade, another request, and until when; in the order in which a refusal names them.

    `requests`: those of the running viewing day, newest first. All of it ends with the day.
    """
    found: list[tuple[Obstacle, datetime]] = []
    if (running := open_request(requests, now=now)) is not None:
        found.append(("request_open", running.expires_at))
    muted = [each.muted_until for each in requests if each.muted_until is not None]
    if muted:
        found.append(("muted", min(max(muted), day_ends_at)))
    if len(requests) >= MAX_PER_DAY:
        found.append(("too_many", day_ends_at))
    if requests and running is None:
        last = requests[0]
        ended_at = last.ended_at or last.expires_at
        found.append(("cooldown", min(ended_at + COOLDOWNS[state_at(last, now)], day_ends_at)))
    return found


def may_ask_at(requests: Sequence[TimeRequest], *, day_ends_at: datetime, now: datetime) -> datetime | None:
    """The first moment that all rules allow; it may be past. None: a request is open, or none was made today."""
    found = obstacles(requests, day_ends_at=day_ends_at, now=now)
    if not found or found[0][0] == "request_open":
        return None
    return max(until for _, until in found)
