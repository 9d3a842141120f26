"""A child's week plan, and the two weeks that come of it."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from parental.pages.page import own_child, parents_page
from parental.pages.plans.forms import PlanForm, QuietForms, plan_initial, quiet_initial, with_copied_day
from parental.plans import plans, preview
from parental.plans.schemas import PlanIn
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.models import Profile

PREVIEW_DAYS: Final = 14
SENTENCES: Final[dict[str, Any]] = {
    "Windows of a day must be in order and must not overlap": gettext_lazy(
        "Times of one day must be in order, without overlap."
    ),
    "A window must not be empty": gettext_lazy("A time must not end when it begins."),
    "Quiet periods of one kind must not overlap": gettext_lazy(
        "Bedtimes, or school hours, of one day must not overlap."
    ),
}


@parents_page
def plan(request: HttpRequest, caller: Caller, profile_id: UUID) -> HttpResponse:
    """A plan that someone changed in the meantime is shown as it is now."""
    child, now = own_child(caller, profile_id), timezone.now()
    present = plans.read(child.id, now=now)
    given = with_copied_day(request.POST) if "copy" in request.POST else request.POST or None
    form = PlanForm(given, initial=plan_initial(present))
    quiet = QuietForms(given, initial=quiet_initial(present.quiet), prefix="quiet")
    if request.method == "POST" and "copy" not in request.POST and form.is_valid() and quiet.is_valid():
        sent = {**form.sent, "quiet": [each.quiet for each in quiet.forms if each.cleaned_data.get("is_on")]}
        if _save(request, caller, child.id, form, sent):
            return redirect("plan", profile_id)
    context = {"child": Profile.objects.get(pk=profile_id), "form": form, "quiet": quiet, "plan": present}
    return render(request, "parental/plan.html", context)


@require_safe
@parents_page
def calendar(request: HttpRequest, caller: Caller, profile_id: UUID) -> HttpResponse:
    """What the plan and its exceptions make of the next two weeks."""
    child, now = own_child(caller, profile_id), timezone.now()
    days = preview.days(child.id, first=None, count=PREVIEW_DAYS, now=now)
    context = {
        "child": Profile.objects.get(pk=profile_id),
        "days": [preview.row(day) for day in days],
    }
    return render(request, "parental/calendar.html", context)


def _save(request: HttpRequest, caller: Caller, profile_id: UUID, form: PlanForm, sent: dict[str, Any]) -> bool:
    """Whether it is saved or changed by someone else; else the form says why not."""
    try:
        plans.change(profile_id, PlanIn.model_validate(sent), user_id=caller.user_id, now=timezone.now())
    except Refusal as refusal:
        if refusal.code == "plan_changed":
            messages.warning(request, _("Someone else changed this plan. Check it, then make your changes again."))
            return True
        if refusal.code != "invalid":
            raise
        form.add_error(None, SENTENCES.get(refusal.detail, refusal.detail))
        return False
    except ValueError:
        form.add_error(None, _("Enter times from 00:00 to 24:00 in steps of 5 minutes."))
        return False
    messages.success(request, _("Saved. Changes take effect within 30 seconds."))
    return True
