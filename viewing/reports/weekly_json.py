"""The weekly report as JSON; what belongs to week plans is absent of a child who has none."""

from dataclasses import asdict
from typing import Any

from pydantic_core import to_json

from viewing.reports.answers import ProfileWeek, WeeklyReport


def weekly_json(report: WeeklyReport) -> bytes:
    """The body of docs/contract.md#weekly-report."""
    return to_json({**asdict(report), "profiles": [_week(each) for each in report.profiles]})


def _week(week: ProfileWeek) -> dict[str, Any]:
    found = asdict(week)
    if not found.pop("has_plan"):
        del found["week_limit_minutes"]
        for day in found["daily_totals"]:
            del day["exception"]
    return found
