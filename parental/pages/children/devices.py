"""The devices of a child: paired by a token that is shown once, and revoked."""

from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST

from parental.children import profile_schemas, today
from parental.models import Pin
from parental.pages.account.pin_proof import PROOF, add_refusal, has_proof, prove
from parental.pages.fields import once_field, pin_field
from parental.pages.page import own_profile, parents_page, public_url
from parental.pairing import approval
from parental.tokens import players
from parental.wording import moment
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.models import PlayerToken, Profile
from viewing.text import NameFormField


class PairForm(forms.Form):
    device_name = NameFormField(
        label=gettext_lazy("Device name"),
        max_length=profile_schemas.MAX_NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("So you can recognize it, for example “Living room TV” or “Mia’s tablet”."),
    )
    pin = pin_field(gettext_lazy("Your PIN"))
    # Sent twice, the form pairs one device; the link that the second answer shows is the one that works.
    token_id = once_field()


@sensitive_post_parameters("pin")
@parents_page
def devices(request: HttpRequest, caller: Caller, profile_id: UUID) -> HttpResponse:
    """Lists them, and pairs one more."""
    profile = own_profile(caller, profile_id)
    form = PairForm(request.POST or None)
    if has_proof(request, caller) or not Pin.objects.filter(pk=caller.user_id).exists():
        del form.fields["pin"]
    if request.method == "POST" and form.is_valid():
        issued = _issue(request, caller, profile.id, form)
        if issued:
            return _show_once(request, profile.id, issued, form.cleaned_data["device_name"])
    return _page(request, profile.id, form)


def _issue(request: HttpRequest, caller: Caller, profile_id: UUID, form: PairForm) -> players.IssuedToken | None:
    try:
        if "pin" in form.fields:
            prove(request, caller, form.cleaned_data["pin"])
    except Refusal as refusal:
        add_refusal(form, "pin", refusal, caller)
        return None
    return players.issue(
        caller.user_id,
        profile_id,
        device_name=form.cleaned_data["device_name"],
        pin_token=request.session.get(PROOF),
        now=timezone.now(),
        token_id=form.cleaned_data["token_id"],
    )


@sensitive_variables("issued", "link")
def _show_once(request: HttpRequest, profile_id: UUID, issued: players.IssuedToken, device_name: str) -> HttpResponse:
    # Not after a redirect: the token would have to be kept for it. Behind the #, where no log and no proxy sees it.
    link = public_url(request, "/player/") + f"#profile={profile_id}&token={issued.player_token}"
    child = Profile.objects.get(pk=profile_id)
    link += f"&device={issued.token_id}&name={quote(child.name)}"
    context = {"child": child, "link": link, "device_name": device_name}
    return render(request, "parental/device_paired.html", context)


def _page(request: HttpRequest, profile_id: UUID, form: PairForm) -> HttpResponse:
    now = timezone.now()
    child = Profile.objects.select_related("config").get(pk=profile_id)
    zone = today.config_of(child).timezone
    living = players.living(profile_id, now=now)
    waiting = approval.unfetched(child.user_id)
    # A screen that never fetched its token never will once its code is over.
    living = [token for token in living if waiting.get(token.id, now) >= now]
    rows = [_row(token, timezone_name=zone, now=now) | {"is_waiting": token.id in waiting} for token in living]
    return render(request, "parental/devices.html", {"child": child, "form": form, "devices": rows})


def _row(token: PlayerToken, *, timezone_name: str, now: datetime) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.device_name,
        "paired": moment(token.created_at, timezone=timezone_name, now=now),
        # Written once an hour at most; before its first use it is the moment of pairing.
        "used": moment(token.last_used_at, timezone=timezone_name, now=now)
        if token.last_used_at > token.created_at
        else "",
    }


@require_POST
@parents_page
def revoke(request: HttpRequest, caller: Caller, profile_id: UUID, token_id: UUID) -> HttpResponse:
    own_profile(caller, profile_id)
    players.revoke(caller.user_id, token_id, now=timezone.now())
    messages.success(request, _("Device disconnected. It will stop playing within a minute."))
    return redirect("devices", profile_id)
