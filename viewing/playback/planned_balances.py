"""What is left today of a child who has a week plan: the answers of balance and playback eligibility."""

from datetime import datetime, timedelta
from typing import Final

from viewing import rules
from viewing.hotpath import threads
from viewing.models import ViewingTimeBalance
from viewing.planned import TRACKS, Planned
from viewing.playback.schemas import BalanceOut
from viewing.playback.wording import standing_sentence
from viewing.profile import Profile
from viewing.rules.standing import DayUse, Frame, Reason, Standing, next_allowed, stand
from viewing.rules.weeks import Opening, week_start
from viewing.schemas import iso, minutes, minutes_or_none

SENTENCES: Final[dict[Reason, str]] = {
    "locked": "Locked by a parent",
    "outside_hours": "Outside viewing hours",
    "limit_reached": "Daily viewing time limit reached",
    "week_limit_reached": "Weekly viewing time limit reached",
}


def why(standing: Standing, frame: Frame, *, timezone: str, now: datetime) -> dict[str, object]:
    """The first reason why nothing may play, with what belongs to it; empty where something may."""
    if standing.reason is None:
        return {}
    found: dict[str, object] = {
        "reason": standing.reason,
        "sentence": standing_sentence(standing, frame, timezone=timezone, now=now),
    }
    if standing.reason == "outside_hours":
        found["hours_kind"] = frame.hours.kind
    if standing.reason == "locked":
        found["note"] = frame.lock.note if frame.lock else ""
    return found


def read_row(profile: Profile, frame: Frame) -> ViewingTimeBalance:
    """The balance of the frame's day, in one statement of the reading thread; zeros before the first beat."""
    rows = ViewingTimeBalance.objects.using(threads.ALIAS).filter(profile_id=profile.id, day=frame.day.day)
    return rows.first() or ViewingTimeBalance()


def use_of(row: ViewingTimeBalance) -> DayUse:
    return DayUse(row.used_seconds, row.granted_seconds, row.is_unlimited_override)


def balance_answer(
    profile: Profile, planned: Planned, now: datetime, *, row: ViewingTimeBalance | None = None
) -> dict[str, object]:
    """The body of GET /balance; what belongs to no rule of the plan is absent. `row`: the day's, read already."""
    frame = planned.frame(is_educational=False, now=now)
    row = row or read_row(profile, frame)
    use = use_of(row)
    standing = stand(frame, use, now=now)
    opening = frame.opening
    answer: dict[str, object] = {
        "profile_id": str(profile.id),
        "is_child_profile": True,
        "has_limits": _has_limits(planned, frame),
        "used_minutes": minutes(use.used_seconds),
        "educational_minutes": minutes(row.educational_seconds),
        "limit_minutes": minutes_or_none(opening.limit_seconds),
        "remaining_minutes": minutes_or_none(standing.remaining_seconds),
        "is_unlimited_override": use.is_unlimited,
        "next_reset_at": iso(frame.day.until),
        "warning_threshold_minutes": list(rules.WARNING_THRESHOLDS_MINUTES),
        "granted_minutes": minutes(use.granted_seconds),
        "budget_remaining_minutes": minutes_or_none(standing.day_left_seconds),
    }
    if standing.reasons:
        answer |= why(standing, frame, timezone=planned.child.table.timezone, now=now)
        if not stand(planned.frame(is_educational=True, now=now), use, now=now).reasons:
            answer["educational_only"] = True
    return answer | _plan_fields(planned, frame, standing) | _week(planned, frame, use)


def short_answer(profile: Profile, planned: Planned, now: datetime) -> BalanceOut:
    """The fields that every balance has."""
    answer = balance_answer(profile, planned, now)
    return BalanceOut.model_validate({name: answer[name] for name in BalanceOut.model_fields})


def _has_limits(planned: Planned, frame: Frame) -> bool:
    plan = planned.child.plan
    is_limited = frame.opening.limit_seconds is not None or plan.week_limit is not None
    return is_limited or plan.has_hours or frame.lock is not None or frame.locks_at is not None


def _plan_fields(planned: Planned, frame: Frame, standing: Standing) -> dict[str, object]:
    plan = planned.child.plan
    found: dict[str, object] = {}
    if standing.limited_by is not None:
        found["limited_by"] = standing.limited_by
    if standing.closes_at is not None:
        found["closes_at"] = iso(standing.closes_at)
    if frame.hours.opens_at is not None:
        found["opens_at"] = iso(frame.hours.opens_at)
    if plan.carry_max:
        found["carried_minutes"] = minutes(frame.opening.carried_seconds)
    if frame.lock is not None:
        lock = frame.lock
        found["locked"] = {"since": iso(lock.since), "until": lock.until and iso(lock.until), "note": lock.note}
    if plan.open_until is not None and plan.open_until > frame.since:
        found["open_until"] = iso(plan.open_until)
    exception = next((one for one in plan.exceptions if one.covers(frame.day.day)), None)
    if exception is not None:
        found["exception"] = exception.name
    return found


def _week(planned: Planned, frame: Frame, use: DayUse) -> dict[str, object]:
    """The week's limit, and what of it is used; today with what it costs the week so far."""
    plan = planned.child.plan
    left = frame.opening.week_left_seconds
    if plan.week_limit is None or left is None:
        return {}
    if frame.cap_seconds is not None:
        left -= own_seconds(frame.opening, frame.allowance_seconds, use)
    day = week_start(plan, frame.day.day) + timedelta(days=7)
    schedule = planned.child.schedule
    ends_at = rules.day_start(timezone=schedule.timezone, reset_hour=schedule.reset_hour, day=day)
    week = {
        "limit_minutes": plan.week_limit,
        "used_minutes": minutes(plan.week_limit * 60 - left),
        "remaining_minutes": minutes(left),
        "ends_at": iso(ends_at),
    }
    return {"week": week}


def own_seconds(opening: Opening, allowance_seconds: int | None, use: DayUse) -> int:
    """What a running day has cost the week so far: no more than the plan gives it."""
    bounds = [bound for bound in (allowance_seconds, opening.week_left_seconds) if bound is not None]
    return min([use.used_seconds, *bounds])


def eligibility_answer(
    profile: Profile, planned: Planned, now: datetime, *, is_educational: bool | None
) -> dict[str, object]:
    """The body of GET /playback-eligible. `is_educational` None: no title was named, so any that may begin will do."""
    frames = [planned.frame(is_educational=each, now=now) for each in (False, True)]
    use = use_of(read_row(profile, frames[0]))
    fun, learning = (stand(frame, use, now=now) for frame in frames)
    is_learning_only = is_educational is None and bool(fun.reasons) and not learning.reasons
    track = bool(is_educational) or is_learning_only
    standing = learning if track else fun
    reason = standing.reason
    answer: dict[str, object] = {
        "eligible": reason is None,
        "remaining_minutes": minutes_or_none(standing.remaining_seconds),
        "reason": None if reason is None else SENTENCES[reason],
        "next_reset_at": iso(frames[0].day.until),
    }
    if is_learning_only:
        answer["educational_only"] = True
    if reason is not None:
        reasons = why(standing, frames[track], timezone=planned.child.table.timezone, now=now)
        answer |= {name: value for name, value in reasons.items() if name != "reason"}
        again = next_allowed(planned.child, use, now=now, track=TRACKS[track])
        answer |= {"reason_code": reason, "next_allowed_at": again and iso(again)}
    return answer
