"""A child's daily limits, what is left of a viewing day, and what a player is to do about it."""

from dataclasses import dataclass
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
# Minutes, or None for no limit.
Limit = int | None


@dataclass(frozen=True, slots=True)
class Limits:
    """A child's limit of each weekday in minutes, Monday first; None: no limit on that day."""

    by_weekday: tuple[Limit, Limit, Limit, Limit, Limit, Limit, Limit]

    @classmethod
    def from_pair(cls, *, weekday: Limit, weekend: Limit) -> "Limits":
        """One limit for Monday to Friday, and one for Saturday and Sunday (docs/contract.md#viewing-day)."""
        return cls((weekday, weekday, weekday, weekday, weekday, weekend, weekend))

    @classmethod
    def every_day(cls, minutes: Limit) -> "Limits":
        return cls.from_pair(weekday=minutes, weekend=minutes)

    def on(self, day: date) -> Limit:
        """The limit of a viewing day."""
        return self.by_weekday[day.weekday()]


DEFAULT_LIMITS: Final = Limits.from_pair(weekday=DEFAULT_WEEKDAY_LIMIT_MINUTES, weekend=DEFAULT_WEEKEND_LIMIT_MINUTES)
NO_LIMITS: Final = Limits.every_day(None)


def enforcement_for(remaining_seconds: int | None) -> Enforcement:
    """What a player is to do with so much left; None: nothing limits."""
    if remaining_seconds is None:
        return "allowed"
    if remaining_seconds == 0:
        return "blocked"
    early, late = WARNING_THRESHOLDS_MINUTES
    if remaining_seconds <= late * 60:
        return "warning_5"
    return "warning_15" if remaining_seconds <= early * 60 else "allowed"


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much a child may watch on one viewing day, and how much of it is used.

    The only place that knows what is left. `limit_minutes` None: nothing limits the day. `is_unlimited`: a parent
    lifted its limit. Granted time adds to the limit, and what was watched stays (docs/contract.md#grants).
    """

    limit_minutes: Limit
    used_seconds: int = 0
    granted_seconds: int = 0
    is_unlimited: bool = False

    @property
    def total_seconds(self) -> int | None:
        """The limit and what was granted on top of it; None where nothing limits."""
        if self.limit_minutes is None or self.is_unlimited:
            return None
        return self.limit_minutes * 60 + self.granted_seconds

    @property
    def remaining_seconds(self) -> int | None:
        """What is left, never below 0; None where nothing limits."""
        if self.limit_minutes is None or self.is_unlimited:
            return None
        return max(0, self.limit_minutes * 60 + self.granted_seconds - self.used_seconds)

    @property
    def enforcement(self) -> Enforcement:
        """What a player is to do now (docs/contract.md#heartbeat)."""
        return enforcement_for(self.remaining_seconds)

    def unused(self, grant_seconds: int) -> int:
        """How much of a grant was not watched yet, in seconds: what taking it back takes from `granted_seconds`.

        The limit is used before what was granted, and of several grants this one last. An unlimited day changes
        nothing about that: its other grants are used as if it were limited.
        """
        most = min(grant_seconds, self.granted_seconds)
        if self.limit_minutes is None:
            return most
        return max(0, min(most, self.limit_minutes * 60 + self.granted_seconds - self.used_seconds))

    @property
    def granted_seconds_once_limited(self) -> int:
        """`granted_seconds` from when the day is limited again: what was watched over the limit stays granted.

        So the next grant is worth all of its minutes.
        """
        if self.limit_minutes is None:
            return self.granted_seconds
        return max(self.granted_seconds, self.used_seconds - self.limit_minutes * 60)
