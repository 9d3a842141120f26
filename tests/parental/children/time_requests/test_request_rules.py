"""When a child may ask again, as pure functions."""

from datetime import UTC, date, datetime, timedelta

import pytest

from parental.children.time_requests import rules
from parental.children.time_requests.models import RequestState, TimeRequest

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 5, tzinfo=UTC)


def made(minutes_ago: float, state: RequestState = RequestState.OPEN, *, ended_ago: float | None = None, **fields):
    """A request made so many minutes before noon, and over since then."""
    created_at = NOON - timedelta(minutes=minutes_ago)
    return TimeRequest(
        day=date(2026, 3, 4),
        minutes=30,
        state=state,
        created_at=created_at,
        expires_at=rules.expires_at(day_ends_at=MIDNIGHT, now=created_at),
        ended_at=None if ended_ago is None else NOON - timedelta(minutes=ended_ago),
        **fields,
    )


def obstacles(*requests, now=NOON):
    found = rules.obstacles(requests, day_ends_at=MIDNIGHT, now=now)
    return {code: until for code, until in found if until > now}


def test_it_lasts_an_hour_but_never_longer_than_the_day():
    assert rules.expires_at(day_ends_at=MIDNIGHT, now=NOON) == NOON + timedelta(hours=1)
    assert rules.expires_at(day_ends_at=MIDNIGHT, now=MIDNIGHT - timedelta(minutes=30)) == MIDNIGHT


def test_it_expires_by_itself():
    request = made(60)

    assert rules.state_at(request, NOON - timedelta(seconds=1)) == RequestState.OPEN
    assert rules.state_at(request, NOON) == RequestState.EXPIRED


@pytest.mark.parametrize(
    ("state", "minutes"),
    [
        (RequestState.GRANTED, 0),
        (RequestState.DECLINED, 15),
        (RequestState.EXPIRED, 5),
        (RequestState.WITHDRAWN, 2),
    ],
)
def test_the_cooldown_counts_from_the_end(state, minutes):
    last = made(30, state, ended_ago=0)

    until = NOON + timedelta(minutes=minutes)
    assert obstacles(last) == ({"cooldown": until} if minutes else {})
    assert obstacles(last, now=until) == {}
    assert rules.may_ask_at([last], day_ends_at=MIDNIGHT, now=NOON) == until


def test_an_expiry_that_nobody_wrote_cools_down_as_well():
    assert obstacles(made(62)) == {"cooldown": NOON + timedelta(minutes=3)}


def test_an_open_request_is_named_first():
    assert list(obstacles(made(1), *[made(60 + n, RequestState.GRANTED, ended_ago=60) for n in range(5)])) == [
        "request_open",
        "too_many",
    ]


def test_six_a_day_withdrawn_ones_included():
    withdrawn = [made(100 + n, RequestState.WITHDRAWN, ended_ago=90) for n in range(6)]

    assert obstacles(*withdrawn[:5]) == {}
    assert obstacles(*withdrawn) == {"too_many": MIDNIGHT}
    assert rules.may_ask_at(withdrawn, day_ends_at=MIDNIGHT, now=NOON) == MIDNIGHT


def test_muted_until_the_day_ends():
    muted = made(100, RequestState.DECLINED, ended_ago=90, muted_until=MIDNIGHT)

    assert obstacles(made(50, RequestState.GRANTED, ended_ago=40), muted) == {"muted": MIDNIGHT}


def test_no_cooldown_reaches_into_the_next_day():
    late = MIDNIGHT - timedelta(minutes=3)
    declined = TimeRequest(state=RequestState.DECLINED, created_at=late, expires_at=MIDNIGHT, ended_at=late)

    assert obstacles(declined, now=late) == {"cooldown": MIDNIGHT}


def test_with_nothing_asked_there_is_no_time_to_wait_for():
    assert rules.may_ask_at([], day_ends_at=MIDNIGHT, now=NOON) is None
    assert rules.may_ask_at([made(1)], day_ends_at=MIDNIGHT, now=NOON) is None
