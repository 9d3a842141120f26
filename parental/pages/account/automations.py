"""Tokens of the parent's own automations: made, shown once, and revoked."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from parental.automations import api_tokens
from parental.pages.account.pin_proof import family_timezone
from parental.pages.page import parents_page
from parental.wording import moment
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.text import NameFormField


class ApiTokenForm(forms.Form):
    name = NameFormField(
        label=gettext_lazy("Name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("So you can recognize it, for example “Home Assistant”."),
    )


@sensitive_variables("made")
@parents_page
def automations(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Lists them, and makes one more, whose token is in this answer alone."""
    form = ApiTokenForm(request.POST or None)
    made = None
    if request.method == "POST" and form.is_valid():
        try:
            made = api_tokens.make(caller.user_id, name=form.cleaned_data["name"], now=timezone.now())
            form = ApiTokenForm()
        except Refusal as refusal:
            if refusal.code != "too_many":
                raise
            form.add_error("name", _("You have 10 tokens. Revoke one first."))
    now, zone = timezone.now(), family_timezone(caller)
    rows = [
        {
            "id": row.pk,
            "name": row.name,
            "made": moment(row.created_at, timezone=zone, now=now),
            "used": moment(row.last_used_at, timezone=zone, now=now) if row.last_used_at else "",
        }
        for row in api_tokens.living(caller.user_id, now=now)
    ]
    context = {"form": form, "tokens": rows, "made": made}
    return render(request, "parental/automations.html", context)


@require_POST
@parents_page
def revoke(request: HttpRequest, caller: Caller, api_token_id: UUID) -> HttpResponse:
    api_tokens.revoke(caller.user_id, api_token_id, now=timezone.now())
    messages.success(request, _("Token revoked."))
    return redirect("automations")
