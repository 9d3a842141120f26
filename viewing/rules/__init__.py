"""The rules that decide: pure functions of values and of `now`.

`days`: the viewing day, its reset, and the day that a change keeps running. `limits`: the limits of each weekday, what
is left of a day, and what a player is to do.
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
    zone_for,
)
from viewing.rules.limits import (
    BEAT_SECONDS,
    DEFAULT_EDUCATIONAL_EXEMPT,
    DEFAULT_LIMITS,
    DEFAULT_WEEKDAY_LIMIT_MINUTES,
    DEFAULT_WEEKEND_LIMIT_MINUTES,
    NO_LIMITS,
    PAUSE_GRACE_SECONDS,
    REPLAY_SECONDS,
    WARNING_THRESHOLDS_MINUTES,
    Allowance,
    Enforcement,
    Limits,
)

__all__ = [
    "BEAT_SECONDS",
    "DEFAULT_EDUCATIONAL_EXEMPT",
    "DEFAULT_LIMITS",
    "DEFAULT_RESET_HOUR",
    "DEFAULT_TIMEZONE",
    "DEFAULT_WEEKDAY_LIMIT_MINUTES",
    "DEFAULT_WEEKEND_LIMIT_MINUTES",
    "NO_LIMITS",
    "PAUSE_GRACE_SECONDS",
    "REPLAY_SECONDS",
    "SHORTEST_DAY",
    "WARNING_THRESHOLDS_MINUTES",
    "Allowance",
    "Enforcement",
    "Limits",
    "Schedule",
    "ViewingDay",
    "day_start",
    "hold",
    "is_timezone",
    "next_reset",
    "running_day",
    "timezones",
    "viewing_day",
    "zone_for",
]
