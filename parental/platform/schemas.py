"""The bodies of `/platform/accounts` and `/platform/balances` (docs/contract.md#platform)."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from ninja import Field, Path, Schema
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from parental.accounts.schemas import Email
from parental.children.profile_schemas import Name, Timezone, WebURL
from parental.children.profiles import MAX_PROFILES
from viewing import rules
from viewing.catalogue.schemas import ExternalId
from viewing.playback.schemas import BalanceOut

MAX_BALANCES: Final = 1000

ExternalIdInPath = Path[ExternalId]


class PlatformProfileIn(Schema):
    external_id: ExternalId
    name: Name
    is_kids: bool = Field(False, description="Of a new profile. That of an existing one cannot be changed (409).")
    avatar_url: WebURL | None = Field(None, description="Null removes it; left out, it stays.")
    timezone: Timezone | None = Field(None, description="Of a new profile; the account's by default.")


class PlatformAccountIn(Schema):
    email: Email | None = Field(None, description="Null removes it; left out, it stays.")
    timezone: Timezone = Field(rules.DEFAULT_TIMEZONE, description="Of new profiles that name none.")
    profiles: list[PlatformProfileIn] = Field([], max_length=MAX_PROFILES)

    @model_validator(mode="after")
    def _each_once(self) -> "PlatformAccountIn":
        ids = [profile.external_id for profile in self.profiles]
        if len(set(ids)) < len(ids):
            raise PydanticCustomError("repeated", "Each external_id may occur only once")
        return self


class PlatformProfileOut(Schema):
    external_id: str | None = Field(description="Null: the parent made it.")
    id: UUID
    is_kids: bool


class PlatformAccountOut(Schema):
    account_id: UUID
    profiles: list[PlatformProfileOut]


class PlatformAccountWithEmailOut(PlatformAccountOut):
    email: str | None


class PlatformPlayerTokenIn(Schema):
    device_name: Name


class ErasureOut(Schema):
    erase_at: datetime = Field(description="From then on it is erased; until then it can be restored.")


class ExternalProfile(Schema):
    """A profile by the platform's own ids."""

    account: ExternalId
    profile: ExternalId


class BalancesIn(Schema):
    profiles: list[UUID | ExternalProfile] = Field(min_length=1, max_length=MAX_BALANCES)


class NoBalanceOut(Schema):
    """There is no such profile. `account` and `profile` are there if they were sent instead of `profile_id`."""

    profile_id: UUID | None
    account: str | None = None
    profile: str | None = None
    status: Literal[404] = 404


class BalancesOut(Schema):
    balances: list[BalanceOut | NoBalanceOut]
