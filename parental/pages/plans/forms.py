"""The forms of the week plan page: seven days, bedtime and school hours, the week, and finishing a title."""

import re
from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.core.validators import MaxLengthValidator
from django.http import QueryDict
from django.utils.dates import WEEKDAYS as WEEKDAY_NAMES
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parental.pages.fields import NOT_A_CHOICE, limit_field
from parental.plans.schemas import MAX_QUIET, MAX_WINDOWS, PlanOut, QuietOut
from parental.wording import duration
from viewing.rules.documents import WEEKDAYS

# Instead of a limit: no title plays on that day.
NO_SCREENS: Final = 0
# Of one day, on the page; apps may set more.
WINDOWS_SHOWN: Final = 3
NOT_A_TIME: Final = gettext_lazy("Choose both times, in steps of 5 minutes.")
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][05]\Z")
KINDS: Final = [
    ("bedtime", gettext_lazy("Bedtime")),
    ("school", gettext_lazy("School")),
    ("other", gettext_lazy("Other times without screens")),
]
SCHOOL_NIGHTS: Final = ["sunday", "monday", "tuesday", "wednesday", "thursday"]
SCHOOL_DAYS: Final = ["monday", "tuesday", "wednesday", "thursday", "friday"]
# Rows that the page offers, not ticked, where a plan has none of the kind.
OFFERED: Final[list[dict[str, Any]]] = [
    {"kind": "bedtime", "weekdays": SCHOOL_NIGHTS, "begins": "20:30", "ends": "07:00"},
    {"kind": "school", "weekdays": SCHOOL_DAYS, "begins": "08:00", "ends": "13:00"},
]


class ClockField(forms.CharField):
    """A time of the day in steps of five minutes."""

    def __init__(self, **fields: Any) -> None:
        widget = forms.TimeInput(attrs={"type": "time", "step": "300"})
        super().__init__(required=False, max_length=5, widget=widget, **fields)
        self.validators = [MaxLengthValidator(5, message=NOT_A_TIME)]


def shown_end(ends: str) -> str:
    """A browser's field has no 24:00; midnight is the same."""
    return "00:00" if ends == "24:00" else ends


def end_of(begins: str, ends: str) -> str:
    """The other way: from midnight to midnight is the whole day."""
    return "24:00" if begins == ends == "00:00" else ends


def _weekday_choices() -> list[tuple[str, Any]]:
    return [(weekday, WEEKDAYS_ABBR[n]) for n, weekday in enumerate(WEEKDAYS)]


def _minutes(steps: Iterable[int], none: Any) -> list[tuple[Any, Any]]:
    return [("", none), *((minutes, duration(minutes * 60)) for minutes in steps)]


