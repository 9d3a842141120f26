"""A profile as the service decides about it: the owner, the limits, the schedule."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from viewing import rules
from viewing.planned import Planned

DEFAULT_SCHEDULE = rules.Schedule()


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile with its owner and limits; without a config, the defaults."""

    id: UUID
    user_id: UUID
    is_kids: bool
    limits: rules.Limits = rules.DEFAULT_LIMITS
    educational_exempt: bool = rules.DEFAULT_EDUCATIONAL_EXEMPT
    schedule: rules.Schedule = DEFAULT_SCHEDULE
    # The child's week plan; None: the limits are all there is.
    planned: Planned | None = field(default=None, compare=False)

    def limit_minutes(self, day: date) -> int | None:
        """The limit of a viewing day; None where nothing limits: an adult, or no limit set."""
        return self.limits.on(day) if self.is_kids else None
