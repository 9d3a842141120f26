"""The forms of the week plan page: seven days, bedtime and school hours, the week, and finishing a title."""

import re
from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.utils.dates import WEEKDAYS as WEEKDAY_NAMES
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parental.pages.children.limits import limit_field
from parental.pages.fields import NOT_A_CHOICE
from parental.plans.schemas import MAX_QUIET, MAX_WINDOWS, PlanOut, QuietOut
from parental.wording import duration
from viewing.rules.documents import WEEKDAYS

NEVER: Final = gettext_lazy("never")
# As long as six windows and what people write between them.
MAX_WINDOWS_TEXT: Final = 120
_WINDOW: Final = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–—]\s*(\d{1,2}):(\d{2})\s*\Z")
KINDS: Final = [
    ("bedtime", gettext_lazy("Bedtime")),
    ("school", gettext_lazy("School")),
    ("other", gettext_lazy("Other")),
]
SCHOOL_NIGHTS: Final = ["sunday", "monday", "tuesday", "wednesday", "thursday"]
SCHOOL_DAYS: Final = ["monday", "tuesday", "wednesday", "thursday", "friday"]
# Rows that the page offers, not ticked, where a plan has none of the kind.
OFFERED: Final[list[dict[str, Any]]] = [
    {"kind": "bedtime", "weekdays": SCHOOL_NIGHTS, "begins": "20:30", "ends": "07:00"},
    {"kind": "school", "weekdays": SCHOOL_DAYS, "begins": "08:00", "ends": "13:00"},
]


class WindowsField(forms.CharField):
    """ "16:00–19:00, 20:00–21:00" as the API's windows; empty: any time, "never": none."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(required=False, max_length=MAX_WINDOWS_TEXT, **fields)

    def clean(self, value: Any) -> Any:
        text = super().clean(value).strip()
        if not text:
            return None
        if text.lower() == str(NEVER).lower():
            return []
        windows = [self._window(part) for part in text.split(",")]
        if len(windows) > MAX_WINDOWS:
            raise forms.ValidationError(_("Enter at most %(most)d times.") % {"most": MAX_WINDOWS}, code="windows")
        return windows

    def _window(self, part: str) -> dict[str, str]:
        found = _WINDOW.match(part)
        if found is None:
            raise forms.ValidationError(_("Write times like 16:00–19:00, with commas between them."), code="windows")
        first_hour, first_minute, last_hour, last_minute = found.groups()
        return {"from": f"{first_hour:0>2}:{first_minute}", "to": f"{last_hour:0>2}:{last_minute}"}


class ClockField(forms.CharField):
    """A time of the day in steps of five minutes."""

    def __init__(self, **fields: Any) -> None:
        widget = forms.TimeInput(attrs={"type": "time", "step": "300"})
        super().__init__(required=False, max_length=5, widget=widget, **fields)


def _weekday_choices() -> list[tuple[str, Any]]:
    return [(weekday, WEEKDAYS_ABBR[n]) for n, weekday in enumerate(WEEKDAYS)]


def _minutes(steps: Iterable[int], none: Any) -> list[tuple[Any, Any]]:
    return [("", none), *((minutes, duration(minutes * 60)) for minutes in steps)]


class QuietForm(forms.Form):
    """One time at which nothing plays; `is_on`: it belongs to the plan."""

    is_on = forms.BooleanField(label=gettext_lazy("On"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=KINDS, error_messages={"invalid_choice": NOT_A_CHOICE})
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("Begins on"), choices=_weekday_choices, required=False, widget=forms.CheckboxSelectMultiple
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
                if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][05]", given.get(name) or ""):
                    self.add_error(name, _("Choose a time in steps of 5 minutes."))
        return given

    @property
    def quiet(self) -> dict[str, Any]:
        """As the API takes it."""
        given = self.cleaned_data
        names = ("kind", "weekdays", "allow_educational")
        return {"from": given["begins"], "to": given["ends"], **{name: given[name] for name in names}}


QuietForms = forms.formset_factory(QuietForm, extra=0, max_num=MAX_QUIET, validate_max=True, absolute_max=MAX_QUIET)


class PlanForm(forms.Form):
    """A limit and the viewing times of each weekday ("limit_monday", "windows_monday"), and what holds for the week."""

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
            self.fields[f"limit_{weekday}"] = limit_field(_("%(day)s: limit") % {"day": name})
            self.fields[f"windows_{weekday}"] = WindowsField(
                label=_("%(day)s: viewing times") % {"day": name},
                widget=forms.TextInput(attrs={"placeholder": _("Any time"), "autocomplete": "off"}),
            )
        week = self.initial.get("week_limit")
        choices: Any = self.fields["week_limit"]
        if week is not None and week % 60:
            # Set by an app, in finer steps.
            choices.choices = _minutes(sorted({*range(60, 3361, 60), week}), gettext_lazy("No limit"))

    @property
    def days(self) -> list[dict[str, Any]]:
        """The rows of the page."""
        return [
            {"name": WEEKDAY_NAMES[n], "limit": self[f"limit_{weekday}"], "windows": self[f"windows_{weekday}"]}
            for n, weekday in enumerate(WEEKDAYS)
        ]

    @property
    def sent(self) -> dict[str, Any]:
        """As the API takes it, without the quiet times."""
        given = self.cleaned_data
        return {
            "version": given["version"],
            "days": {
                weekday: {"limit_minutes": given[f"limit_{weekday}"], "windows": given[f"windows_{weekday}"]}
                for weekday in WEEKDAYS
            },
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
        initial[f"limit_{weekday}"] = day.limit_minutes
        windows = day.windows
        text = "" if windows is None else ", ".join(f"{each.begins}–{each.ends}" for each in windows) or str(NEVER)
        initial[f"windows_{weekday}"] = text
    return initial


def quiet_initial(quiet: list[QuietOut]) -> list[dict[str, Any]]:
    """The plan's quiet times, and rows that are offered where there are none of a kind."""
    rows = [{"is_on": True, **each.model_dump()} for each in quiet]
    kinds = {each.kind for each in quiet}
    rows += [offered for offered in OFFERED if offered["kind"] not in kinds]
    if quiet:
        rows.append({"kind": "bedtime", "weekdays": []})
    return rows[:MAX_QUIET]
