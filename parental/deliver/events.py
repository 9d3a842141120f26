"""The bodies of webhooks: one model for each type of event. docs/webhooks.md and `/webhooks/schemas` publish them.

A new type or a new optional field may be added. A field is never renamed or retyped: what must change gets a new type.
Bodies hold ids, numbers, codes and times; no name, no address, and no text that people wrote.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from viewing.outbox.sql import Row
from viewing.schemas import minutes

MAX_BODY_BYTES: Final = 20_000


class _Part(BaseModel):
    # During a deployment an event may have fields that only the newer version knows: it is sent without them.
    model_config = ConfigDict(extra="ignore")


class Actor(_Part):
    """Who caused it."""

    kind: str = Field(description="parent, player, platform, staff or system. More may be added.")
    id: UUID | None = Field(description="A parent's account, or a player's token; null for staff and the system.")


class Data(_Part):
    """What every event has."""

    family_id: UUID = Field(description="The account.")
    sequence: int = Field(description="Rises with time, with gaps. Of two events about the same thing keep the higher.")
    actor: Actor


class OfProfile(Data):
    profile_id: UUID


class OfDay(OfProfile):
    day: date = Field(description="The viewing day that was running.")


class Grant(OfDay):
    grant_id: UUID
    minutes: int | None = Field(description="null: no limit for the rest of the day.")
    is_remote: bool = Field(description="false: given on the child's device with the PIN.")
    remaining_minutes: float | None = Field(description="What is left of the day after it; null: no limit.")
    is_unlimited_override: bool


class GrantMade(Grant):
    """A parent gave more time for today."""


class GrantTakenBack(Grant):
    """A parent took back the unused part of a grant."""


class Change(_Part):
    field: str
    old: Any = None
    new: Any = None


class LimitsChanged(OfDay):
    """A child's settings were changed."""

    changes: list[Change]


class LimitReached(OfDay):
    """A child has used up the time of the day. A grant makes another one possible."""

    limited_by: str = Field(description="day_limit or week_limit. More may be added.")
    limit_minutes: float
    granted_minutes: float
    used_minutes: float
    next_reset_at: datetime


class OfRequest(OfDay):
    request_id: UUID


class RequestCreated(OfRequest):
    """A child asked for more time."""

    minutes: int
    expires_at: datetime = Field(description="Until then a parent may answer.")
    remaining_minutes: float | None = Field(description="What was left of the day.")


class RequestAnswered(OfRequest):
    """A parent granted or declined a request. A grant has an event of its own as well."""

    decision: Literal["grant", "decline"]
    granted_minutes: int | None = Field(description="null: declined, or no limit for the rest of the day.")
    via: str = Field(description="page or app. More may be added.")


class RequestExpired(OfRequest):
    """Nobody answered a request in time."""


class RequestWithdrawn(OfRequest):
    """The child took a request back."""


class DevicePaired(OfProfile):
    """A device may play as a profile."""

    token_id: UUID


class DeviceRevoked(OfProfile):
    """A device may no longer play as a profile."""

    token_id: UUID


class PinLocked(Data):
    """Five wrong PINs in a row locked the PIN, for the parents or on one device."""

    by: Literal["parent", "device"]
    profile_id: UUID | None
    token_id: UUID | None
    locked_until: datetime = Field(description="In the year 9999: until a parent resets the PIN.")


class PinSet(Data):
    """The first PIN was set."""


class PinChanged(Data):
    """The PIN was changed with the current one."""


class PinReset(Data):
    """The PIN was set with the account's password."""


class PasswordChanged(Data):
    """The account's password was changed."""


class PasswordReset(Data):
    """The account's password was set through a link sent by email."""


class OfNewOrGone(OfProfile):
    is_kids: bool


class ProfileCreated(OfNewOrGone):
    """A profile was added."""


class ProfileRemoved(OfNewOrGone):
    """A profile was removed with everything that belonged to it."""


class ChildErased(OfNewOrGone):
    """A profile, of a child or an adult, was erased: erase yours too."""

    erased_at: datetime


