"""What an attempt ended in, and what follows from it: pure functions."""

import email.utils
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

# Before each attempt after the first: twelve attempts in about 76 hours.
DELAYS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 120, 600, 1800, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)))
)
MAX_ATTEMPTS: Final = len(DELAYS) + 1
MAX_MAIL_ATTEMPTS: Final = 7
MAX_RETRY_AFTER: Final = timedelta(hours=24)
MIN_PAUSE: Final = timedelta(seconds=30)
PAUSING: Final = frozenset({429, 502, 503, 504})
GONE: Final = 410
JITTER: Final = 0.2

State = Literal["done", "waiting", "dead", "cancelled"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt. `status` None: there was no answer, and `error` says why."""

    status: int | None = None
    error: str = ""
    text: str = ""
    retry_after: timedelta | None = None
    seconds: float = 0.0
    # Nothing that is tried again can succeed.
    is_final: bool = False
    # What it was about is gone.
    is_moot: bool = False

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of a delivery, and of its endpoint."""

    state: State
    due_at: datetime | None = None
    paused_until: datetime | None = None
    is_gone: bool = False


def following(answer: Answer, *, attempts: int, max_attempts: int, jitter: float, now: datetime) -> Next:
    """What follows from an attempt; `attempts` counts it. `jitter` from −1 to 1: where in ±20 % the delay lies."""
    if answer.is_success:
        return Next("done")
    if answer.is_moot:
        return Next("cancelled")
    if answer.status == GONE:
        return Next("dead", is_gone=True)
    retry_after = min(answer.retry_after or timedelta(), MAX_RETRY_AFTER)
    paused_until = now + max(retry_after, MIN_PAUSE) if answer.status in PAUSING else None
    if answer.is_final or attempts >= max_attempts:
        return Next("dead", paused_until=paused_until)
    delay = DELAYS[attempts - 1] * (1 + JITTER * jitter)
    return Next("waiting", due_at=now + max(delay, retry_after), paused_until=paused_until)


def parse_retry_after(value: str, *, now: datetime) -> timedelta | None:
    """The header's wait, as seconds or as a date, at most 24 hours; None for anything else."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:10]), int(MAX_RETRY_AFTER.total_seconds())))
    try:
        until = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    seconds = math.ceil((until - now).total_seconds())
    return min(timedelta(seconds=max(0, seconds)), MAX_RETRY_AFTER)
