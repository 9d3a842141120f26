"""Exceptions ahead: holidays, a sick day, a late evening. They end by themselves."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from parental.children import profiles
from parental.pages.fields import NOT_A_CHOICE, limit_field
from parental.pages.page import own_child, parents_page
from parental.pages.reports.plan_values import differs
from parental.plans import exceptions as plan_exceptions
from parental.plans import storage
from parental.plans.exception_schemas import ExceptionIn, ExceptionOut
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.rules.documents import WEEKDAYS, weekdays_from_mask
from viewing.text import NameFormField

EVERYONE: Final = ""
DATE: Final = {"type": "date"}
# What the page offers; apps may combine more.
WHAT: Final = [
    ("weekend", gettext_lazy("Like a weekend day")),
    ("no_bedtime", gettext_lazy("No bedtime")),
    ("no_school", gettext_lazy("No school hours")),
    ("no_screens", gettext_lazy("No screens")),
    ("limit", gettext_lazy("Another limit")),
]


class ExceptionForm(forms.Form):
    name = NameFormField(
        label=gettext_lazy("Name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    child = forms.ChoiceField(
        label=gettext_lazy("For"), required=False, error_messages={"invalid_choice": NOT_A_CHOICE}
    )
    from_date = forms.DateField(label=gettext_lazy("From"), widget=forms.DateInput(attrs=DATE))
    to_date = forms.DateField(label=gettext_lazy("To"), widget=forms.DateInput(attrs=DATE), required=False)
    what = forms.ChoiceField(
        label=gettext_lazy("What is different"), choices=WHAT, error_messages={"invalid_choice": NOT_A_CHOICE}
    )
    limit = limit_field(gettext_lazy("Limit per day"))
    nights_before = forms.BooleanField(
        label=gettext_lazy("Bedtime changes on the evenings before, as for school holidays"), required=False
    )


@parents_page
def exceptions(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Lists what is ahead, and adds."""
    storage.require_plans()
    children = [each for each in profiles.for_account(caller.user_id) if each.is_kids]
    form = ExceptionForm(request.POST or None, initial={"child": request.GET.get("child", EVERYONE)})
    field: Any = form.fields["child"]
    field.choices = [(EVERYONE, _("All children")), *((str(each.id), each.name) for each in children)]
    if request.method == "POST" and form.is_valid() and _make(request, caller, form):
        return redirect("exceptions")
    names = {each.id: each.name for each in children}
    ahead = plan_exceptions.listing(caller.user_id, from_date=None, to_date=None, profile_id=None, now=timezone.now())
    context = {
        "form": form,
        "ahead": [
            {
                "row": each,
                "child": names.get(each.profile_id) if each.profile_id else None,
                "what": differs(each.changes),
            }
            for each in ahead
        ],
        "children": children,
    }
    return render(request, "parental/exceptions.html", context)


def _make(request: HttpRequest, caller: Caller, form: ExceptionForm) -> bool:
    given = form.cleaned_data
    changes = _changes(caller, given["what"], given["limit"])
    if given["nights_before"]:
        changes["nights"] = "before"
    last: date | None = given["to_date"]
    profile_id = UUID(given["child"]) if given["child"] else None
    if profile_id is not None:
        own_child(caller, profile_id)
    dates = {"from_date": given["from_date"], "to_date": last}
    body = ExceptionIn.model_validate({"profile_id": profile_id, "name": given["name"], "changes": changes, **dates})
    try:
        made = plan_exceptions.make(caller.user_id, body, now=timezone.now(), once=True)
    except Refusal as refusal:
        if refusal.code not in ("invalid", "too_many"):
            raise
        form.add_error(None, SENTENCES.get(refusal.detail, _("Choose dates within the next three years.")))
        return False
    messages.success(request, _said(made))
    return True


def _said(made: ExceptionOut) -> str:
    if made.from_date == made.to_date:
        return _("Added. It ends by itself after that day.")
    return _("Added. It ends by itself after the last day.")


SENTENCES: Final[dict[str, Any]] = {
    "An exception must not begin in the past": gettext_lazy("Choose a date that is not in the past."),
    f"A family can have at most {plan_exceptions.MAX_AHEAD} exceptions ahead": gettext_lazy(
        "You have too many exceptions ahead. Remove some first."
    ),
}


def _changes(caller: Caller, what: str, limit: int | None) -> dict[str, Any]:
    weekend = weekdays_from_mask(storage.read_calendar(caller.user_id).weekend_days)
    found: dict[str, dict[str, Any]] = {
        "weekend": {"like": WEEKDAYS[min(weekend)]},
        "no_bedtime": {"bedtime": None},
        "no_school": {"quiet_off": ["school"]},
        "no_screens": {"windows": []},
        "limit": {"limit_minutes": limit},
    }
    return found[what]


@require_POST
@parents_page
def end(request: HttpRequest, caller: Caller, exception_id: UUID) -> HttpResponse:
    plan_exceptions.end(caller.user_id, exception_id, now=timezone.now())
    messages.success(request, _("Removed. The plan applies again."))
    return redirect("exceptions")
