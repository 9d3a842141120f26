"""The PIN of the account: set, changed, reset by the password, and unlocked on the children's devices."""

from datetime import datetime
from typing import Any

from asgiref.sync import async_to_sync
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from parental.accounts import passwords
from parental.pages.account import platform_login
from parental.pages.account.pin_proof import add_refusal, family_timezone, locked_sentence, prove
from parental.pages.fields import password_field, pin_field
from parental.pages.page import parents_page
from parental.pins import guards, pins
from parental.wording import moment
from viewing.caller import Caller
from viewing.errors import Refusal

MISMATCH = gettext_lazy("The PINs don't match.")


TOO_COMMON = gettext_lazy("This PIN is too easy to guess. Choose another one.")


class TwiceForm(forms.Form):
    """What every form has that sets a PIN."""

    new_pin = pin_field(gettext_lazy("New PIN"), is_new=True)
    again = pin_field(gettext_lazy("Confirm new PIN"))

    def clean(self) -> dict[str, object]:
        given = super().clean() or self.cleaned_data
        if given.get("new_pin") in pins.COMMON:
            self.add_error("new_pin", TOO_COMMON)
        if {"new_pin", "again"} <= given.keys() and given["new_pin"] != given["again"]:
            self.add_error("again", MISMATCH)
        return given


class ChangeForm(TwiceForm):
    current_pin = pin_field(gettext_lazy("Current PIN"))
    field_order = ("current_pin", "new_pin", "again")


class ResetForm(TwiceForm):
    password = password_field(gettext_lazy("Account password"))
    field_order = ("password", "new_pin", "again")


class ResetByLoginForm(TwiceForm):
    """After a login at the platform just now, which proves what the password does."""


class VerifyForm(forms.Form):
    pin = pin_field(gettext_lazy("PIN"))


@sensitive_post_parameters()
@parents_page
def pin(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Set the first PIN, or change it by the current one."""
    form = _form(request, caller)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        current = given.get("current_pin")
        try:
            async_to_sync(pins.set_pin)(caller, new_pin=given["new_pin"], current_pin=current, now=timezone.now())
        except Refusal as refusal:
            add_refusal(form, "current_pin" if current else "new_pin", refusal, caller)
        else:
            messages.success(request, _("Your PIN is set."))
            return redirect("pin")
    return _page(request, caller, form=form)


def _form(request: HttpRequest, caller: Caller) -> forms.Form:
    has_pin = pins.read_status(caller.user_id, now=timezone.now()).has_pin
    return ChangeForm(request.POST or None) if has_pin else TwiceForm(request.POST or None)


@sensitive_post_parameters()
@require_POST
@parents_page
def reset(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Set a PIN by the account's password, or by a login at the platform just now; every lockout ends."""
    is_fresh = platform_login.is_fresh(request)
    form = (ResetByLoginForm if is_fresh else ResetForm)(request.POST, prefix="reset")
    if form.is_valid():
        try:
            _reset(request, caller, form.cleaned_data, is_fresh=is_fresh)
        except Refusal as refusal:
            if refusal.code != "password_wrong":
                raise
            form.add_error("password", _("Incorrect password."))
        else:
            messages.success(request, _("Your new PIN is set, and all lockouts have been lifted."))
            return redirect("pin")
    return _page(request, caller, reset_form=form)


def _reset(request: HttpRequest, caller: Caller, given: dict[str, Any], *, is_fresh: bool) -> None:
    now = timezone.now()
    if is_fresh:
        platform_login.spend(request)
        async_to_sync(pins.reset_by_login)(caller.user_id, new_pin=given["new_pin"], now=now)
        return
    passwords.require_switched_on()
    email = getattr(request.user, "email", "")
    reset_for = async_to_sync(pins.reset_for)
    reset_for(caller.user_id, email=email, password=given["password"], new_pin=given["new_pin"], now=now)


@sensitive_post_parameters()
@require_POST
@parents_page
def unlock(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Give the right PIN here, and it works again on the children's devices."""
    form = VerifyForm(request.POST, prefix="unlock")
    if form.is_valid():
        try:
            prove(request, caller, form.cleaned_data["pin"])
        except Refusal as refusal:
            add_refusal(form, "pin", refusal, caller)
        else:
            messages.success(request, _("The PIN works again on all devices."))
            return redirect("pin")
    return _page(request, caller, unlock_form=form)


def _page(request: HttpRequest, caller: Caller, **filled_in: forms.Form) -> HttpResponse:
    now = timezone.now()
    status = pins.read_status(caller.user_id, now=now)
    zone = family_timezone(caller)
    devices = guards.locked_devices(caller.user_id, now=now)
    context = {
        "has_pin": status.has_pin,
        "locked": locked_sentence(status.locked_until, caller) if status.locked_until else "",
        "locked_devices": [_device(guard, timezone_name=zone, now=now) for guard in devices],
        "form": filled_in.get("form") or (ChangeForm() if status.has_pin else TwiceForm()),
        **_resets(request, filled_in.get("reset_form")),
        "unlock_form": filled_in.get("unlock_form") or VerifyForm(prefix="unlock"),
    }
    return render(request, "parental/pin.html", context)


def _resets(request: HttpRequest, filled_in: forms.Form | None) -> dict[str, object]:
    """By what a new PIN can be set: the password, or a login at the platform, which may have been just now."""
    user: Any = request.user
    is_fresh = platform_login.is_fresh(request)
    has_platform = bool(settings.OIDC_CLIENT_ID) and user.external_id is not None
    by_password = settings.PASSWORD_LOGIN and (user.has_usable_password() or not has_platform)
    form = filled_in or (ResetByLoginForm(prefix="reset") if is_fresh else ResetForm(prefix="reset"))
    return {
        "reset_form": form if is_fresh or by_password else None,
        "is_fresh": is_fresh,
        "platform": settings.OIDC_NAME if has_platform and not is_fresh else "",
    }


def _device(guard: Any, *, timezone_name: str, now: datetime) -> dict[str, str]:
    is_for_good = guard.locked_until >= guards.FOR_GOOD
    return {
        "name": guard.player_token.device_name,
        "child": guard.player_token.profile.name,
        "until": "" if is_for_good else moment(guard.locked_until, timezone=timezone_name, now=now),
    }
