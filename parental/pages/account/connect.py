"""Connecting a screen by the code that it shows: typed in here, or opened by its QR code.

Opening the address changes nothing, however often and by any program: only the form connects.
"""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from parental.children import profile_schemas
from parental.models import Pin
from parental.pages.account.pin_proof import PROOF, add_refusal, has_proof, prove
from parental.pages.fields import pin_field
from parental.pages.page import parents_page
from parental.pairing import approval, codes
from parental.wording import listed, with_names
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.models import DevicePairing, Profile
from viewing.text import NameFormField

MAX_CHOSEN = 20


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code on the screen"),
        max_length=codes.MAX_TYPED,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "class": "input--code",
                "placeholder": "BCDF-GHJK",
            }
        ),
    )

    def clean_code(self) -> str:
        code = codes.read(self.cleaned_data["code"])
        if code is None:
            raise forms.ValidationError(_("A code has eight letters, like BCDF-GHJK."))
        return code


class ConnectForm(forms.Form):
    profiles = forms.MultipleChoiceField(
        label=gettext_lazy("Who may watch on it?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one.")},
    )
    device_name = NameFormField(
        label=gettext_lazy("Device name"),
        max_length=profile_schemas.MAX_NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("So you can recognize it, for example “Living room TV”."),
    )
    pin = pin_field(gettext_lazy("Your PIN"))


@sensitive_post_parameters("pin")
@parents_page
def connect(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Asks for the code, then shows whose it is, and connects the screen to the children that are chosen."""
    now = timezone.now()
    sent = request.POST if request.method == "POST" else request.GET
    code_form = CodeForm(sent if "code" in sent else None)
    pairing = _find(caller, code_form, now=now) if code_form.is_valid() else None
    if pairing is None:
        return render(request, "parental/connect.html", {"code_form": code_form})
    if request.method == "POST" and "deny" in request.POST:
        approval.deny(caller.user_id, pairing.pk, now=now)
        messages.success(request, _("That screen was not connected."))
        return redirect("dashboard")
    profiles = list(Profile.objects.filter(user_id=caller.user_id).order_by("created_at", "id")[:MAX_CHOSEN])
    form = _form(request, caller, pairing, profiles)
    if request.method == "POST" and form.is_valid() and _approve(request, caller, pairing, form, now=now):
        names = [profile.name for profile in profiles if str(profile.pk) in form.cleaned_data["profiles"]]
        sentence = _("{device} can now play as {children}. It starts by itself in a few seconds.")
        said = with_names(sentence, device=form.cleaned_data["device_name"], children=listed(names))
        messages.success(request, said)
        return redirect("dashboard")
    context = {
        "form": form,
        "code": codes.shown(pairing.user_code),
        "kind": approval.kinds().get(pairing.device_type, ""),
        "profiles": profiles,
    }
    return render(request, "parental/connect_screen.html", context)


def _find(caller: Caller, form: CodeForm, *, now: datetime) -> DevicePairing | None:
    try:
        return approval.find(caller.user_id, form.cleaned_data["code"], now=now)
    except Refusal as refusal:
        sentences = {
            "not_found": _("No screen shows this code. Check the letters; a code is valid for ten minutes."),
            "code_used": _("This code has already been used. Get a new one on the screen."),
        }
        if refusal.code not in sentences:
            raise
        form.add_error("code", sentences[refusal.code])
        return None


def _form(request: HttpRequest, caller: Caller, pairing: DevicePairing, profiles: list[Profile]) -> ConnectForm:
    only = [str(profile.pk) for profile in profiles] if len(profiles) == 1 else []
    initial = {"profiles": only, "device_name": approval.name_of(pairing)}
    form = ConnectForm(request.POST if request.method == "POST" else None, initial=initial)
    choices: Any = form.fields["profiles"]
    choices.choices = [(str(profile.pk), profile.name) for profile in profiles]
    if has_proof(request, caller) or not Pin.objects.filter(pk=caller.user_id).exists():
        del form.fields["pin"]
    return form


def _approve(request: HttpRequest, caller: Caller, pairing: DevicePairing, form: ConnectForm, *, now: datetime) -> bool:
    given = form.cleaned_data
    try:
        if "pin" in form.fields:
            prove(request, caller, given["pin"])
    except Refusal as refusal:
        add_refusal(form, "pin", refusal, caller)
        return False
    approval.approve(
        caller.user_id,
        pairing.pk,
        profile_ids=given["profiles"],
        device_name=given["device_name"],
        pin_token=request.session.get(PROOF),
        now=now,
    )
    return True
