"""What a parent reads of a child's plan right now: one line on the card, and what the card offers because of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parental.children.today_left import Left
from viewing.playback.wording import standing_sentence
from viewing.rules.plan import PlanException

# Hours that close before the presets would be used are worth a button of their own.
SOON_SECONDS: Final = 60 * 60


DESPITE: Final = {
    "bedtime": gettext_lazy("Allow despite bedtime"),
    "school": gettext_lazy("Allow despite school hours"),
}


@dataclass(frozen=True, slots=True)
class PlanState:
    """`sentence`: what limits now, "" where nothing but time does. `quick`: what was changed for today only.

    `is_closed`: nothing may play, whatever time is left. `despite`: what to call time that is given although hours are
    closed or close soon, "" where they do neither.
    """

    sentence: str = ""
    is_closed: bool = False
    is_locked: bool = False
    has_bedtime: bool = False
    despite: str = ""
    quick: tuple[PlanException, ...] = ()


def plan_state(left: Left, *, timezone: str, now: datetime) -> PlanState:
    """Of a child; empty without a plan or a lock."""
    child, frame, standing = left.child, left.frame, left.standing
    if child is None or frame is None or standing is None:
        return PlanState()
    has_bedtime = any(quiet.kind == "bedtime" for quiet in child.plan.quiet)
    closes_at = standing.closes_at
    closes_soon = (
        frame.closes_by == "hours" and closes_at is not None and (closes_at - now).total_seconds() < SOON_SECONDS
    )
    despite = ""
    if frame.lock is None and not frame.hours.is_open:
        despite = str(DESPITE.get(frame.hours.kind or "", _("Allow despite the plan")))
    elif frame.lock is None and closes_soon:
        despite = str(DESPITE["bedtime"] if has_bedtime else _("Allow despite the plan"))
    return PlanState(
        # That the day's time is used up, the card says itself.
        sentence=""
        if standing.reason == "limit_reached"
        else standing_sentence(standing, frame, timezone=timezone, now=now),
        is_closed=frame.is_blocked,
        is_locked=frame.lock is not None or frame.locks_at is not None,
        has_bedtime=has_bedtime,
        despite=despite,
        quick=tuple(each for each in child.plan.exceptions if each.source == "quick" and each.covers(frame.day.day)),
    )
