"""The bodies of `/auth` (contract). Every field has its bounds here, once."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from ninja import Field, Schema
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from parental.models import normalize_email
from viewing import rules
from viewing.schemas import NoNul

MOST_EMAIL_CHARACTERS = 254
LEAST_PASSWORD_CHARACTERS = 8
MOST_NEW_PASSWORD_CHARACTERS = 128
# Wider: one that was set by staff must do too.
MOST_PASSWORD_CHARACTERS = 1024
MOST_NAME_CHARACTERS = 100

_validate_web_url = URLValidator(schemes=["http", "https"])


def _email(text: str) -> str:
    email = normalize_email(text)
    try:
        validate_email(email)
    except ValidationError as error:
        raise PydanticCustomError("email", "Not a valid email address") from error
    if len(email) > MOST_EMAIL_CHARACTERS:  # lower case may be longer
        raise PydanticCustomError("email", "Not a valid email address")
    return email


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "String must not be only white space")
    return text


def _web_url(text: str) -> str:
    try:
        if text:
            _validate_web_url(text)
    except ValidationError as error:
        raise PydanticCustomError("web_url", "Not a valid http or https URL") from error
    return text


def _timezone(name: str) -> str:
    if not rules.is_timezone(name):
        raise PydanticCustomError("timezone", "Not the name of a timezone, like Europe/Berlin")
    return name


Email = Annotated[str, Field(max_length=MOST_EMAIL_CHARACTERS), NoNul, AfterValidator(_email)]
NewPassword = Annotated[
    str, Field(min_length=LEAST_PASSWORD_CHARACTERS, max_length=MOST_NEW_PASSWORD_CHARACTERS), NoNul
]
Password = Annotated[str, Field(min_length=1, max_length=MOST_PASSWORD_CHARACTERS), NoNul]
Name = Annotated[str, Field(min_length=1, max_length=MOST_NAME_CHARACTERS), NoNul, AfterValidator(_not_blank)]
WebURL = Annotated[str, Field(max_length=500), NoNul, AfterValidator(_web_url)]
Timezone = Annotated[str, Field(max_length=64), NoNul, AfterValidator(_timezone)]
Token = Annotated[str, Field(max_length=500), NoNul]


class RegisterIn(Schema):
    email: Email
    password: NewPassword


class LoginIn(Schema):
    email: Email
    password: Password


class RefreshIn(Schema):
    refresh_token: Token


class TokenPairOut(Schema):
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"]


class AccountOut(Schema):
    id: UUID
    email: str
    is_admin: bool


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
    pin_token: Token | None = Field(None, description="From `/parental-controls/pin/verify`; needed once a PIN is set.")


class PlayerTokenOut(Schema):
    player_token: str
    token_id: UUID
    expires_at: datetime
