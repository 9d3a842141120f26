"""The first page after a child is added: limits, bedtime and school hours in a minute, or skipped."""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parental.children import limits
from parental.pages.fields import limit_field
from parental.pages.page import own_child, parents_page
from parental.pages.plans.forms import OFFERED, QuietForms
from parental.plans import plans
from parental.plans.schemas import PlanIn
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.models import Profile

LIMITS: Final = ("weekday_limit_minutes", "weekend_limit_minutes")


class LimitsForm(forms.Form):
    weekday_limit_minutes = limit_field(gettext_lazy("On school days"))
    weekend_limit_minutes = limit_field(gettext_lazy("On the weekend"))


@parents_page
def school_nights(request: HttpRequest, caller: Caller, profile_id: UUID) -> HttpResponse:
    """Saving is reviewing the defaults. Without week plans the page of the limits is all there is."""
    if not settings.WEEK_PLAN:
        return redirect("limits", profile_id)
    child, now = own_child(caller, profile_id), timezone.now()
    config = limits.read(child.id, now=now)
    form = LimitsForm(request.POST or None, initial={name: getattr(config, name) for name in LIMITS})
    quiet = QuietForms(request.POST or None, initial=OFFERED, prefix="quiet")
    if request.method == "POST" and form.is_valid() and quiet.is_valid() and _save(caller, child.id, form, quiet):
        messages.success(request, _("Saved. You can change everything on the plan page anytime."))
        return redirect("dashboard")
    context = {"child": Profile.objects.get(pk=profile_id), "form": form, "quiet": quiet}
    return render(request, "parental/school_nights.html", context)


def _save(caller: Caller, profile_id: UUID, form: LimitsForm, quiet: Any) -> bool:
    now = timezone.now()
    wanted = {name: form.cleaned_data[name] for name in LIMITS}
    chosen = [each.quiet for each in quiet.forms if each.cleaned_data.get("is_on")]
    try:
        limits.change(profile_id, user_id=caller.user_id, settings=wanted, pin_token=None, now=now)
        if chosen:
            plans.change(profile_id, PlanIn.model_validate({"quiet": chosen}), user_id=caller.user_id, now=now)
    except Refusal as refusal:
        if refusal.code != "invalid":
            raise
        form.add_error(None, _("A time must not end when it begins."))
        return False
    limits.confirm(profile_id, user_id=caller.user_id, now=now)
    return True
