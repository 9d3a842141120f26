"""The family's weekend and the first day of its week."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS as WEEKDAY_NAMES
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parental.pages.fields import NOT_A_CHOICE
from parental.pages.page import parents_page
from parental.plans import calendars
from parental.plans.schemas import CalendarIn
from viewing.caller import Caller
from viewing.rules.documents import WEEKDAYS


def _weekdays() -> list[tuple[str, object]]:
    return [(weekday, WEEKDAY_NAMES[n]) for n, weekday in enumerate(WEEKDAYS)]


class CalendarForm(forms.Form):
    weekend = forms.MultipleChoiceField(
        label=gettext_lazy("Weekend"),
        choices=_weekdays,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one day.")},
    )
    week_starts_on = forms.ChoiceField(
        label=gettext_lazy("The week starts on"),
        choices=_weekdays,
        error_messages={"invalid_choice": NOT_A_CHOICE},
        help_text=gettext_lazy("Weekly limits and carried-over time start from zero on this day."),
    )

    def clean_weekend(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["weekend"]
        if len(chosen) == len(WEEKDAYS):
            raise forms.ValidationError(_("Leave at least one day outside the weekend."), code="weekend")
        return chosen


@parents_page
def calendar(request: HttpRequest, caller: Caller) -> HttpResponse:
    """For every child of the family; a change takes effect with the next heartbeat."""
    present = calendars.read(caller.user_id)
    form = CalendarForm(request.POST or None, initial=present.model_dump())
    if request.method == "POST" and form.is_valid():
        calendars.change(caller.user_id, CalendarIn.model_validate(form.cleaned_data), now=timezone.now())
        messages.success(request, _("Saved. Changes take effect within 30 seconds."))
        return redirect("family_calendar")
    return render(request, "parental/family_calendar.html", {"form": form})
