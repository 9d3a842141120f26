"""A child's settings: limits, when their days turn, and whether educational titles count."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from django import forms
from django.conf import settings as django_settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from parental.children import limits
from parental.models import Pin
from parental.pages.account.pin_proof import PROOF, add_refusal, has_proof, prove
from parental.pages.children import timezones
from parental.pages.fields import NOT_A_CHOICE, limit_field, pin_field
from parental.pages.page import own_child, parents_page
from parental.pages.plans.forms import OneDayForm
from parental.plans import exceptions
from parental.wording import moment
from viewing import rules
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.models import Profile, ViewingTimeConfig

GUARDED: Final = ("reset_hour", "educational_exempt", "timezone")


class LimitsForm(forms.Form):
    same_every_day = forms.BooleanField(label=gettext_lazy("Same every day"), required=False)
    weekday_limit_minutes = limit_field(gettext_lazy("Monday to Friday"))
    weekend_limit_minutes = limit_field(gettext_lazy("Saturday and Sunday"))
    reset_hour = forms.TypedChoiceField(
        label=gettext_lazy("The day starts at"),
        choices=[(hour, f"{hour:02}:00") for hour in range(24)],
        coerce=int,
        error_messages={"invalid_choice": NOT_A_CHOICE},
        help_text=gettext_lazy("Time resets then. Early morning, before anyone is up, works best."),
    )
    timezone = forms.CharField(
        label=gettext_lazy("Time zone"),
        max_length=64,
        widget=forms.TextInput(attrs={"list": "timezones", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("Start typing the nearest large city."),
    )
    educational_exempt = forms.BooleanField(
        label=gettext_lazy("Educational titles don't count toward the limit"), required=False
    )
    pin = pin_field(gettext_lazy("Your PIN"))

    def clean_timezone(self) -> str:
        if self.fields["timezone"].disabled:  # it stays as it is, also where today's data does not know it
            return str(self.initial["timezone"])
        return found_timezone(self.cleaned_data["timezone"])

    def clean(self) -> dict[str, object]:
        given = super().clean() or self.cleaned_data
        if given.get("same_every_day"):
            given["weekend_limit_minutes"] = given.get("weekday_limit_minutes")
        return given


def found_timezone(written: str) -> str:
    """The zone that a form's text means. ValidationError when there is none, or more than one."""
    found = timezones.find(written)
    if found is None:
        sentence = _("We don't recognize that place. Choose one from the list, such as Europe/Berlin.")
        raise forms.ValidationError(sentence, code="timezone")
    return found


@sensitive_post_parameters("pin")
@parents_page
def settings(request: HttpRequest, caller: Caller, profile_id: UUID) -> HttpResponse:
    """Saving is reviewing, whether or not anything was changed."""
    child = own_child(caller, profile_id)
    now = timezone.now()
    config = limits.read(child.id, now=now)
    form = _form(request, caller, config)
    if request.method == "POST" and form.is_valid() and _save(request, caller, form, config, now=now):
        return redirect("limits", profile_id)
    held = config.schedule.held
    context = {
        "child": Profile.objects.get(pk=profile_id),
        "form": form,
        "has_pin": Pin.objects.filter(pk=caller.user_id).exists(),
        "has_day_limits": config.day_limits is not None,
        "one_day": _one_day(caller, child.id, now=now),
        "timezones": timezones.suggestions(),
        "unknown_zone": "" if rules.is_timezone(config.timezone) else config.timezone,
        "held_until": moment(held.until, timezone=config.timezone, now=now) if held and held.until > now else "",
    }
    return render(request, "parental/limits.html", context)


def _one_day(caller: Caller, profile_id: UUID, *, now: datetime) -> dict[str, object]:
    """What differs on single days, and the form that changes one; empty where there are no week plans."""
    if not django_settings.WEEK_PLAN:
        return {}
    found = exceptions.listing(caller.user_id, from_date=None, to_date=None, profile_id=profile_id, now=now)
    return {"form": OneDayForm(), "present": [each for each in found if each.source == "quick"]}


def _form(request: HttpRequest, caller: Caller, config: ViewingTimeConfig) -> LimitsForm:
    initial = {name: getattr(config, name) for name in limits.SETTINGS}
    initial["same_every_day"] = config.weekday_limit_minutes == config.weekend_limit_minutes
    form = LimitsForm(request.POST or None, initial=initial)
    form.fields["pin"].required = False
    if has_proof(request, caller):
        del form.fields["pin"]
    elif not Pin.objects.filter(pk=caller.user_id).exists():
        # Nothing could prove it: what needs the PIN stays as it is.
        del form.fields["pin"]
        for name in GUARDED:
            form.fields[name].disabled = limits.needs_pin(name, config)
    return form


def _save(request: HttpRequest, caller: Caller, form: LimitsForm, config: ViewingTimeConfig, *, now: datetime) -> bool:
    """Whether it is saved; else the form says why not."""
    wanted: Mapping[str, object] = {name: form.cleaned_data[name] for name in limits.SETTINGS}
    try:
        if form.cleaned_data.get("pin"):
            prove(request, caller, form.cleaned_data["pin"])
    except Refusal as refusal:
        add_refusal(form, "pin", refusal, caller)
        return False
    try:
        saved = limits.change(
            config.pk, user_id=caller.user_id, settings=wanted, pin_token=request.session.get(PROOF), now=now
        )
    except Refusal as refusal:
        if refusal.code != "pin_required" or "pin" not in form.fields:
            raise
        form.add_error(
            "pin",
            _("Enter your PIN to change when the day starts, the time zone, or whether educational titles count."),
        )
        return False
    limits.confirm(config.pk, user_id=caller.user_id, now=now)
    _say_saved(request, saved, was_held=config.schedule.held)
    return True


def _say_saved(request: HttpRequest, saved: ViewingTimeConfig, *, was_held: rules.ViewingDay | None) -> None:
    held = saved.schedule.held
    # Where the day was moved, the page itself says when that starts.
    is_moved = held is not None and held != was_held
    messages.success(request, _("Saved.") if is_moved else _("Saved. Changes take effect within 30 seconds."))


@require_POST
@parents_page
def confirm(request: HttpRequest, caller: Caller, profile_id: UUID) -> HttpResponse:
    """The defaults are right: nobody is asked to look at them again."""
    child = own_child(caller, profile_id)
    limits.confirm(child.id, user_id=caller.user_id, now=timezone.now())
    messages.success(request, _("Settings kept. You can change them anytime."))
    return redirect("dashboard")
