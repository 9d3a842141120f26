"""The bodies of docs/contract.md#live-events, for the OpenAPI schema: they are written as JSON already."""

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Field, Schema

from parental.children.time_requests.schemas import RequestOut
from viewing.playback.schemas import BalanceOut, PlannedBalanceOut


class LiveRequests(Schema):
    open: RequestOut | None
    last: RequestOut | None = Field(description="The newest that is over, for 24 hours.")
    may_ask_at: datetime | None


class ProfileState(Schema):
    profile_id: UUID
    balance: BalanceOut | PlannedBalanceOut
    limits: dict[str, Any]
    lock: dict[str, Any] | None
    session: dict[str, Any] | None
    request: LiveRequests
    grants: list[dict[str, Any]]


class StateOut(Schema):
    now: datetime | None
    profiles: list[ProfileState]
