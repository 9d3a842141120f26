"""Confirming the account's address: the link of the mail, and asking for another one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from parental.accounts import confirmation, mails
from parental.limiter.sources import source_of
from parental.pages.page import page, parents_page
from viewing.caller import Caller

MAX_TOKEN = 200


@page
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """A button, for programs that read mail follow its links."""
    user = confirmation.holder(token) if len(token) <= MAX_TOKEN else None
    if user is not None and request.method == "POST":
        confirmation.confirm(user, now=timezone.now())
        messages.success(request, _("Your email address is confirmed."))
        return redirect("dashboard")
    return render(request, "parental/email_confirm.html", {"address": user.email if user else ""})


@require_POST
@parents_page
def send_link(request: HttpRequest, _caller: Caller) -> HttpResponse:
    user: Any = request.user
    if confirmation.is_due(user):
        confirmation.ask(user.email, site=mails.origin(request), source=source_of(request), now=timezone.now())
        messages.success(request, _("We've sent you an email. Open the link in it to confirm your address."))
    return redirect("dashboard")
