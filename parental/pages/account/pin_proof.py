"""The PIN that a page asks for before something sensitive: once, then not for five minutes."""

from datetime import datetime
from typing import Final

from asgiref.sync import async_to_sync
from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from parental.pins import guards, pins
from parental.tokens.pin_tokens import pin_token, proves_pin
from parental.wording import moment
from viewing import rules
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.models import ViewingTimeConfig

# Where the session keeps the PIN token: signed, worth nothing after five minutes or a change of the PIN.
PROOF: Final = "pin_token"


def has_proof(request: HttpRequest, caller: Caller) -> bool:
    """Whether the PIN was given in this session in the last five minutes."""
    return proves_pin(caller.user_id, request.session.get(PROOF))


def prove(request: HttpRequest, caller: Caller, given: str) -> None:
    """Check a PIN and keep the proof in the session. Refusals as `pins.check`."""
    pin = async_to_sync(pins.check)(caller, given, now=timezone.now())
    request.session[PROOF] = pin_token(pin)


def add_refusal(form: forms.Form, field: str, refusal: Refusal, caller: Caller) -> None:
    """Show next to the field why the PIN was refused; raises what is not about the PIN."""
    if refusal.code not in ("pin_locked", "pin_none", "pin_required", "pin_wrong"):
        raise refusal
    form.add_error(field, locked_sentence(refusal.until, caller) if refusal.until else _("Incorrect PIN."))


def locked_sentence(until: datetime, caller: Caller) -> str:
    """Until when the PIN is locked, and what helps."""
    if until >= guards.FOR_GOOD:
        return _("Too many incorrect PINs today. Your PIN is locked until you reset it with your password.")
    when = moment(until, timezone=family_timezone(caller), now=timezone.now())
    return _("Too many incorrect PINs. Your PIN is locked until %(when)s; you can reset it now with your password.") % {
        "when": when
    }


def family_timezone(caller: Caller) -> str:
    """The zone for times of the whole account: the first child's, else UTC."""
    children = ViewingTimeConfig.objects.filter(profile__user_id=caller.user_id, profile__is_kids=True)
    zones = children.order_by("profile__created_at").values_list("timezone", flat=True)
    return zones.first() or rules.DEFAULT_TIMEZONE
