"""Adding, renaming and removing a child."""

from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone as django_timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from parental.children import profile_schemas, profiles
from parental.events.record import for_parent
from parental.models import Pin
from parental.pages.account.pin_proof import add_refusal, family_timezone, has_proof, prove
from parental.pages.children import timezones
from parental.pages.children.limits import found_timezone
from parental.pages.fields import once_field, pin_field
from parental.pages.page import own_child, parents_page
from parental.wording import with_names
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.models import Profile, ViewingSession
from viewing.text import NameFormField


def name_field() -> forms.CharField:
    return NameFormField(
        label=gettext_lazy("Name"),
        max_length=profile_schemas.MAX_NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class AddForm(forms.Form):
    name = name_field()
    timezone = forms.CharField(
        label=gettext_lazy("Time zone"),
        max_length=64,
        widget=forms.TextInput(attrs={"list": "timezones", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("Where your child lives, so we know when their day starts."),
    )
    # Sent twice, the form adds one child.
    profile_id = once_field()

    def clean_timezone(self) -> str:
        return found_timezone(self.cleaned_data["timezone"])


class RemoveForm(forms.Form):
    pin = pin_field(gettext_lazy("Your PIN"))


class NameForm(forms.Form):
    name = name_field()


@parents_page
def add(request: HttpRequest, caller: Caller) -> HttpResponse:
    """The browser's timezone is filled in where there is JavaScript and no other child (timezone.js)."""
    form = AddForm(request.POST or None, initial={"timezone": family_timezone(caller)})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = profiles.create(
                caller.user_id,
                name=given["name"],
                is_kids=True,
                avatar_url="",
                timezone=given["timezone"],
                profile_id=given["profile_id"],
            )
        except Refusal as refusal:
            if refusal.code != "too_many":
                raise
            sentence = _("An account can have at most %(most)d profiles.") % {"most": profiles.MAX_PROFILES}
            form.add_error(None, sentence)
        else:
            messages.success(request, with_names(_("{name} has been added. Are these settings right?"), name=made.name))
            return redirect("school_nights" if settings.WEEK_PLAN else "limits", made.id)
    context = {"form": form, "timezones": timezones.suggestions()}
    return render(request, "parental/child_add.html", context)


@parents_page
def rename(request: HttpRequest, caller: Caller, profile_id: UUID) -> HttpResponse:
    child = Profile.objects.get(pk=own_child(caller, profile_id).id)
    form = NameForm(request.POST or None, initial={"name": child.name})
    if request.method == "POST" and form.is_valid():
        profiles.rename(child.id, form.cleaned_data["name"])
        messages.success(request, _("Saved."))
        return redirect("child", profile_id)
    return render(request, "parental/child_name.html", {"child": child, "form": form})


@sensitive_post_parameters("pin")
@parents_page
def remove(request: HttpRequest, caller: Caller, profile_id: UUID) -> HttpResponse:
    """Asks first, and says what is lost. Needs the PIN where there is one."""
    child = Profile.objects.get(pk=own_child(caller, profile_id).id)
    form = RemoveForm(request.POST if request.method == "POST" else None)
    if has_proof(request, caller) or not Pin.objects.filter(pk=caller.user_id).exists():
        del form.fields["pin"]
    if request.method == "POST" and form.is_valid() and _has_proven(request, caller, form):
        profiles.remove(child.id, actor=for_parent(caller.user_id), now=django_timezone.now())
        messages.success(request, with_names(_("{name} and all their data have been removed."), name=child.name))
        return redirect("dashboard")
    context = {
        "form": form,
        "child": child,
        "sessions": ViewingSession.objects.filter(profile=child).count(),
        "devices": child.player_tokens.filter(revoked_at=None).count(),
    }
    return render(request, "parental/child_remove.html", context)


def _has_proven(request: HttpRequest, caller: Caller, form: RemoveForm) -> bool:
    try:
        if "pin" in form.fields:
            prove(request, caller, form.cleaned_data["pin"])
    except Refusal as refusal:
        add_refusal(form, "pin", refusal, caller)
        return False
    return True