class AccountErased(Data):
    """An account was erased with its profiles: erase yours too."""

    profile_ids: list[UUID]
    erased_at: datetime


class EndpointTest(_Part):
    """Staff sent a test."""

    message: str


EVENTS: Final[dict[str, type[BaseModel]]] = {
    "grant.made": GrantMade,
    "grant.taken_back": GrantTakenBack,
    "limits.changed": LimitsChanged,
    "limit.reached": LimitReached,
    "request.created": RequestCreated,
    "request.answered": RequestAnswered,
    "request.expired": RequestExpired,
    "request.withdrawn": RequestWithdrawn,
    "device.paired": DevicePaired,
    "device.revoked": DeviceRevoked,
    "pin.locked": PinLocked,
    "pin.set": PinSet,
    "pin.changed": PinChanged,
    "pin.reset": PinReset,
    "password.changed": PasswordChanged,
    "password.reset": PasswordReset,
    "profile.created": ProfileCreated,
    "profile.removed": ProfileRemoved,
    "child.erased": ChildErased,
    "account.erased": AccountErased,
    "endpoint.test": EndpointTest,
}
TEST: Final = "endpoint.test"


class Known(NamedTuple):
    """What an event's body needs besides its row: when each profile's day ends, by profile and moment."""

    next_reset_at: Callable[[UUID, datetime], datetime]


def _pin_locked(row: Row, _known: Known) -> Mapping[str, Any]:
    by = "device" if row.data.get("token_id") else "parent"
    return {"by": by, "profile_id": row.profile_id, "token_id": None, **row.data}


def _limit_reached(row: Row, known: Known) -> Mapping[str, Any]:
    assert row.profile_id is not None  # noqa: S101 — written by the heartbeats' statement alone
    seconds = {name: row.data[f"{name}_seconds"] for name in ("limit", "granted", "used")}
    return {
        "day": row.data["day"],
        "limited_by": row.data["limited_by"],
        **{f"{name}_minutes": minutes(value) for name, value in seconds.items()},
        "next_reset_at": known.next_reset_at(row.profile_id, row.occurred_at),
    }


# Types whose data is not what the outbox holds.
_MAKERS: Final[dict[str, Callable[[Row, Known], Mapping[str, Any]]]] = {
    "pin.locked": _pin_locked,
    "limit.reached": _limit_reached,
}


def make_body(row: Row, known: Known) -> str:
    """The JSON of an event, as it is signed. Raises ValidationError for data that its model refuses."""
    model = EVENTS[row.type]
    made = _MAKERS[row.type](row, known) if row.type in _MAKERS else row.data
    about: dict[str, Any] = {"family_id": row.family_id, "sequence": row.id, "actor": row.actor}
    if "profile_id" in model.model_fields:
        about["profile_id"] = row.profile_id
    return envelope(row.type, model.model_validate({**about, **made}), at=row.occurred_at)


class _Envelope(BaseModel):
    type: str
    timestamp: datetime
    data: Any


def envelope(event_type: str, data: BaseModel, *, at: datetime) -> str:
    """The JSON that is sent, without spaces."""
    return _Envelope(type=event_type, timestamp=at, data=data).model_dump_json(serialize_as_any=True)


def make_test_body(*, now: datetime) -> str:
    return envelope(TEST, EndpointTest(message="This is a test of your webhook endpoint."), at=now)


def make_schemas() -> dict[str, Any]:
    """The JSON Schema of each type's whole body, by type."""
    return {
        event_type: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "description": model.__doc__,
            "type": "object",
            "required": ["type", "timestamp", "data"],
            "properties": {
                "type": {"const": event_type},
                "timestamp": {"type": "string", "format": "date-time"},
                "data": {"$ref": f"#/$defs/{model.__name__}"},
            },
            "$defs": _definitions(model),
        }
        for event_type, model in EVENTS.items()
    }


def _definitions(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(mode="serialization", ref_template="#/$defs/{model}")
    inner: dict[str, Any] = schema.pop("$defs", {})
    return {**inner, model.__name__: schema}
