"""The bodies of docs/contract.md#limits and docs/contract.md#grants. Every field has its bounds here, once."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from ninja import Field, Schema

from parental.accounts.schemas import Token
from parental.children.profile_schemas import Timezone
from parental.pins.schemas import PinDigits
from viewing.rules.standing import LimitedBy, Reason


def _absent() -> Any:
    """A field that was not sent (see `model_fields_set`). A factory, for the schema would show a default."""


LimitMinutes = Annotated[int, Field(ge=15, le=480)] | None


class LimitsIn(Schema):
    """Only what is sent is changed."""

    weekday_limit_minutes: LimitMinutes = Field(
        default_factory=_absent, description="In steps of 15. Null means no limit."
    )
    weekend_limit_minutes: LimitMinutes = Field(
        default_factory=_absent, description="In steps of 15. Null means no limit."
    )
    reset_hour: Annotated[int, Field(ge=0, le=23)] = Field(default_factory=_absent)
    educational_exempt: bool = Field(default_factory=_absent)
    timezone: Timezone = Field(default_factory=_absent, description="An IANA name such as Europe/Berlin.")
    pin_token: Token | None = Field(
        None,
        description="From `/parental-controls/pin/verify`. Required to change reset hour, exemption or timezone.",
    )

    def settings(self) -> dict[str, object]:
        """What was sent, by the name of its column."""
        return self.model_dump(exclude_unset=True, exclude={"pin_token"})


class LimitsOut(Schema):
    profile_id: UUID
    weekday_limit_minutes: int | None
    weekend_limit_minutes: int | None
    reset_hour: int
    educational_exempt: bool
    timezone: str
    updated_at: datetime


class GrantIn(Schema):
    minutes: Annotated[int, Field(ge=15, le=120)] | None = Field(
        description="Null means unlimited until the next reset."
    )
    pin: PinDigits | None = Field(
        None, description="A device must send it or a `pin_token`. Without either, the grant is remote."
    )
    pin_token: Token | None = None
    despite_hours: bool = Field(False, description="Hours do not matter for these minutes either: bedtime waits.")
    grant_id: UUID | None = Field(
        None, description="A random UUID of your own. If the request is sent again with it, the time is granted once."
    )


class GrantOut(Schema):
    granted_minutes: float | None = Field(description="Null means unlimited.")
    remaining_minutes: float | None
    is_unlimited_override: bool
    grant_id: UUID


class PlannedGrantOut(GrantOut):
    """With a week plan. Fields that do not apply are absent."""

    limited_by: LimitedBy = Field(description="What `remaining_minutes` comes from.")
    open_until: datetime | None = Field(None, description="Until then hours do not matter.")
    reason: Reason | None = Field(None, description="What still stands in the way.")
    next_allowed_at: datetime | None = Field(None, description="Only with `reason`; null: not by time alone.")


class TakenBackOut(Schema):
    remaining_minutes: float | None
