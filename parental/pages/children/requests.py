"""What children ask for: answered on the dashboard with one tap, and the requests of the last 90 days."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from parental.children import profiles
from parental.children.time_requests import answering, reading, rules
from parental.children.time_requests.models import MAX_TEXT, RequestState, TimeRequest
from parental.children.time_requests.schemas import AnswerIn
from parental.events.record import for_caller
from parental.pages.page import own_child, parents_page
from parental.plans import locks
from parental.wording import moment, with_names
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.models import Profile

AMOUNTS: Final = (15, 30, 60)
PAGE: Final = 50
Said = dict[str, dict[str, object]]
# Buttons that are no amount.
DECLINE: Final[Said] = {
    "no": {"decision": "decline"},
    "mute": {"decision": "decline", "mute": True},
}
GRANT: Final[Said] = {
    "asked": {"decision": "grant"},
    "unlimited": {"decision": "grant", "minutes": None},
    "hours": {"decision": "grant", "despite_hours": True},
    "unlock": {"decision": "grant"},
}


@dataclass(frozen=True, slots=True)
class Ask:
    """An open request on a child's card. `others`: the amounts that were not asked for."""

    id: UUID
    minutes: int
    reason: str
    when: str
    others: tuple[int, ...]


def for_card(request: TimeRequest, *, zone: str, now: datetime) -> Ask:
    others = tuple(minutes for minutes in AMOUNTS if minutes != request.minutes)
    when = moment(request.created_at, timezone=zone, now=now)
    return Ask(request.id, request.minutes, request.reason, when, others)


class AnswerForm(forms.Form):
    """`say` is the button that was pressed: one of `DECLINE` and `GRANT`, or minutes."""

    say = forms.CharField(max_length=10)
    note = forms.CharField(max_length=MAX_TEXT, required=False)


@require_POST
@parents_page
def answer(request: HttpRequest, caller: Caller, request_id: UUID) -> HttpResponse:
    """Answer, and go back to the child's card. A request that is over says so there."""
    form, now = AnswerForm(request.POST), timezone.now()
    asked = reading.rows_for(caller.user_id).filter(pk=request_id).first()
    if asked is None:
        raise Refusal("not_found", "Request not found")
    body = _body(form)
    if body is None:
        return _to_card(request, asked, messages.ERROR, _("Choose an answer. A note can have up to 140 characters."))
    try:
        answered = answering.answer(caller, request_id, body, via="page", now=now)
    except Refusal as refusal:
        if refusal.code not in reading.OVER.values():
            raise
        return _to_card(request, asked, messages.WARNING, _over(refusal))
    if form.cleaned_data["say"] == "unlock":
        locks.unlock(caller.user_id, [asked.profile_id], actor=for_caller(caller), now=now)
        return _to_card(request, asked, messages.SUCCESS, _given(answered.request))
    if answered.given is not None and answered.given.planned.get("reason") in ("locked", "outside_hours"):
        sentence = _("The time was added, but playback is still stopped: see below.")
        return _to_card(request, asked, messages.WARNING, sentence)
    sentence = _given(answered.request) if answered.given else _declined(body)
    return _to_card(request, asked, messages.SUCCESS, sentence)


def _body(form: AnswerForm) -> AnswerIn | None:
    if not form.is_valid():
        return None
    say = form.cleaned_data["say"]
    about = {**DECLINE, **GRANT}.get(say) or {"decision": "grant", "minutes": say}
    # A note of several lines is one sentence to the child.
    note = " ".join(form.cleaned_data["note"].split())
    try:
        return AnswerIn.model_validate({**about, "note": note})
    except ValueError:
        return None


def _given(request: TimeRequest) -> str:
    if request.granted_minutes is None:
        return _("No limit until the next reset.")
    sentence = ngettext("%(minutes)d more minute today.", "%(minutes)d more minutes today.", request.granted_minutes)
    return sentence % {"minutes": request.granted_minutes}


def _declined(body: AnswerIn) -> str:
    return _("You said no. They can't ask again today.") if body.mute else _("You said no.")


def _over(refusal: Refusal) -> str:
    if refusal.code == "withdrawn":
        return _("This request was taken back.")
    return _("This request has expired.") if refusal.code == "expired" else _("This request has already been answered.")


def _to_card(request: HttpRequest, asked: TimeRequest, level: int, sentence: str) -> HttpResponse:
    messages.add_message(request, level, sentence, extra_tags=str(asked.profile_id))
    return redirect(f"{reverse('dashboard')}#child-{asked.profile_id}")


@require_safe
@parents_page
def listing(request: HttpRequest, caller: Caller) -> HttpResponse:
    """The last 90 days, newest first. `child` names one profile, `page` counts from 1."""
    now = timezone.now()
    family = {child.id: child for child in profiles.for_account(caller.user_id) if child.is_kids}
    child = _asked_child(request, caller)
    rows = TimeRequest.objects.filter(profile__in=[child] if child else family, created_at__gt=now - reading.KEPT)
    page = _page_number(request)
    found = list(rows.order_by("-created_at", "-id")[(page - 1) * PAGE : page * PAGE + 1])
    chosen = {"child": child} if child else {}
    context = {
        "family": list(family.values()),
        "child": child,
        "rows": [_row(each, family[each.profile_id], now=now) for each in found[:PAGE]],
        "older": urlencode({**chosen, "page": page + 1}) if len(found) > PAGE else None,
        "newer": urlencode({**chosen, "page": page - 1}) if page > 1 else None,
    }
    return render(request, "parental/requests.html", context)


def _asked_child(request: HttpRequest, caller: Caller) -> UUID | None:
    text = request.GET.get("child", "")
    try:
        return own_child(caller, UUID(text)).id if text else None
    except ValueError:
        raise Refusal("access_denied") from None


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    # Six a day and child: far fewer pages than that.
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= 3 else 1


def _row(request: TimeRequest, child: Profile, *, now: datetime) -> dict[str, object]:
    zone = child.config.timezone if hasattr(child, "config") else "UTC"
    sentence = ngettext("{name} asked for %(minutes)d minute", "{name} asked for %(minutes)d minutes", request.minutes)
    return {
        "what": with_names(sentence % {"minutes": request.minutes}, name=child.name),
        "when": moment(request.created_at, timezone=zone, now=now),
        "reason": request.reason,
        "note": request.note,
        **_outcome(request, now=now),
    }


def _outcome(request: TimeRequest, *, now: datetime) -> dict[str, str]:
    """`outcome` in words, and the `tone` of its badge."""
    state = rules.state_at(request, now)
    if state == RequestState.GRANTED:
        minutes = request.granted_minutes
        said = _("Unlimited") if minutes is None else _("+%(minutes)d min") % {"minutes": minutes}
        return {"outcome": said, "tone": "good"}
    outcomes = {
        RequestState.OPEN: (_("Waiting"), "accent"),
        RequestState.DECLINED: (_("No"), "warn"),
        RequestState.EXPIRED: (_("Expired"), "plain"),
        RequestState.WITHDRAWN: (_("Taken back"), "plain"),
    }
    outcome, tone = outcomes[state]
    return {"outcome": outcome, "tone": tone}