class QuietForm(forms.Form):
    """One time at which nothing plays; `is_on`: it belongs to the plan."""

    is_on = forms.BooleanField(label=gettext_lazy("On"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=KINDS, error_messages={"invalid_choice": NOT_A_CHOICE})
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("On"), choices=_weekday_choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    begins = ClockField(label=gettext_lazy("From"))
    ends = ClockField(label=gettext_lazy("To"))
    allow_educational = forms.BooleanField(label=gettext_lazy("Educational titles may play"), required=False)

    def clean(self) -> dict[str, object]:
        given = super().clean() or self.cleaned_data
        if given.get("is_on"):
            if not given.get("weekdays"):
                self.add_error("weekdays", _("Choose at least one day."))
            for name in ("begins", "ends"):
                if not _CLOCK.match(given.get(name) or ""):
                    self.add_error(name, NOT_A_TIME)
        return given

    @property
    def is_fixed(self) -> bool:
        """Whether the row is about one kind, and not one to choose a kind for."""
        return bool(self.initial) and "is_more" not in self.initial

    @property
    def heading(self) -> str:
        kinds = {kind: str(name) for kind, name in KINDS}
        return kinds.get(self["kind"].value(), "") if self.is_fixed else _("Another time")

    @property
    def quiet(self) -> dict[str, Any]:
        """As the API takes it."""
        given = self.cleaned_data
        names = ("kind", "weekdays", "allow_educational")
        ends = end_of(given["begins"], given["ends"])
        return {"from": given["begins"], "to": ends, **{name: given[name] for name in names}}


class OneDayForm(forms.Form):
    """Another limit today or tomorrow; `NO_SCREENS`: nothing plays."""

    day = forms.ChoiceField(
        label=gettext_lazy("When"),
        choices=[("today", gettext_lazy("Only today")), ("tomorrow", gettext_lazy("Only tomorrow"))],
        widget=forms.RadioSelect,
        initial="today",
        error_messages={"invalid_choice": NOT_A_CHOICE},
    )
    limit = limit_field(gettext_lazy("Limit"))

    def __init__(self, *args: Any, **fields: Any) -> None:
        super().__init__(*args, **fields)
        limit: Any = self.fields["limit"]
        limit.choices = with_no_screens(limit.choices)


def with_no_screens(limits: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """The choices of a limit, with "no screens" before them."""
    return [(NO_SCREENS, gettext_lazy("No screens")), *limits]


QuietForms = forms.formset_factory(QuietForm, extra=0, max_num=MAX_QUIET, validate_max=True, absolute_max=MAX_QUIET)


class PlanForm(forms.Form):
    """What holds on each weekday, and for the week.

    Of a weekday "limit_monday", and its viewing times "from_monday_0", "to_monday_0" and so on, empty where there are
    none.
    """

    version = forms.IntegerField(widget=forms.HiddenInput)
    week_limit = forms.TypedChoiceField(
        label=gettext_lazy("Limit per week"),
        choices=lambda: _minutes(range(60, 3361, 60), gettext_lazy("No limit")),
        coerce=int,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": NOT_A_CHOICE},
    )
    carry_over = forms.TypedChoiceField(
        label=gettext_lazy("Unused time carried to the next day"),
        choices=lambda: _minutes(range(15, 241, 15), gettext_lazy("None")),
        coerce=int,
        empty_value="0",
        required=False,
        error_messages={"invalid_choice": NOT_A_CHOICE},
        help_text=gettext_lazy("At most this much. It ends with the week."),
    )
    finish_title = forms.TypedChoiceField(
        label=gettext_lazy("A title may be watched to its end"),
        choices=lambda: _minutes(range(5, 31, 5), gettext_lazy("No")),
        coerce=int,
        empty_value="0",
        required=False,
        error_messages={"invalid_choice": NOT_A_CHOICE},
        help_text=gettext_lazy("If it ends within this time after the limit or bedtime."),
    )

    def __init__(self, *args: Any, **fields: Any) -> None:
        super().__init__(*args, **fields)
        for n, weekday in enumerate(WEEKDAYS):
            name = WEEKDAY_NAMES[n]
            limit: Any = limit_field(_("%(day)s: limit") % {"day": name})
            limit.choices = with_no_screens(limit.choices)
            self.fields[f"limit_{weekday}"] = limit
            for row in range(MAX_WINDOWS):
                self.fields[f"from_{weekday}_{row}"] = ClockField(label=_("%(day)s: from") % {"day": name})
                self.fields[f"to_{weekday}_{row}"] = ClockField(label=_("%(day)s: until") % {"day": name})
        week = self.initial.get("week_limit")
        weeks: Any = self.fields["week_limit"]
        if week is not None and week % 60:
            # Set by an app, in finer steps.
            weeks.choices = _minutes(sorted({*range(60, 3361, 60), week}), gettext_lazy("No limit"))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        for weekday in WEEKDAYS:
            for row in range(MAX_WINDOWS):
                names = (f"from_{weekday}_{row}", f"to_{weekday}_{row}")
                if any(given.get(name) for name in names):
                    for name in names:
                        if not _CLOCK.match(given.get(name) or ""):
                            self.add_error(name, NOT_A_TIME)
        return given

    def _windows(self, weekday: str) -> list[dict[str, str]] | None:
        given = self.cleaned_data
        rows = [(given[f"from_{weekday}_{row}"], given[f"to_{weekday}_{row}"]) for row in range(MAX_WINDOWS)]
        return [{"from": begins, "to": end_of(begins, ends)} for begins, ends in sorted(rows) if begins] or None

    def _day(self, weekday: str) -> dict[str, Any]:
        limit = self.cleaned_data[f"limit_{weekday}"]
        if limit == NO_SCREENS:
            return {"windows": []}
        return {"limit_minutes": limit, "windows": self._windows(weekday)}

    @property
    def days(self) -> list[dict[str, Any]]:
        """The rows of the page. `more`: times that are folded away, until one of them is used."""
        return [self._shown_day(n, weekday) for n, weekday in enumerate(WEEKDAYS)]

    def _shown_day(self, n: int, weekday: str) -> dict[str, Any]:
        rows = [(self[f"from_{weekday}_{row}"], self[f"to_{weekday}_{row}"]) for row in range(MAX_WINDOWS)]
        used = sum(bool(begins.value() or ends.value()) for begins, ends in rows)
        errors = [error for pair in rows for field in pair for error in field.errors]
        shown = rows[: max(used, WINDOWS_SHOWN)]
        return {
            "label": WEEKDAY_NAMES[n],
            "weekday": weekday,
            "limit": self[f"limit_{weekday}"],
            "first": shown[0],
            "more": shown[1:],
            "is_open": used > 1,
            "errors": list(dict.fromkeys(errors)),
            "above": WEEKDAY_NAMES[n - 1] if n else "",
        }

    @property
    def sent(self) -> dict[str, Any]:
        """As the API takes it, without the quiet times."""
        given = self.cleaned_data
        return {
            "version": given["version"],
            "days": {weekday: self._day(weekday) for weekday in WEEKDAYS},
            "week": {"limit_minutes": given["week_limit"], "carry_over_minutes": int(given["carry_over"])},
            "soft_end": {"finish_title_minutes": int(given["finish_title"])},
        }


def plan_initial(plan: PlanOut) -> dict[str, Any]:
    """What the form shows of a plan."""
    initial: dict[str, Any] = {
        "version": plan.version,
        "week_limit": plan.week.limit_minutes,
        "carry_over": plan.week.carry_over_minutes or None,
        "finish_title": plan.soft_end.finish_title_minutes or None,
    }
    for weekday, day in plan.days.items():
        initial[f"limit_{weekday}"] = NO_SCREENS if day.windows == [] else day.limit_minutes
        for row, window in enumerate(day.windows or []):
            initial[f"from_{weekday}_{row}"] = window.begins
            initial[f"to_{weekday}_{row}"] = shown_end(window.ends)
    return initial


def with_copied_day(sent: QueryDict) -> QueryDict:
    """The fields as sent, with those of the weekday in "copy" as those of the weekday before; nothing is saved."""
    given, weekday = sent.copy(), sent["copy"]
    if weekday in WEEKDAYS[1:]:
        above = WEEKDAYS[WEEKDAYS.index(weekday) - 1]
        given[f"limit_{weekday}"] = sent.get(f"limit_{above}", "")
        for row in range(MAX_WINDOWS):
            for name in ("from", "to"):
                given[f"{name}_{weekday}_{row}"] = sent.get(f"{name}_{above}_{row}", "")
    return given


def quiet_initial(quiet: list[QuietOut]) -> list[dict[str, Any]]:
    """The plan's quiet times, and rows that are offered where there are none of a kind."""
    rows = [{"is_on": True, **each.model_dump(), "ends": shown_end(each.ends)} for each in quiet]
    kinds = {each.kind for each in quiet}
    rows += [offered for offered in OFFERED if offered["kind"] not in kinds]
    if quiet:
        rows.append({"kind": "bedtime", "weekdays": [], "is_more": True})
    return rows[:MAX_QUIET]
