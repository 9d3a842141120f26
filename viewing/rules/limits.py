"""What is left of a viewing day, and what a player is told about it."""

from datetime import date
from typing import Final, Literal

BEAT_SECONDS: Final = 30
PAUSE_GRACE_SECONDS: Final = 300
REPLAY_SECONDS: Final = 60
WARNING_THRESHOLDS_MINUTES: Final = (15, 5)

DEFAULT_WEEKDAY_LIMIT_MINUTES: Final = 120
DEFAULT_WEEKEND_LIMIT_MINUTES: Final = 180
DEFAULT_EDUCATIONAL_EXEMPT: Final = True

Enforcement = Literal["allowed", "warning_15", "warning_5", "blocked"]


def limit_minutes_for(*, day: date, weekday: int | None, weekend: int | None) -> int | None:
    """The limit of a viewing day in minutes, None for no limit: Saturday and Sunday take `weekend`.

    See docs/contract.md#viewing-day.
    """
    return weekend if day.weekday() >= 5 else weekday


def remaining_seconds(
    *, limit_minutes: int | None, used_seconds: int, granted_seconds: int, unlimited: bool
) -> int | None:
    """Seconds left today, never below 0; None where nothing limits: no limit, or unlimited today.

    Granted time adds to the allowance, and what was watched stays (docs/contract.md#grants).
    """
    if limit_minutes is None or unlimited:
        return None
    return max(0, limit_minutes * 60 + granted_seconds - used_seconds)


def enforcement(remaining: int | None) -> Enforcement:
    """What a player must do, from the seconds left (None: not limited); see docs/contract.md#heartbeat."""
    if remaining is None:
        return "allowed"
    if remaining <= 0:
        return "blocked"
    early, late = WARNING_THRESHOLDS_MINUTES
    if remaining <= late * 60:
        return "warning_5"
    return "warning_15" if remaining <= early * 60 else "allowed"
