"""The bodies of `/parental-controls/pin` (docs/contract.md#pin)."""

from datetime import datetime
from typing import Annotated, Literal

from ninja import Field, Schema

from parental.accounts.schemas import Password

# [0-9] and not \d, which other scripts' digits match.
PinDigits = Annotated[str, Field(pattern="^[0-9]{4}$")]


class PinStatusOut(Schema):
    has_pin: bool
    locked_until: datetime | None = Field(description="The year 9999 means until the PIN is reset.")


class PinIn(Schema):
    new_pin: PinDigits
    current_pin: PinDigits | None = Field(None, description="Required to change an existing PIN.")


class PinSetOut(Schema):
    detail: Literal["PIN set successfully"]


class PinVerifyIn(Schema):
    pin: PinDigits


class PinVerifiedOut(Schema):
    verified: Literal[True]
    pin_token: str = Field(description="Proof of the PIN. Valid for five minutes; invalid after the PIN changes.")


class PinResetIn(Schema):
    password: Password
    new_pin: PinDigits


class PinResetOut(Schema):
    detail: Literal["PIN reset successfully"]
