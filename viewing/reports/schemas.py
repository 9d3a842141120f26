"""The bodies of history and weekly report, and what may be asked of them (docs/contract.md#history)."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Field, Schema
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from viewing.heartbeats.schemas import DeviceType


def _iso_date(text: Any) -> Any:
    # Pydantic alone would take a number for seconds since 1970.
    if isinstance(text, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise PydanticCustomError("date_parsing", "Input should be a date in the form YYYY-MM-DD")
    return text


IsoDate = Annotated[date, BeforeValidator(_iso_date)]


class ReportQuery(Schema):
    format: Literal["json", "csv"] = "json"


class HistoryQuery(ReportQuery):
    from_date: IsoDate | None = Field(None, description="The first viewing day; 30 days before `to_date` when missing.")
    to_date: IsoDate | None = Field(
        None, description="The last viewing day; 30 days after `from_date` when missing, today when both are."
    )


class SessionOut(Schema):
    session_id: UUID
    title_id: UUID
    title_name: str
    device_type: DeviceType
    is_educational: bool
    started_at: datetime
    ended_at: datetime | None = Field(
        ..., description="Null while it runs. Of a session that stopped without notice, 30 seconds after its last beat."
    )
    duration_minutes: float
    stopped_without_notice: bool = Field(
        False, description="Only there, and true, when no beat came for more than 5 minutes before the session ended."
    )


class HistoryDayOut(Schema):
    date: date
    total_minutes: float
    educational_minutes: float = Field(..., description="What educational titles took.")
    counted_minutes: float = Field(..., description="What the limit was charged.")
    sessions: list[SessionOut]


class HistoryOut(Schema):
    profile_id: UUID
    days: list[HistoryDayOut]
    truncated: bool = Field(False, description="Only there, and true, when more than 500 sessions were found.")


class WeekDayOut(Schema):
    date: date
    minutes: float
    counted_minutes: float
    educational_minutes: float
    limit_minutes: int | None = Field(..., description="As set now.")


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


class WeeklyReportOut(Schema):
    week_start: date
    week_end: date
    profiles: list[WeekOfProfileOut]
