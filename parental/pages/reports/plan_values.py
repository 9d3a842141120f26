"""How the parts of a week plan are said on the audit page; their values are those of the API."""

from datetime import date
from typing import Any, Final

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parental.wording import duration
from viewing.rules import documents

SETTINGS: Final = {
    "days.limit": gettext_lazy("Daily limits"),
    "days.windows": gettext_lazy("Viewing times"),
    "quiet": gettext_lazy("Bedtime and school hours"),
    "week": gettext_lazy("Weekly limit"),
    "soft_end": gettext_lazy("Finishing a title"),
    "weekend": gettext_lazy("Weekend"),
    "week_starts_on": gettext_lazy("First day of the week"),
    "exception": gettext_lazy("Exception"),
}
KINDS: Final = {
    "bedtime": gettext_lazy("Bedtime"),
    "school": gettext_lazy("School"),
    "other": gettext_lazy("No viewing"),
}


def value(field: str, stored: Any) -> str:
    """A part's value as a parent reads it."""
    return _SPEAKERS[field](stored)


def differs(changes: dict[str, Any]) -> list[str]:
    """What an exception changes, in its order of importance; `changes` as the API shows them."""
    found = []
    if "like" in changes:
        found.append(_("Like a %(weekday)s") % {"weekday": WEEKDAYS[_number(changes["like"])]})
    if "limit_minutes" in changes:
        found.append(_("Limit: %(limit)s") % {"limit": _limit(changes["limit_minutes"])})
    if changes.get("windows") == []:
        found.append(_("No screens"))
    elif "windows" in changes:
        found.append(_("Viewing times: %(times)s") % {"times": _windows(changes["windows"])})
    if "bedtime" in changes:
        bedtime = changes["bedtime"]
        found.append(_("Bedtime: %(times)s") % {"times": _windows([bedtime])} if bedtime else _("No bedtime"))
    if "school" in changes.get("quiet_off", ()):
        found.append(_("No school hours"))
    if changes.get("nights") == "before":
        found.append(_("bedtime of the evenings before"))
    if changes.get("counts_to_week") is False:
        found.append(_("doesn't count toward the week"))
    return found


def _number(weekday: str) -> int:
    return documents.WEEKDAYS.index(weekday)


def _days(stored: dict[str, Any], speak: Any) -> str:
    return "; ".join(f"{WEEKDAYS_ABBR[_number(weekday)]} {speak(each)}" for weekday, each in stored.items())


def _limit(minutes: int | None) -> str:
    return _("no limit") if minutes is None else duration(minutes * 60)


def _windows(windows: list[dict[str, str]] | None) -> str:
    if windows is None:
        return _("any time")
    return ", ".join(f"{each['from']}–{each['to']}" for each in windows) or _("never")


def _quiet(stored: list[dict[str, Any]]) -> str:
    return "; ".join(map(_one_quiet, stored)) or _("none")


def _one_quiet(quiet: dict[str, Any]) -> str:
    weekdays = _weekdays(quiet["weekdays"])
    return f"{KINDS[quiet['kind']]} {quiet['from']}–{quiet['to']} ({weekdays})"


def _weekdays(stored: list[str]) -> str:
    return ", ".join(str(WEEKDAYS_ABBR[_number(weekday)]) for weekday in stored)


def _week(stored: dict[str, Any]) -> str:
    limit, carried = _limit(stored["limit_minutes"]), stored["carry_over_minutes"]
    if not carried:
        return limit
    return _("%(limit)s, up to %(carried)s carried over") % {"limit": limit, "carried": duration(carried * 60)}


def _soft_end(stored: dict[str, Any]) -> str:
    minutes = stored["finish_title_minutes"]
    return duration(minutes * 60) if minutes else _("off")


def _exception(stored: dict[str, Any] | None) -> str:
    if stored is None:
        return _("none")
    first, last = (date_format(date.fromisoformat(stored[name]), "j F") for name in ("from_date", "to_date"))
    return f"{stored['name']}, {first}" if first == last else f"{stored['name']}, {first} – {last}"


_SPEAKERS: Final = {
    "days.limit": lambda stored: _days(stored, _limit),
    "days.windows": lambda stored: _days(stored, _windows),
    "quiet": _quiet,
    "week": _week,
    "soft_end": _soft_end,
    "weekend": _weekdays,
    "week_starts_on": lambda stored: str(WEEKDAYS[_number(stored)]),
    "exception": _exception,
}
