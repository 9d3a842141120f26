"""The time at which tests take place."""

import time
from datetime import UTC, datetime, timedelta

from django.utils import timezone

# Before any test takes its place.
real_now = timezone.now
# A Wednesday.
NOON = "2026-03-04T12:00:00+00:00"


_started = datetime.now(UTC)
_noon = _started.replace(hour=12, minute=0, second=0, microsecond=0)


def _now() -> datetime:
    return _noon + (datetime.now(UTC) - _started)


def begin_at_noon() -> None:
    """Let every test that does not say otherwise take place at noon (UTC), so that no viewing day turns amidst it.

    Time goes on from there: where it stands still, two sessions begin at the same instant.
    """
    timezone.now = _now


class Clock:
    """The service's clock, which reads the time at the edge only (`django.utils.timezone.now`)."""

    def __init__(self) -> None:
        self.now = timezone.now()

    def set(self, instant: str) -> None:
        self.now = datetime.fromisoformat(instant)

    def forward(self, **amount: float) -> None:
        self.now += timedelta(**amount)


def wait_if_midnight_is_near() -> None:
    """For tests of real processes, none of which may take longer than that."""
    now = real_now()
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    if midnight - now < timedelta(minutes=2):
        time.sleep((midnight - now).total_seconds() + 1)
