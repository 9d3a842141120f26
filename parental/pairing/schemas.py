"""The bodies of pairing by code."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Field, Schema
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from parental.accounts.schemas import Token
from parental.children.profile_schemas import Name
from parental.pairing import codes
from parental.pins.schemas import PinDigits
from viewing.heartbeats.schemas import DeviceType
from viewing.schemas import ErrorDetail


def _code(typed: str) -> str:
    code = codes.read(typed)
    if code is None:
        raise PydanticCustomError("user_code", "Input should be eight consonants, like BCDF-GHJK")
    return code


UserCode = Annotated[str, Field(max_length=codes.MAX_TYPED), AfterValidator(_code)]


class CodeIn(Schema):
    device_name: Name | None = None
    device_type: DeviceType = "tv"


class CodeOut(Schema):
    device_code: str = Field(description="A secret of the device, with which it asks for its tokens.")
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int = Field(description="Seconds between two polls.")


class PollIn(Schema):
    device_code: Token


class PlayerOut(Schema):
    profile_id: UUID
    profile_name: str
    player_token: str
    token_id: UUID
    expires_at: datetime


class PlayersOut(Schema):
    """One player per child that the parent chose."""

    players: list[PlayerOut]


class PollError(ErrorDetail):
    """As RFC 8628: authorization_pending, slow_down, access_denied or expired_token."""

    error: str | None = Field(None, description="Left out only where the body cannot be read (`broken_body`).")


class WaitingOut(Schema):
    device_name: str
    device_type: DeviceType
    created_at: datetime
    expires_in: int


class ApproveIn(Schema):
    user_code: UserCode
    profile_ids: Annotated[list[UUID], Field(max_length=20)] = Field(
        default_factory=list, description="1 to 20; none with `deny`."
    )
    device_name: Name | None = None
    pin_token: Token | None = Field(
        None, description="From `/parental-controls/pin/verify`. Required once a PIN is set."
    )
    deny: bool = False


class ApproveOut(Schema):
    state: Literal["approved", "denied"]


class DisconnectIn(Schema):
    pin: PinDigits
    token_ids: Annotated[list[UUID], Field(max_length=20)] = Field(
        default_factory=list, description="The other tokens of this screen."
    )
