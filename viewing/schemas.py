"""The bodies of the players' API (contract, "/viewing-time"). Every field has its bounds here, once."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Field, Schema
from pydantic import AfterValidator, BaseModel
from pydantic_core import PydanticCustomError

from viewing.rules import Enforcement

NIL = UUID(int=0)


def no_nul(text: str) -> str:
    """PostgreSQL's text cannot hold it, and one such row would spoil a whole batch of beats."""
    if "\0" in text:
        raise PydanticCustomError("nul_character", "String must not contain the NUL character")
    return text


# Behind a field's bounds: before them it would take their names (`too_long`), and lone surrogates would pass.
NoNul = AfterValidator(no_nul)
DeviceType = Literal["tv", "mobile", "tablet", "web"]


class ErrorDetail(Schema):
    """A refusal in one sentence."""

    detail: str


class FieldError(Schema):
    type: str
    loc: list[str | int]
    msg: str


class ValidationDetail(Schema):
    """What is wrong with which field; rules over several fields come as one sentence."""

    detail: list[FieldError] | str


class SessionConflict(ErrorDetail):
    reason: Literal["session_ended", "taken_over"]


class HeartbeatIn(BaseModel):
    """Pydantic's own model: Ninja's adds a lookup of attributes, which JSON has none of, at 14 µs a beat."""

    profile_id: UUID
    title_id: UUID
    device_id: Annotated[str, Field(min_length=1, max_length=100), NoNul]
    device_type: DeviceType = "web"
    session_id: UUID | None = None
    is_paused: bool = False
    sequence: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None


class HeartbeatOut(Schema):
    session_id: UUID
    enforcement: Enforcement
    remaining_minutes: float | None
    used_minutes: float
    is_educational: bool
    reason: Literal["limit_reached", "unavailable"] | None = Field(None, description="Only with `blocked`.")
    next_reset_at: datetime | None = Field(None, description="Only with `blocked`.")


class BalanceOut(Schema):
    profile_id: UUID
    is_child_profile: bool
    has_limits: bool
    used_minutes: float
    educational_minutes: float
    limit_minutes: float | None
    remaining_minutes: float | None
    is_unlimited_override: bool
    next_reset_at: datetime | None
    warning_threshold_minutes: list[int]
    granted_minutes: float


class EligibilityOut(Schema):
    eligible: bool
    remaining_minutes: float | None
    reason: str | None
    next_reset_at: datetime | None


class SessionEndOut(Schema):
    session_id: UUID
    total_seconds: int
    ended_at: datetime


class TitleOut(Schema):
    id: UUID
    name: str
    is_educational: bool
