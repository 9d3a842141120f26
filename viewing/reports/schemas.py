"""The bodies of history and weekly report, and what may be asked of them (docs/contract.md#history)."""

import re
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Field, Schema
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from viewing.heartbeats.schemas import DeviceType


def _iso_date(text: object) -> object:
    # Pydantic alone would take a number for seconds since 1970.
    if isinstance(text, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise PydanticCustomError("date_parsing", "Input should be a date in the form YYYY-MM-DD")
    return text


IsoDate = Annotated[date, BeforeValidator(_iso_date)]


class ReportQuery(Schema):
    format: Literal["json", "csv"] = "json"


class HistoryQuery(ReportQuery):
    from_date: IsoDate | None = Field(None, description="The first viewing day. Defaults to 30 days before `to_date`.")
    to_date: IsoDate | None = Field(
        None,
        description="The last viewing day. Defaults to 30 days after `from_date`, or to today if both are missing.",
    )


class SessionOut(Schema):
    session_id: UUID
    title_id: UUID
    title_name: str
    device_type: DeviceType
    is_educational: bool
    started_at: datetime
    ended_at: datetime | None = Field(
        ...,
        description="Null while the session is active. If it stopped without notice, 30 s after its last heartbeat.",
    )
    duration_minutes: float
    stopped_without_notice: bool = Field(
        False,
        description="Only present, and true, if no heartbeat came for more than 5 minutes before the session ended.",
    )


class HistoryDayOut(Schema):
    date: date
    total_minutes: float
    educational_minutes: float = Field(..., description="Time spent on educational titles.")
    counted_minutes: float = Field(..., description="Time counted against the limit.")
    sessions: list[SessionOut]


class HistoryOut(Schema):
    profile_id: UUID
    days: list[HistoryDayOut]
    truncated: bool = Field(False, description="Only present, and true, if there were more than 500 sessions.")


class WeekDayOut(Schema):
    date: date
    minutes: float
    counted_minutes: float
    educational_minutes: float
    limit_minutes: int | None = Field(..., description="The limit as set now.")
    exception: str | None = Field(None, description="With a week plan only: the exception that holds on the day.")


class TopTitleOut(Schema):
    title_id: UUID
    title_name: str
    total_minutes: float


class WeekOfProfileOut(Schema):
    profile_id: UUID
    profile_name: str
    daily_totals: list[WeekDayOut]
    average_daily_minutes: float
    total_minutes: float
    educational_minutes: float
    limit_usage_percent: float | None
    top_titles: list[TopTitleOut]
    week_limit_minutes: int | None = Field(None, description="With a week plan only.")


class WeeklyReportOut(Schema):
    week_start: date
    week_end: date
    profiles: list[WeekOfProfileOut]
