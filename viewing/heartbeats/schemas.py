"""The bodies of heartbeats, alone and in bulk."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from ninja import Field, Schema
from pydantic import BaseModel, TypeAdapter, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import ErrorDetails

from viewing.rules import Enforcement
from viewing.rules.standing import LimitedBy
from viewing.schemas import ErrorDetail, NoNul, ValidationDetail

MAX_BEATS_PER_REQUEST: Final = 1000
NOT_AN_OBJECT: Final[dict[str, object]] = {
    "type": "model_attributes_type",
    "loc": ["body"],
    "msg": "Input should be a JSON object",
}
DeviceType = Literal["tv", "mobile", "tablet", "web"]


class SessionConflict(ErrorDetail):
    reason: Literal["session_ended", "taken_over"]


# A plain pydantic model: Ninja's Schema also looks for attributes, which JSON does not have, at 14 µs per beat.
class HeartbeatIn(BaseModel):
    """One heartbeat of a player."""

    profile_id: UUID
    title_id: UUID
    device_id: Annotated[str, Field(min_length=1, max_length=100), NoNul]
    device_type: DeviceType = "web"
    session_id: UUID | None = None
    is_paused: bool = False
    sequence: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
    # Where the title is, and how long it is where the catalogue does not know. They shape the answer only.
    position_seconds: Annotated[int, Field(ge=0, le=86_400)] | None = None
    duration_seconds: Annotated[int, Field(ge=1, le=86_400)] | None = None


@dataclass(frozen=True, slots=True)
class Invalid:
    """An invalid heartbeat of a bulk request, with the errors that it would be answered with alone."""

    errors: list[dict[str, object]]


def validate_in_place(heartbeat: object, validate: ValidatorFunctionWrapHandler) -> object:
    """Put an invalid heartbeat's errors in its place, so that the others of the request are still counted."""
    try:
        return validate(heartbeat)
    except ValidationError as error:
        return Invalid([_as_alone(item) for item in error.errors(include_url=False, include_input=False)])


def _as_alone(error: ErrorDetails) -> dict[str, object]:
    if error["type"] == "model_type":
        return NOT_AN_OBJECT
    return {"type": error["type"], "loc": ["body", *error["loc"]], "msg": error["msg"]}


_LENGTH = Field(min_length=1, max_length=MAX_BEATS_PER_REQUEST)
_each: TypeAdapter[list[HeartbeatIn]] = TypeAdapter(
    Annotated[list[Annotated[HeartbeatIn, WrapValidator(validate_in_place)]], _LENGTH]
)


def validate_each_if_needed(heartbeats: object, validate: ValidatorFunctionWrapHandler) -> object:
    """Validate a valid list as a whole, because a call back into Python for each heartbeat costs as much again."""
    try:
        return validate(heartbeats)
    except ValidationError:
        return _each.validate_python(heartbeats)


class HeartbeatsIn(BaseModel):
    """Up to 1,000 heartbeats of a gateway; an `Invalid` is in the place of each that is not valid."""

    heartbeats: Annotated[list[HeartbeatIn], _LENGTH, WrapValidator(validate_each_if_needed)]


class HeartbeatOut(Schema):
    session_id: UUID
    enforcement: Enforcement
    remaining_minutes: float | None
    used_minutes: float
    is_educational: bool
    reason: Literal["locked", "outside_hours", "limit_reached", "week_limit_reached", "unavailable"] | None = Field(
        None, description="Only with `blocked`."
    )
    next_reset_at: datetime | None = Field(None, description="Only with `blocked`.")
    next_allowed_at: datetime | None = Field(
        None, description="With a week plan and `blocked`: when it may play again. Null: not by time alone."
    )
    hours_kind: Literal["bedtime", "school", "other", "closed"] | None = Field(
        None, description="Only with `outside_hours`."
    )
    note: str | None = Field(None, description="Only with `locked`: what the parent wrote.")
    sentence: str | None = Field(None, description="The reason in words, as parents read it.")
    limited_by: LimitedBy | None = Field(None, description="With a week plan: what `remaining_minutes` comes from.")
    closes_at: datetime | None = Field(None, description="When hours close or a lock begins, within 24 hours.")
    finishing: bool | None = Field(None, description="Time is over, and the title may be watched to its end.")
    finish_by: datetime | None = Field(None, description="Only with `finishing`.")
    can_finish: bool | None = Field(None, description="The title will be allowed to end though less time is left.")


class HeartbeatAnswered(Schema):
    status: Literal[200]
    body: HeartbeatOut


class HeartbeatRefused(ValidationDetail):
    """What this heartbeat would have been answered on its own."""

    status: Literal[403, 404, 409, 422, 429, 503]
    reason: Literal["session_ended", "taken_over"] | None = Field(None, description="Only with 409.")


class HeartbeatsOut(Schema):
    results: list[HeartbeatAnswered | HeartbeatRefused]
