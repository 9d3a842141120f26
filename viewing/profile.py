"""A profile as the service decides about it: its owner, its limits, its schedule."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from viewing import rules

DEFAULT_SCHEDULE = rules.Schedule()


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile with its owner and limits; a missing config reads as the defaults."""

    id: UUID
    user_id: UUID
    is_kids: bool
    weekday_limit_minutes: int | None = rules.DEFAULT_WEEKDAY_LIMIT_MINUTES
    weekend_limit_minutes: int | None = rules.DEFAULT_WEEKEND_LIMIT_MINUTES
    educational_exempt: bool = rules.DEFAULT_EDUCATIONAL_EXEMPT
    schedule: rules.Schedule = DEFAULT_SCHEDULE

    def limit_minutes(self, day: date) -> int | None:
        """The limit of a viewing day; None where nothing limits: an adult, or no limit set."""
        if not self.is_kids:
            return None
        return rules.limit_minutes_for(day=day, weekday=self.weekday_limit_minutes, weekend=self.weekend_limit_minutes)
