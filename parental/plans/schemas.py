"""The bodies of week plans, calendars and locks. Every field has its bounds here, once.

Times are "HH:MM" on the wall, in steps of 5 minutes; an end that is not later than its beginning is on the next day.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from ninja import Field, Schema
from pydantic import AfterValidator, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from viewing import text
from viewing.errors import Refusal
from viewing.rules.documents import WEEKDAYS
from viewing.rules.plan import MINUTES_PER_DAY, Period, Quiet, QuietKind, Windows
from viewing.schemas import NoNul

MAX_WINDOWS: Final = 6
MAX_QUIET: Final = 10
STEP_MINUTES: Final = 15

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Begins = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][05]$")]
Ends = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][05]|24:00)$")]
PlanLimit = Annotated[int, Field(ge=15, le=480)] | None
Name = Annotated[str, Field(min_length=1, max_length=60), NoNul, text.READABLE, text.NFC]


def _plain(note: str) -> str:
    if not text.is_plain(note):
        raise PydanticCustomError("hidden_character", "String must not contain control characters or line ends")
    return note.strip()


Note = Annotated[str, Field(max_length=60), NoNul, text.NFC, AfterValidator(_plain)]


def absent() -> Any:
    """A field that was not sent (see `model_fields_set`). A factory, for the schema would show a default."""


def minute(written: str) -> int:
    """ "20:30" as minutes after midnight."""
    hours, minutes = written.split(":")
    return int(hours) * 60 + int(minutes)


def clock(minutes: int) -> str:
    """Minutes after midnight as "20:30"; those of the next day as on its own clock."""
    within = minutes if minutes <= MINUTES_PER_DAY else minutes - MINUTES_PER_DAY
    return f"{within // 60:02}:{within % 60:02}"


class PeriodIn(Schema):
    """A time of the day, from one time to another."""

    model_config = ConfigDict(populate_by_name=True)
    begins: Begins = Field(alias="from")
    ends: Ends = Field(alias="to")

    @property
    def period(self) -> Period:
        """Refusal 422: it is empty."""
        first, last = minute(self.begins), minute(self.ends)
        if first == last:
            raise Refusal("invalid", "A window must not be empty")
        return Period(first, last if last > first else last + MINUTES_PER_DAY)


class PeriodOut(Schema):
    model_config = ConfigDict(populate_by_name=True)
    begins: str = Field(serialization_alias="from")
    ends: str = Field(serialization_alias="to")


def period_out(period: Period) -> PeriodOut:
    return PeriodOut(begins=clock(period.begins), ends=clock(period.ends))


def windows_from(given: list[PeriodIn] | None) -> Windows:
    """Refusal 422: windows that overlap or are out of order."""
    if given is None:
        return None
    periods = tuple(one.period for one in given)
    if any(one.ends > later.begins for one, later in pairwise(periods)):
        raise Refusal("invalid", "Windows of a day must be in order and must not overlap")
    return periods


def windows_out(windows: Windows) -> list[PeriodOut] | None:
    return None if windows is None else [period_out(window) for window in windows]


def check_limit(minutes: int | None) -> int | None:
    """Refusal 422: a limit between the steps."""
    if minutes is not None and minutes % STEP_MINUTES:
        raise Refusal("invalid", f"Limits are set in steps of {STEP_MINUTES} minutes")
    return minutes


class QuietIn(PeriodIn):
    """A time of the week at which nothing plays, or only educational titles."""

    kind: QuietKind
    weekdays: list[Weekday] = Field(min_length=1, max_length=7, description="On which it begins.")
    allow_educational: bool = False

    @property
    def quiet(self) -> Quiet:
        weekdays = frozenset(WEEKDAYS.index(weekday) for weekday in self.weekdays)
        return Quiet(self.kind, weekdays, self.period, self.allow_educational)


class QuietOut(PeriodOut):
    kind: QuietKind
    weekdays: list[Weekday]
    allow_educational: bool


def quiet_out(quiet: Quiet) -> QuietOut:
    return QuietOut(
        kind=quiet.kind,
        weekdays=weekday_names(quiet.weekdays),
        begins=clock(quiet.period.begins),
        ends=clock(quiet.period.ends),
        allow_educational=quiet.allow_educational,
    )


def quiet_from(given: Iterable[QuietIn]) -> tuple[Quiet, ...]:
    """Refusal 422: two of one kind overlap on a weekday."""
    found = tuple(one.quiet for one in given)
    for n, one in enumerate(found):
        for other in found[:n]:
            overlaps = one.period.begins < other.period.ends and other.period.begins < one.period.ends
            if one.kind == other.kind and one.weekdays & other.weekdays and overlaps:
                raise Refusal("invalid", "Quiet periods of one kind must not overlap")
    return found


def weekday_names(weekdays: Iterable[int]) -> list[Weekday]:
    return [WEEKDAYS[weekday] for weekday in sorted(weekdays)]


class DayIn(Schema):
    limit_minutes: PlanLimit = Field(default_factory=absent, description="In steps of 15. Null means no limit.")
    windows: Annotated[list[PeriodIn], Field(max_length=MAX_WINDOWS)] | None = Field(
        default_factory=absent, description="Null means any time, an empty list never."
    )


class WeekIn(Schema):
    limit_minutes: Annotated[int, Field(ge=15, le=3360)] | None = Field(
        default_factory=absent, description="In steps of 15. Null means no limit."
    )
    carry_over_minutes: Annotated[int, Field(ge=0, le=240, multiple_of=15)] = Field(
        default_factory=absent, description="At most this much unused time is added to the next day. 0: off."
    )


class SoftEndIn(Schema):
    finish_title_minutes: Annotated[int, Field(ge=0, le=30, multiple_of=5)] = Field(
        default_factory=absent, description="A title that ends within this may be watched to its end. 0: off."
    )


class PlanIn(Schema):
    """Only what is sent is changed; `quiet` is the whole list."""

    days: dict[Weekday, DayIn] = Field(default_factory=dict)
    quiet: list[QuietIn] = Field(default_factory=absent, max_length=MAX_QUIET)
    week: WeekIn = Field(default_factory=WeekIn)
    soft_end: SoftEndIn = Field(default_factory=SoftEndIn)
    version: int | None = Field(None, description="That of the plan as it was read; 409 when it has changed.")


class DayOut(Schema):
    limit_minutes: int | None
    windows: list[PeriodOut] | None


class WeekOut(Schema):
    limit_minutes: int | None
    carry_over_minutes: int


class SoftEndOut(Schema):
    finish_title_minutes: int


class LockOut(Schema):
    since: datetime
    until: datetime | None
    note: str


class PlanOut(Schema):
    profile_id: UUID
    version: int
    updated_at: datetime
    timezone: str
    reset_hour: int
    days: dict[Weekday, DayOut]
    quiet: list[QuietOut]
    week: WeekOut
    soft_end: SoftEndOut
    lock: LockOut | None
    open_until: datetime | None
    weekend: list[Weekday]
    week_starts_on: Weekday


class CalendarIn(Schema):
    weekend: list[Weekday] = Field(default_factory=absent, min_length=1, max_length=6)
    week_starts_on: Weekday = Field(default_factory=absent)


class CalendarOut(Schema):
    weekend: list[Weekday]
    week_starts_on: Weekday


class LockIn(Schema):
    """`minutes`, or `until`, or neither: until it is lifted."""

    profile_ids: list[UUID] | None = Field(None, min_length=1, max_length=20, description="Not sent: every child.")
    minutes: Annotated[int, Field(ge=5, le=1440)] | None = None
    until: datetime | None = None
    starts_in_minutes: Annotated[int, Field(ge=0, le=60)] = 0
    note: Note = Field("", description="What the child reads.")

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.minutes is not None and self.until is not None:
            raise ValueError("Send minutes or until, not both")
        return self


class LockedOut(LockOut):
    profile_id: UUID


class LocksOut(Schema):
    locked: list[LockedOut]


class UnlockedOut(Schema):
    unlocked: list[UUID]
