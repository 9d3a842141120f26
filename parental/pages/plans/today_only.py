"""One tap for today: stop children, let them go on, and what differs from the plan. Each can be undone."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from parental.children import limits
from parental.events.record import for_caller
from parental.pages.page import own_child, parents_page
from parental.pages.plans import forms
from parental.pages.plans.forms import OneDayForm
from parental.plans import exceptions, locks, storage
from parental.plans.exception_schemas import ExceptionIn, ExceptionOut
from parental.plans.schemas import LockIn
from parental.wording import duration
from viewing import rules
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.models import ViewingTimeConfig
from viewing.playback import plan_reads
from viewing.rules.documents import WEEKDAYS, weekdays_from_mask
from viewing.rules.hours import quiet_times

NO_SCREENS: Final[dict[str, Any]] = {"windows": []}
STOPPED: Final = gettext_lazy("Stopped. Playback ends within 30 seconds.")


@require_POST
@parents_page
def stop_everyone(request: HttpRequest, caller: Caller) -> HttpResponse:
    """`for`: minutes, `in`: minutes from now; neither: now, and until it is allowed again."""
    body = LockIn.model_validate(
        {"minutes": _number(request, "for", (30,)), "starts_in_minutes": _number(request, "in", (10,)) or 0}
    )
    locks.lock(caller.user_id, body, actor=for_caller(caller), now=timezone.now())
    if body.starts_in_minutes:
        messages.success(request, _("Everyone stops in 10 minutes. Their screens show the time left."))
    else:
        messages.success(request, STOPPED)
    return redirect("dashboard")


@require_POST
@parents_page
def unlock_everyone(request: HttpRequest, caller: Caller) -> HttpResponse:
    locks.unlock(caller.user_id, None, actor=for_caller(caller), now=timezone.now())
    messages.success(request, _("Everyone can watch again."))
    return redirect("dashboard")


@require_POST
@parents_page
def stop(request: HttpRequest, caller: Caller, profile_id: UUID) -> HttpResponse:
    """Stop one child: for an hour, until the day ends, or until a parent allows it."""
    child, now = own_child(caller, profile_id), timezone.now()
    until = None
    if request.POST.get("until") == "hour":
        until = now + timedelta(hours=1)
    elif request.POST.get("until") == "today":
        until = rules.next_reset(limits.read(child.id, now=now).schedule, now=now)
    body = LockIn.model_validate({"profile_ids": [child.id], "until": until})
    locks.lock(caller.user_id, body, actor=for_caller(caller), now=now)
    return _to_card(request, profile_id, str(STOPPED))


@require_POST
@parents_page
def unlock(request: HttpRequest, caller: Caller, profile_id: UUID) -> HttpResponse:
    child = own_child(caller, profile_id)
    locks.unlock(caller.user_id, [child.id], actor=for_caller(caller), now=timezone.now())
    return _to_card(request, profile_id, _("Can watch again."))


@require_POST
@parents_page
def differ(request: HttpRequest, caller: Caller, profile_id: UUID) -> HttpResponse:
    """Change something for today only."""
    child, now = own_child(caller, profile_id), timezone.now()
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Refusal("invalid")
    name, changes, dated = act
    day = dated(limits.read(child.id, now=now), now)
    _make_once(caller, child.id, day, name=str(name), changes=changes(caller), now=now)
    return _to_card(request, profile_id, _("Changed for today only."))


@require_POST
@parents_page
def one_day(request: HttpRequest, caller: Caller, profile_id: UUID) -> HttpResponse:
    """Another limit today or tomorrow, from the page of the limits; the one set before for that day ends."""
    child, now = own_child(caller, profile_id), timezone.now()
    form = OneDayForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a day and a limit from the lists."))
        return redirect("limits", profile_id)
    minutes, is_today = form.cleaned_data["limit"], form.cleaned_data["day"] == "today"
    day = _today(limits.read(child.id, now=now), now) + timedelta(days=0 if is_today else 1)
    for each in _quick(caller, child.id, day, now=now):
        if each.changes.keys() == {"limit_minutes"} or each.changes == NO_SCREENS:
            exceptions.end(caller.user_id, each.id, now=now)
    if minutes == forms.NO_SCREENS:
        name, changes = _("No screens"), NO_SCREENS
    else:
        name = _("No limit") if minutes is None else _("Limit: %(limit)s") % {"limit": duration(minutes * 60)}
        changes = {"limit_minutes": minutes}
    _make_once(caller, child.id, day, name=name, changes=changes, now=now)
    sentence = _("Changed for today only.") if is_today else _("Changed for tomorrow only.")
    messages.success(request, sentence)
    return redirect("limits", profile_id)


def _make_once(caller: Caller, profile_id: UUID, day: date, *, now: datetime, **given: Any) -> None:
    """One exception (`name`, `changes`) for a day, however often the button is tapped."""
    about = {"profile_id": profile_id, "from_date": day, "source": "quick", **given}
    exceptions.make(caller.user_id, ExceptionIn.model_validate(about), now=now, once=True)


def _quick(caller: Caller, profile_id: UUID, day: date, *, now: datetime) -> list[ExceptionOut]:
    found = exceptions.listing(caller.user_id, from_date=day, to_date=day, profile_id=profile_id, now=now)
    return [each for each in found if each.source == "quick" and each.profile_id == profile_id]


@require_POST
@parents_page
def undo(request: HttpRequest, caller: Caller, profile_id: UUID, exception_id: UUID) -> HttpResponse:
    own_child(caller, profile_id)
    try:
        exceptions.end(caller.user_id, exception_id, now=timezone.now())
    except Refusal as refusal:
        if refusal.code != "not_found":
            raise
    return _to_card(request, profile_id, _("Undone. The plan applies again."))


def _today(config: ViewingTimeConfig, now: datetime) -> date:
    return rules.viewing_day(config.schedule, now=now)


def _tonight(config: ViewingTimeConfig, now: datetime) -> date:
    """The date on which the bedtime begins that runs, or else the running day's: after midnight it is yesterday's."""
    today = _today(config, now)
    child = plan_reads.for_child(config, now=now)
    if child is None:
        return today
    local = now.astimezone(rules.zone_for(config.timezone)).date()
    running = child.table.at(now, "fun")
    for day in (local - timedelta(days=1), local):
        for quiet in quiet_times(child.plan, day):
            begins = rules.wall_instant(config.timezone, day, quiet.period.begins)
            ends = rules.wall_instant(config.timezone, day, quiet.period.ends)
            if running.kind == "bedtime" and quiet.kind == "bedtime" and begins <= now < ends:
                return max(day, today)
    return max(local, today)


def _like_weekend(caller: Caller) -> dict[str, Any]:
    weekend = weekdays_from_mask(storage.read_calendar(caller.user_id).weekend_days)
    return {"like": WEEKDAYS[min(weekend)]}


Act = tuple[Any, Callable[[Caller], dict[str, Any]], Callable[[ViewingTimeConfig, datetime], date]]
ACTS: Final[dict[str, Act]] = {
    "no_bedtime": (gettext_lazy("No bedtime tonight"), lambda _caller: {"bedtime": None}, _tonight),
    "no_screens": (gettext_lazy("No screens today"), lambda _caller: NO_SCREENS, _today),
    "weekend": (gettext_lazy("Like a weekend day"), _like_weekend, _today),
}


def _number(request: HttpRequest, name: str, offered: tuple[int, ...]) -> int | None:
    given = request.POST.get(name, "")
    return next((number for number in offered if str(number) == given), None)


def _to_card(request: HttpRequest, profile_id: UUID, sentence: str) -> HttpResponse:
    messages.success(request, sentence, extra_tags=str(profile_id))
    return redirect(f"{reverse('dashboard')}#child-{profile_id}")
