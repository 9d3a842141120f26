"""The bodies of docs/contract.md#requests-for-time. Every field has its bounds here, once."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Field, Schema
from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from parental.children.time_requests.models import MAX_TEXT
from parental.children.time_requests.rules import STEP_MINUTES
from viewing import text
from viewing.errors import Refusal
from viewing.schemas import ErrorDetail, NoNul

State = Literal["open", "granted", "declined", "expired", "withdrawn"]


def _plain(value: str) -> str:
    if not text.is_plain(value):
        raise PydanticCustomError("hidden_character", "String must not contain control characters or line ends")
    return value


def _stripped(value: object) -> object:
    return text.normalized(value).strip() if isinstance(value, str) else value


# "" for none.
Text = Annotated[str, Field(max_length=MAX_TEXT), NoNul, AfterValidator(_plain), BeforeValidator(_stripped)]


class RequestIn(Schema):
    request_id: UUID | None = Field(None, description="Chosen by the device, so that it can repeat the call.")
    minutes: Annotated[int, Field(ge=15, le=120, multiple_of=STEP_MINUTES)]
    reason: Text = ""


class AnsweredBy(Schema):
    kind: Literal["parent"]
    name: str | None = Field(description="An email address; null for players, and for an account that is no more.")


class RequestOut(Schema):
    id: UUID
    profile_id: UUID
    minutes: int
    reason: str
    state: State
    created_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    answered_by: AnsweredBy | None
    granted_minutes: int | None = Field(description="Of a granted one; null: no limit for the rest of the day.")
    note: str


class RequestsOut(Schema):
    """A child's requests, newest first."""

    open: RequestOut | None
    may_ask_at: datetime | None = Field(
        description="When the child may ask again; it may be past. null: one is open, or none was made today."
    )
    requests: list[RequestOut]


class FamilyRequestsOut(Schema):
    requests: list[RequestOut]


class AnswerIn(Schema):
    decision: Literal["grant", "decline"]
    minutes: Annotated[int, Field(ge=15, le=120)] | None = Field(
        None, description="Only to grant. Left out: as asked; null: no limit for the rest of the day."
    )
    note: Text = ""
    mute: bool = Field(False, description="Only to decline: no more requests until the day ends.")
    despite_hours: bool = Field(False, description="Only to grant: as for a grant.")

    def granted_minutes(self, asked: int) -> int | None:
        return self.minutes if "minutes" in self.model_fields_set else asked

    def check(self) -> None:
        """Refusal 422: fields of the other decision."""
        if self.decision == "decline" and ("minutes" in self.model_fields_set or self.despite_hours):
            raise Refusal("invalid", "minutes and despite_hours are only for granting")
        if self.decision == "grant" and self.mute:
            raise Refusal("invalid", "mute is only for declining")


class AnswerOut(Schema):
    """What was decided; nulls where the request was declined."""

    request: RequestOut
    grant_id: UUID | None
    remaining_minutes: float | None
    is_unlimited_override: bool | None


class RequestConflict(ErrorDetail):
    """The request in the way, as it is now."""

    request: RequestOut | None = None
