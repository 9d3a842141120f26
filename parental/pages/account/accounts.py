"""Logging in and out, registering, changing the password and resetting it.

Passwords are compared and hashed by the API's functions: off this thread, with the same bounds and tries.
"""

from typing import Any, Final
from uuid import UUID

from asgiref.sync import async_to_sync
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from parental.accounts import accounts, askers, confirmation, mails, password_reset, passwords
from parental.limiter.sources import source_of
from parental.models import normalize_email
from parental.pages.account import logins
from parental.pages.account.targets import SESSION_BACKEND, next_page
from parental.pages.fields import email_field, new_password_field, password_field
from parental.pages.page import page, parents_page
from parental.tokens import devices
from viewing.caller import Caller
from viewing.errors import Refusal

RESET_SECONDS: Final = 60 * 60


class LogInForm(forms.Form):
    email = email_field()
    password = password_field(gettext_lazy("Password"))


class RegisterForm(forms.Form):
    email = email_field()
    password = new_password_field(gettext_lazy("Password"))


class PasswordChangeForm(forms.Form):
    current = password_field(gettext_lazy("Current password"))
    new = new_password_field(gettext_lazy("New password"))


class ResetForm(forms.Form):
    email = email_field()


class ResetSetForm(forms.Form):
    new = new_password_field(gettext_lazy("New password"))
    with_devices = forms.BooleanField(
        label=gettext_lazy("Disconnect all devices"),
        required=False,
        help_text=gettext_lazy("Your children's devices stop playing until you connect them again."),
    )


@sensitive_post_parameters()
@page
def log_in(request: HttpRequest) -> HttpResponse:
    """Visitors who are logged in already skip the page."""
    form = LogInForm(request.POST or None)
    if request.method == "POST":
        passwords.require_switched_on()
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            user = async_to_sync(accounts.prove)(
                email=normalize_email(given["email"]),
                password=given["password"],
                via="page",
                asker=askers.for_request(request),
                now=timezone.now(),
            )
        except Refusal as refusal:
            if refusal.code != "login_wrong":
                raise
            form.add_error(None, _("Incorrect email address or password."))
        else:
            login(request, user, backend=SESSION_BACKEND)
            request.session.set_expiry(None)  # where a link to set a password made it a short one
            return redirect(next_page(request) or "dashboard")
    elif request.user.is_authenticated:
        return redirect(next_page(request) or "dashboard")
    context = {
        "form": form if settings.PASSWORD_LOGIN else None,
        "next": next_page(request),
        "can_mail": mails.can_mail(),
        "platform": settings.OIDC_NAME if settings.OIDC_CLIENT_ID else "",
    }
    return render(request, "parental/login.html", context)


@require_POST
@page
def log_out(request: HttpRequest) -> HttpResponse:
    return logins.log_out(request)


@sensitive_post_parameters()
@page
def register(request: HttpRequest) -> HttpResponse:
    passwords.require_switched_on()
    form = RegisterForm(request.POST or None)
    if request.user.is_authenticated:
        return redirect("dashboard")
    if request.method == "POST" and form.is_valid():
        email, source = normalize_email(form.cleaned_data["email"]), source_of(request)
        try:
            user = async_to_sync(accounts.open_account)(
                email=email, password=form.cleaned_data["password"], source=source, now=timezone.now()
            )
        except Refusal as refusal:
            if refusal.code == "taken":
                form.add_error("email", _("An account with this email address already exists. Log in instead."))
            else:
                _add_weakness(form, "password", refusal)
        else:
            login(request, user, backend=SESSION_BACKEND)
            request.session.set_expiry(None)  # where a link to set a password made it a short one
            messages.success(request, _("Welcome! Add your first child to get started."))
            confirmation.ask_new(email, site=mails.origin(request), source=source, now=timezone.now())
            return redirect("dashboard")
    return render(request, "parental/register.html", {"form": form})


def _add_weakness(form: forms.Form, field: str, refusal: Refusal) -> None:
    """Say at the field why a new password is not taken; raises what is about something else."""
    if refusal.code != "invalid":
        raise refusal
    form.add_error(field, refusal.detail)


@sensitive_post_parameters()
@parents_page
def change_password(request: HttpRequest, _caller: Caller) -> HttpResponse:
    passwords.require_switched_on()
    form = PasswordChangeForm(request.POST or None)
    user: Any = request.user
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            async_to_sync(accounts.change_password)(
                user, current=given["current"], new=given["new"], now=timezone.now()
            )
        except Refusal as refusal:
            if refusal.code == "password_wrong":
                form.add_error("current", _("Incorrect current password."))
            else:
                _add_weakness(form, "new", refusal)
        else:
            update_session_auth_hash(request, user)
            messages.success(request, _("Your password has been changed, and all other devices have been logged out."))
            return redirect("dashboard")
    return render(request, "parental/password_change.html", {"form": form})


@page
def reset_password(request: HttpRequest) -> HttpResponse:
    """The same answer for every address; not found where no mail can be sent."""
    passwords.require_switched_on()
    if not mails.can_mail():
        raise Refusal("not_found", "Password reset by email is not available")
    form = ResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email, source = normalize_email(form.cleaned_data["email"]), source_of(request)
        password_reset.ask(email, site=mails.origin(request), source=source, now=timezone.now())
        return redirect("password_reset_sent")
    return render(request, "parental/password_reset.html", {"form": form})


@require_safe
@page
def reset_sent(request: HttpRequest) -> HttpResponse:
    passwords.require_switched_on()
    return render(request, "parental/password_reset_sent.html")


@require_safe
@page
def open_link(request: HttpRequest, user_id: UUID, token: str) -> HttpResponse:
    """The link of the mail: its token moves into the session, out of the address that logs and histories keep.

    Only one that holds, and for an hour: anyone may ask for this page, with whatever they like for a token.
    """
    passwords.require_switched_on()
    if password_reset.holder(user_id, token) is not None:
        request.session["password_reset"] = [str(user_id), token]
        if not request.user.is_authenticated:
            request.session.set_expiry(RESET_SECONDS)
    return redirect("password_reset_set")


@sensitive_post_parameters()
@page
def set_password(request: HttpRequest) -> HttpResponse:
    passwords.require_switched_on()
    user_id, token = request.session.get("password_reset", [None, ""])
    holder = password_reset.holder(UUID(user_id), token) if user_id else None
    # An address that is not confirmed may have been registered by somebody else, with devices of their own.
    form = ResetSetForm(request.POST or None, initial={"with_devices": holder and not holder.email_confirmed_at})
    if holder is not None and request.method == "POST" and form.is_valid():
        try:
            is_set = async_to_sync(password_reset.set_password)(
                holder, form.cleaned_data["new"], with_devices=form.cleaned_data["with_devices"]
            )
        except Refusal as refusal:
            _add_weakness(form, "new", refusal)
        else:
            if is_set:
                del request.session["password_reset"]
                request.session.set_expiry(None)
                messages.success(request, _("Your password has been changed. Log in with your new password."))
                response = redirect("login")
                devices.remember(request, response, email=holder.email or "")  # the mail proved whose it is
                return response
            holder = None
    return render(request, "parental/password_reset_set.html", {"form": form, "is_valid": holder is not None})
