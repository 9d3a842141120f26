"""The bodies of exceptions from week plans."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Field, Schema

from parental.plans.schemas import (
    MAX_WINDOWS,
    Name,
    PeriodIn,
    PlanLimit,
    Weekday,
    absent,
    check_limit,
    period_out,
    windows_from,
    windows_out,
)
from viewing.errors import Refusal
from viewing.rules.documents import WEEKDAYS
from viewing.rules.plan import UNSET, Changes


class ChangesIn(Schema):
    """What is different on the dates; at least one of them."""

    like: Weekday = Field(default_factory=absent, description="The plan of this weekday holds.")
    limit_minutes: PlanLimit = Field(default_factory=absent)
    windows: Annotated[list[PeriodIn], Field(max_length=MAX_WINDOWS)] | None = Field(default_factory=absent)
    bedtime: PeriodIn | None = Field(default_factory=absent, description="Null means no bedtime.")
    quiet_off: list[Literal["school", "other"]] = Field(default_factory=list, max_length=2)
    nights: Literal["same", "before"] = Field("same", description="Which nights' bedtime changes.")
    counts_to_week: bool = Field(default_factory=absent)

    def changes(self) -> Changes:
        """Refusal 422: nothing is changed, or by values that do not fit each other."""
        given = self.model_fields_set
        found = Changes(
            like=WEEKDAYS.index(self.like) if "like" in given else None,
            limit=check_limit(self.limit_minutes) if "limit_minutes" in given else UNSET,
            windows=windows_from(self.windows) if "windows" in given else UNSET,
            bedtime=(self.bedtime.period if self.bedtime else None) if "bedtime" in given else UNSET,
            quiet_off=frozenset(self.quiet_off),
            nights=self.nights,
            counts_to_week=self.counts_to_week if "counts_to_week" in given else None,
        )
        if found == Changes(nights=self.nights):
            raise Refusal("invalid", "An exception must change something")
        return found


def changes_out(changes: Changes) -> dict[str, Any]:
    """The changes in the API's form: only what they say."""
    found: dict[str, Any] = {}
    if changes.like is not None:
        found["like"] = WEEKDAYS[changes.like]
    if changes.limit is not UNSET:
        found["limit_minutes"] = changes.limit
    if changes.windows is not UNSET:
        windows = windows_out(changes.windows)
        found["windows"] = None if windows is None else [one.model_dump(by_alias=True) for one in windows]
    if changes.bedtime is not UNSET:
        found["bedtime"] = None if changes.bedtime is None else period_out(changes.bedtime).model_dump(by_alias=True)
    if changes.quiet_off:
        found["quiet_off"] = sorted(changes.quiet_off)
    if changes.nights != "same":
        found["nights"] = changes.nights
    if changes.counts_to_week is not None:
        found["counts_to_week"] = changes.counts_to_week
    return found


class ExceptionIn(Schema):
    profile_id: UUID | None = Field(None, description="Null means every child of the account.")
    from_date: date
    to_date: date | None = Field(None, description="The same day where it is not sent.")
    name: Name
    changes: ChangesIn
    source: Literal["quick", "manual"] = "manual"


class ExceptionChangeIn(Schema):
    """Only what is sent is changed."""

    to_date: date = Field(default_factory=absent)
    name: Name = Field(default_factory=absent)
    changes: ChangesIn = Field(default_factory=absent)


class ExceptionOut(Schema):
    id: UUID
    profile_id: UUID | None
    from_date: date
    to_date: date
    name: str
    source: str
    changes: dict[str, Any]
    created_at: datetime


class ExceptionsOut(Schema):
    exceptions: list[ExceptionOut]
