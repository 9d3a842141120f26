"""What a title means for a profile: whether it may begin now, and whether it can be watched to its end."""

from collections.abc import Callable
from datetime import datetime

from viewing.planned import TRACKS
from viewing.playback import balances, planned_balances
from viewing.profile import Profile
from viewing.rules.hours import Timetable
from viewing.rules.plan import Plan
from viewing.rules.standing import DayUse, PlannedChild, make_frame, stand, time_to_end

# (is educational, duration in seconds or None) as the fields of the API.
Judge = Callable[[bool, int | None], dict[str, object]]


def judge(profile: Profile, now: datetime) -> Judge:
    """In the reading thread: one statement, none for an adult."""
    if not profile.is_kids:
        return lambda _is_educational, _duration: {"may_begin": True, "fits": True}
    child, use = _child(profile, now)
    frames = {is_educational: make_frame(child, now=now, track=track) for is_educational, track in TRACKS.items()}
    reasons = {is_educational: stand(frame, use, now=now).reason for is_educational, frame in frames.items()}
    seconds = {
        is_educational: time_to_end(frame, use, now=now, is_charged=not (is_educational and profile.educational_exempt))
        for is_educational, frame in frames.items()
    }

    def answer(is_educational: bool, duration_seconds: int | None) -> dict[str, object]:
        reason = reasons[is_educational]
        if reason is not None:
            return {"may_begin": False, "fits": False, "reason": reason}
        return {"may_begin": True, "fits": _fits(duration_seconds, seconds[is_educational])}

    return answer


def _fits(duration_seconds: int | None, seconds: int | None) -> bool | None:
    if seconds is None:
        return True
    return None if duration_seconds is None else duration_seconds <= seconds


def _child(profile: Profile, now: datetime) -> tuple[PlannedChild, DayUse]:
    """The child's plan, or their limits as one, and what was used today."""
    if profile.planned is not None:
        frame = profile.planned.frame(is_educational=False, now=now)
        return profile.planned.child, planned_balances.use_of(planned_balances.read_row(profile, frame))
    allowance = balances.read_balance(profile, now=now).allowance
    use = DayUse(allowance.used_seconds, allowance.granted_seconds, allowance.is_unlimited)
    return PlannedChild(Timetable(Plan(profile.limits), profile.schedule.timezone), profile.schedule, {}), use
