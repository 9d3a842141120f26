"""The page that a parent opens every day: what each child has left and watches now, and one tap to change it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from asgiref.sync import async_to_sync
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from parental.children import grants, today
from parental.children.time_requests import reading
from parental.deliver.results import is_refused
from parental.live import access
from parental.models import TimeRequest
from parental.pages.children.first_steps import first_steps
from parental.pages.children.requests import Ask, for_card
from parental.pages.page import own_child, parents_page
from parental.pages.plans.state import PlanState, plan_state
from parental.tokens import page_logins
from parental.wording import duration, moment
from viewing import rules
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.hotpath import threads
from viewing.models import ViewingSession
from viewing.playback import sessions

AMBER_SECONDS: Final = 30 * 60
RED_SECONDS: Final = 15 * 60
PRESETS: Final = (15, 30, 60)
MAX_GRANTS_SHOWN: Final = 5
MAX_DEVICE_ID: Final = 24
# From this many children on, the cards are smaller and a list of names leads to them.
MANY: Final = 4


class GrantForm(forms.Form):
    """A preset's minutes, or nothing for "unlimited today"; the bounds are the API's."""

    minutes = forms.IntegerField(min_value=15, max_value=120, required=False)
    # New with each showing of the form: tapped twice, it grants once. A page that an older release made has none.
    grant_id = forms.UUIDField(required=False)


class StopForm(forms.Form):
    session_id = forms.UUIDField()


@require_safe
@parents_page
def dashboard(request: HttpRequest, caller: Caller) -> HttpResponse:
    now = timezone.now()
    family, login = today.for_family(caller.user_id, now=now), page_logins.current(request)
    said = list(messages.get_messages(request))
    children = [day for day in family if day.profile.is_kids]
    asked = reading.open_by_child([day.profile.id for day in children], now=now)
    cards = [_card(day, said, asked=asked.get(day.profile.id), now=now) for day in children]
    context = {
        "children": cards,
        "is_many": len(cards) >= MANY,
        "has_zones": len({card.zone for card in cards}) > 1,
        "open_requests": len(asked),
        "stream_token": access.make_token(caller.user_id, login) if login else "",
        "is_anyone_locked": any(card.state.is_locked for card in cards),
        "has_plans": settings.WEEK_PLAN,
        # A message about a child is shown on their card, to which the page scrolls.
        "messages": [message for message in said if not message.extra_tags],
        "adults": [day for day in family if not day.profile.is_kids],
        "steps": first_steps(caller.user_id, family, now=now),
        "is_unreachable": is_refused(caller.user_id, request.user.email),  # type: ignore[union-attr]
        "presets": PRESETS,
    }
    return render(request, "parental/dashboard.html", context)


@dataclass(frozen=True, slots=True)
class Card:
    """A child as the page shows it. `percent` of the ring is left; None: nothing limits.

    `waits`: a title that was begun cannot go on, for nothing is left or nothing may play.
    `unknown_zone` is the stored timezone where this host does not know it, else "".
    """

    day: today.Today
    level: str
    percent: float | None
    left: str
    ring_figure: str
    ring_unit: str
    allowance: str
    used: str
    educational: str
    resets: str
    zone: str
    unknown_zone: str
    limits: str
    waits: bool
    device: str
    watched: list[dict[str, str]]
    grants: list[dict[str, object]]
    grant_id: UUID
    said: list[Message]
    ask: Ask | None
    state: PlanState


def _card(day: today.Today, said: list[Message], *, asked: TimeRequest | None, now: datetime) -> Card:
    state = plan_state(day.left, timezone=day.config.timezone, now=now)
    # Where bedtime or a parent stops it, the ring shows the time that is left for later.
    left = day.allowance.remaining_seconds if state.is_closed else day.remaining_seconds
    allowance = day.allowance.total_seconds or 0
    hours, minutes = divmod((left or 0) // 60, 60)
    zone = day.config.timezone
    return Card(
        day=day,
        level="off" if state.is_closed else _level(left),
        percent=None if left is None else round(100 * left / allowance, 1) if allowance else 0.0,
        left="" if left is None else duration(left),
        ring_figure=f"{hours}:{minutes:02}" if hours else f"{minutes}",
        ring_unit=_("h left") if hours else _("min left"),
        allowance=duration(allowance),
        used=duration(_used_seconds(day)),
        educational=duration(day.balance.educational_seconds) if day.balance.educational_seconds else "",
        zone=str(rules.zone_for(zone)).replace("_", " "),
        unknown_zone="" if rules.is_timezone(zone) else zone,
        resets=moment(day.running.until, timezone=zone, now=now),
        limits=_limits(day),
        waits=_waits(day),
        device=_device(day, day.playing) if day.playing else "",
        watched=[_watched(day, session) for session in day.watched],
        grants=[
            {"id": grant.id, "what": _granted(grant.minutes), "when": moment(grant.granted_at, timezone=zone, now=now)}
            for grant in day.grants[:MAX_GRANTS_SHOWN]
        ],
        grant_id=uuid4(),
        said=_said_about(day.profile.id, said),
        ask=for_card(asked, zone=zone, now=now) if asked else None,
        state=state,
    )


def _said_about(profile_id: UUID, said: list[Message]) -> list[Message]:
    """The messages about a child; one that two taps of one button left is shown once."""
    mine = [message for message in said if message.extra_tags == str(profile_id)]
    return list({message.message: message for message in mine}.values())


def _level(remaining_seconds: int | None) -> str:
    if remaining_seconds is None or remaining_seconds >= AMBER_SECONDS:
        return "good"
    return "warn" if remaining_seconds >= RED_SECONDS else "bad"


def _used_seconds(day: today.Today) -> int:
    """Each is shown in whole minutes: used and left add up to the allowance, where it is what limits."""
    left, allowance = day.remaining_seconds, day.allowance
    if not left or allowance.total_seconds is None or left != allowance.remaining_seconds:
        return day.balance.used_seconds
    return (allowance.total_seconds // 60 - left // 60) * 60


def _waits(day: today.Today) -> bool:
    if day.playing is None:
        return False
    is_exempt = day.playing.is_educational and day.config.educational_exempt
    is_stopped = day.left.standing is not None and day.left.standing.reason in ("locked", "outside_hours")
    return is_stopped or (day.remaining_seconds == 0 and not is_exempt)


def _device(day: today.Today, session: ViewingSession) -> str:
    """The name that a parent gave it; else its kind, and what the player calls itself."""
    known = day.device_names.get(session.device_id)
    return known or f"{session.get_device_type_display()} · {session.device_id[:MAX_DEVICE_ID]}"


def _watched(day: today.Today, session: ViewingSession) -> dict[str, str]:
    began = session.started_at.astimezone(rules.zone_for(day.config.timezone))
    return {
        "time": formats.time_format(began.time(), "H:i"),
        "title": session.title.name,
        "device": day.device_names.get(session.device_id) or session.get_device_type_display(),
        "long": duration(session.counted_seconds + session.exempt_seconds),
    }


def _limits(day: today.Today) -> str:
    def of(limit_minutes: int | None) -> str:
        return _("no limit") if limit_minutes is None else duration(limit_minutes * 60)

    weekday, weekend = of(day.config.weekday_limit_minutes), of(day.config.weekend_limit_minutes)
    if weekday == weekend:
        return _("%(limit)s every day") % {"limit": weekday}
    return _("%(weekday)s on weekdays, %(weekend)s on weekends") % {"weekday": weekday, "weekend": weekend}


def _granted(minutes: int | None) -> str:
    return _("unlimited today") if minutes is None else _("+%(minutes)d min") % {"minutes": minutes}


@require_POST
@parents_page
def grant(request: HttpRequest, caller: Caller, profile_id: UUID) -> HttpResponse:
    """Grant more time for today. Remote, without a PIN: only a parent can be logged in here."""
    child = own_child(caller, profile_id)
    form = GrantForm(request.POST)
    if not form.is_valid() or "minutes" not in request.POST:
        sentence = _("Choose between 15 and 120 minutes.")
        return _to_card(request, profile_id, messages.ERROR, sentence)
    minutes, grant_id = form.cleaned_data["minutes"], form.cleaned_data["grant_id"]
    give = grants.give_despite_hours if "despite_hours" in request.POST else grants.give
    try:
        with transaction.atomic():
            given = give(caller, child.id, minutes=minutes, is_remote=True, now=timezone.now(), grant_id=grant_id)
            is_needless = minutes is not None and given.remaining_minutes is None
            transaction.set_rollback(is_needless)
    except Refusal as refusal:
        if refusal.code != "grant_id_used":
            raise
        sentence = _("That page was out of date, so no time was added. Check what is left, then try again.")
        return _to_card(request, profile_id, messages.WARNING, sentence)
    if is_needless:
        return _to_card(request, profile_id, messages.WARNING, _("There is no limit today, so nothing was added."))
    if given.planned.get("reason") in ("locked", "outside_hours"):
        sentence = _("The time was added, but playback is still stopped: see below.")
        return _to_card(request, profile_id, messages.WARNING, sentence)
    if minutes is None:
        sentence = _("No limit until the next reset.")
    else:
        sentence = ngettext("%(minutes)d more minute today.", "%(minutes)d more minutes today.", minutes)
        sentence %= {"minutes": minutes}
    return _to_card(request, profile_id, messages.SUCCESS, sentence)


@require_POST
@parents_page
def take_back(request: HttpRequest, caller: Caller, profile_id: UUID, grant_id: UUID) -> HttpResponse:
    child = own_child(caller, profile_id)
    try:
        grants.take_back(caller, child.id, grant_id, now=timezone.now())
    except Refusal as refusal:
        if refusal.code not in ("taken_back", "day_over"):
            raise
        sentence = _("This has already been taken back, or its day has ended.")
        return _to_card(request, profile_id, messages.WARNING, sentence)
    return _to_card(request, profile_id, messages.SUCCESS, _("Taken back. Time already watched still counts."))


@require_POST
@parents_page
def stop(request: HttpRequest, caller: Caller, profile_id: UUID) -> HttpResponse:
    """End what plays now. The session's id comes with the form, so that a late tap ends nothing newer."""
    own_child(caller, profile_id)
    form = StopForm(request.POST)
    if not form.is_valid():
        return _to_card(request, profile_id, messages.WARNING, _("Nothing was playing anymore."))
    async_to_sync(_end)(caller, form.cleaned_data["session_id"])
    sentence = _("Stopped. Playback ends within 30 seconds, and can be started again while there is time left.")
    return _to_card(request, profile_id, messages.SUCCESS, sentence)


async def _end(caller: Caller, session_id: UUID) -> None:
    # In the thread of the players' path, whose connection its statement uses.
    await threads.writes.run(sessions.end, caller, session_id, timezone.now())


def _to_card(request: HttpRequest, profile_id: UUID, level: int, sentence: str) -> HttpResponse:
    messages.add_message(request, level, sentence, extra_tags=str(profile_id))
    return redirect(f"{reverse('dashboard')}#child-{profile_id}")
