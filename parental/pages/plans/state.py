"""What a parent reads of a child's plan right now: one line on the card, and what the card offers because of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parental.children.today_left import Left
from parental.wording import moment
from viewing.rules.plan import PlanException

CLOSED: Final = {
    "bedtime": gettext_lazy("Bedtime"),
    "school": gettext_lazy("School"),
    "other": gettext_lazy("No viewing"),
    "closed": gettext_lazy("No viewing"),
}
# Hours that close before the presets would be used are worth a button of their own.
SOON_SECONDS: Final = 60 * 60


@dataclass(frozen=True, slots=True)
class PlanState:
    """`sentence`: what limits now, "" where nothing but time does. `quick`: what was changed for today only.

    `offers_hours`: hours are closed or close soon, so time may be given despite them.
    """

    sentence: str = ""
    is_locked: bool = False
    offers_hours: bool = False
    quick: tuple[PlanException, ...] = ()


def plan_state(left: Left, *, timezone: str, now: datetime) -> PlanState:
    """Of a child; empty without a plan or a lock."""
    child, frame, standing = left.child, left.frame, left.standing
    if child is None or frame is None or standing is None:
        return PlanState()
    closes_at = standing.closes_at
    closes_soon = frame.closes_by == "hours" and closes_at is not None and (closes_at - now).seconds < SOON_SECONDS
    return PlanState(
        sentence=_sentence(left, timezone=timezone, now=now),
        is_locked=frame.lock is not None or frame.locks_at is not None,
        offers_hours=frame.lock is None and (not frame.hours.is_open or closes_soon),
        quick=tuple(each for each in child.plan.exceptions if each.source == "quick" and each.covers(frame.day.day)),
    )


def _sentence(left: Left, *, timezone: str, now: datetime) -> str:
    frame, standing = left.frame, left.standing
    if frame is None or standing is None:
        return ""

    def says(sentence: str, instant: datetime | None, **words: object) -> str:
        when = "" if instant is None else moment(instant, timezone=timezone, now=now)
        return sentence % {"when": when, **words}

    if frame.lock is not None:
        until = frame.lock.until
        found = _("Stopped until you allow it") if until is None else says(_("Stopped until %(when)s"), until)
    elif not frame.hours.is_open:
        what, opens_at = CLOSED[frame.hours.kind or "closed"], frame.hours.opens_at
        found = str(what) if opens_at is None else says(_("%(what)s until %(when)s"), opens_at, what=what)
    elif standing.reason == "week_limit_reached":
        found = _("The week's time is used up")
    elif standing.closes_at is None:
        found = ""
    else:
        sentence = _("Stops %(when)s") if frame.closes_by == "lock" else _("Viewing ends %(when)s")
        found = says(sentence, standing.closes_at)
    return found
