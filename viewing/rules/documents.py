"""How plans and exceptions are stored as JSON: minutes after midnight, weekdays as bits (Monday the lowest).

A key that is absent has its default. What is read here was checked when it was written (`parental/plans/schemas.py`).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from viewing.rules.limits import Limits
from viewing.rules.plan import ANY_TIME, UNSET, Changes, Period, Plan, Quiet, Windows

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Document = Mapping[str, Any]


def weekdays_from_mask(mask: int) -> frozenset[int]:
    return frozenset(weekday for weekday in range(7) if mask >> weekday & 1)


def mask_from_weekdays(weekdays: Iterable[int]) -> int:
    return sum(1 << weekday for weekday in weekdays)


def limits_from_classes(*, weekday: int | None, weekend: int | None, weekend_days: frozenset[int]) -> Limits:
    """One limit for the days of the family's weekend, and one for the others."""
    first, second, third, fourth, fifth, sixth, seventh = (weekend if n in weekend_days else weekday for n in range(7))
    return Limits((first, second, third, fourth, fifth, sixth, seventh))


def read_plan(document: Document | None, limits: Limits, *, weekend: frozenset[int], week_starts_on: int) -> Plan:
    """The recurring plan, without exceptions, lock and pass."""
    given = document or {}
    windows = given.get("windows")
    since = given.get("carry_since")
    return Plan(
        limits=limits,
        windows=ANY_TIME if windows is None else tuple(_read_windows(one) for one in windows),
        quiet=tuple(_read_quiet(one) for one in given.get("quiet", ())),
        weekend=weekend,
        week_starts_on=week_starts_on,
        week_limit=given.get("week_limit"),
        carry_max=given.get("carry_max", 0),
        carry_since=None if since is None else date.fromisoformat(since),
        finish_title=given.get("finish_title", 0),
    )


def write_plan(plan: Plan) -> dict[str, Any] | None:
    """The document of a recurring plan; None where everything has its default. Limits have a column of their own."""
    document: dict[str, Any] = {}
    if plan.windows != ANY_TIME:
        document["windows"] = [_write_windows(one) for one in plan.windows]
    if plan.quiet:
        document["quiet"] = [_write_quiet(one) for one in plan.quiet]
    if plan.week_limit is not None:
        document["week_limit"] = plan.week_limit
    if plan.carry_max:
        document["carry_max"] = plan.carry_max
        document["carry_since"] = plan.carry_since.isoformat() if plan.carry_since else None
    if plan.finish_title:
        document["finish_title"] = plan.finish_title
    return document or None


def read_changes(document: Document) -> Changes:
    return Changes(
        like=document.get("like"),
        limit=document.get("limit", UNSET),
        windows=_read_windows(document["windows"]) if "windows" in document else UNSET,
        bedtime=_read_period(document["bedtime"]) if "bedtime" in document else UNSET,
        quiet_off=frozenset(document.get("quiet_off", ())),
        nights=document.get("nights", "same"),
        counts_to_week=document.get("counts_to_week"),
    )


def write_changes(changes: Changes) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if changes.like is not None:
        document["like"] = changes.like
    if changes.limit is not UNSET:
        document["limit"] = changes.limit
    if changes.windows is not UNSET:
        document["windows"] = _write_windows(changes.windows)
    if changes.bedtime is not UNSET:
        bedtime = changes.bedtime
        document["bedtime"] = None if bedtime is None else [bedtime.begins, bedtime.ends]
    if changes.quiet_off:
        document["quiet_off"] = sorted(changes.quiet_off)
    if changes.nights != "same":
        document["nights"] = changes.nights
    if changes.counts_to_week is not None:
        document["counts_to_week"] = changes.counts_to_week
    return document


def _read_windows(stored: Any) -> Windows:
    return None if stored is None else tuple(Period(begins, ends) for begins, ends in stored)


def _write_windows(windows: Windows) -> list[list[int]] | None:
    return None if windows is None else [[window.begins, window.ends] for window in windows]


def _read_period(stored: Any) -> Period | None:
    return None if stored is None else Period(*stored)


def _read_quiet(stored: Document) -> Quiet:
    return Quiet(
        kind=stored["kind"],
        weekdays=weekdays_from_mask(stored["weekdays"]),
        period=Period(stored["from"], stored["to"]),
        allow_educational=stored.get("allow_educational", False),
    )


def _write_quiet(quiet: Quiet) -> dict[str, Any]:
    document = {
        "kind": quiet.kind,
        "weekdays": mask_from_weekdays(quiet.weekdays),
        "from": quiet.period.begins,
        "to": quiet.period.ends,
    }
    return document | {"allow_educational": True} if quiet.allow_educational else document
