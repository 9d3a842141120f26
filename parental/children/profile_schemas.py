"""The bodies of profiles and their players' tokens."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from ninja import Field, Schema
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from parental.accounts.schemas import Token
from viewing import rules, text
from viewing.schemas import NoNul

MAX_NAME_LENGTH = 100

_validate_web_url = URLValidator(schemes=["http", "https"])


def _web_url(url: str) -> str:
    try:
        if url:
            _validate_web_url(url)
    except ValidationError as error:
        raise PydanticCustomError("web_url", "Not a valid http or https URL") from error
    return url


def _timezone(name: str) -> str:
    if not rules.is_timezone(name):
        raise PydanticCustomError("timezone", "Input should be a timezone name such as Europe/Berlin")
    return name


Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH), NoNul, text.READABLE, text.NFC]
WebURL = Annotated[str, Field(max_length=500), NoNul, AfterValidator(_web_url)]
Timezone = Annotated[str, Field(max_length=64), NoNul, AfterValidator(_timezone)]


class ProfileIn(Schema):
    name: Name
    is_kids: bool = False
    avatar_url: WebURL | None = None
    timezone: Timezone = rules.DEFAULT_TIMEZONE


class ProfileOut(Schema):
    id: UUID
    name: str
    avatar_url: str | None
    is_kids: bool
    session_count: int


class PlayerTokenIn(Schema):
    device_name: Name
    pin_token: Token | None = Field(
        None, description="From `/parental-controls/pin/verify`. Required once a PIN is set."
    )


class PlayerTokenOut(Schema):
    player_token: str
    token_id: UUID
    expires_at: datetime
