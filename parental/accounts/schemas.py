"""The bodies of accounts and logins."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from ninja import Field, Schema
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from parental.models import normalize_email
from viewing.schemas import NoNul

MAX_EMAIL_LENGTH = 254
MIN_PASSWORD_LENGTH = 8
MAX_NEW_PASSWORD_LENGTH = 128
# Wider: one that was set by staff must do too.
MAX_PASSWORD_LENGTH = 1024


def _email(text: str) -> str:
    email = normalize_email(text)
    try:
        validate_email(email)
    except ValidationError as error:
        raise PydanticCustomError("email", "Not a valid email address") from error
    if len(email) > MAX_EMAIL_LENGTH:  # lower case may be longer
        raise PydanticCustomError("email", "Not a valid email address")
    return email


Email = Annotated[str, Field(max_length=MAX_EMAIL_LENGTH), NoNul, AfterValidator(_email)]
NewPassword = Annotated[str, Field(min_length=MIN_PASSWORD_LENGTH, max_length=MAX_NEW_PASSWORD_LENGTH), NoNul]
Password = Annotated[str, Field(min_length=1, max_length=MAX_PASSWORD_LENGTH), NoNul]
Token = Annotated[str, Field(max_length=500), NoNul]


class RegisterIn(Schema):
    email: Email
    password: NewPassword


class LoginIn(Schema):
    email: Email
    password: Password
    device_token: Token | None = Field(None, description="From the last login of this app, whatever became of it.")


class RefreshIn(Schema):
    refresh_token: Token


class TokenPairOut(Schema):
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"]
    device_token: str = Field(description="To send with the next login on this device. It lets nobody in.")


class LoginOut(Schema):
    id: UUID
    kind: Literal["app", "page"] = Field(description="page: a browser on the parents' pages.")
    client: str = Field(description="The name of the browser or app, from its User-Agent; may be empty.")
    created_at: datetime
    last_used_at: datetime
    is_current: bool = Field(description="The login of this access token.")


class LoginsEndedOut(Schema):
    ended: int


class AccountOut(Schema):
    id: UUID
    email: str | None = Field(description="Null: the platform brought the account without an address.")
    is_admin: bool
