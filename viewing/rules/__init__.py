"""The rules that decide, pure functions of values and of `now`.

`days`: the viewing day, its reset, the day that a change keeps running. `limits`: the day's limit, what is left of it
and what a player is told.
"""

from viewing.rules.days import (
    DEFAULT_RESET_HOUR,
    DEFAULT_TIMEZONE,
    SHORTEST_DAY,
    Schedule,
    ViewingDay,
    day_start,
    hold,
    is_timezone,
    next_reset,
    running_day,
    timezones,
    viewing_day,
)
from viewing.rules.limits import (
    BEAT_SECONDS,
    DEFAULT_EDUCATIONAL_EXEMPT,
    DEFAULT_WEEKDAY_LIMIT_MINUTES,
    DEFAULT_WEEKEND_LIMIT_MINUTES,
    PAUSE_GRACE_SECONDS,
    REPLAY_SECONDS,
    WARNING_THRESHOLDS_MINUTES,
    Enforcement,
    enforcement,
    limit_minutes_for,
    remaining_seconds,
)

__all__ = [
    "BEAT_SECONDS",
    "DEFAULT_EDUCATIONAL_EXEMPT",
    "DEFAULT_RESET_HOUR",
    "DEFAULT_TIMEZONE",
    "DEFAULT_WEEKDAY_LIMIT_MINUTES",
    "DEFAULT_WEEKEND_LIMIT_MINUTES",
    "PAUSE_GRACE_SECONDS",
    "REPLAY_SECONDS",
    "SHORTEST_DAY",
    "WARNING_THRESHOLDS_MINUTES",
    "Enforcement",
    "Schedule",
    "ViewingDay",
    "day_start",
    "enforcement",
    "hold",
    "is_timezone",
    "limit_minutes_for",
    "next_reset",
    "remaining_seconds",
    "running_day",
    "timezones",
    "viewing_day",
]
