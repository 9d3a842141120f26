"""Why something may play now, or not: the values by which a heartbeat is decided (docs/contract.md#week-plan)."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from parental.children import limits
from parental.plans.preview_schemas import Check, ExplainedDayOut, ExplainOut
from viewing.models import ViewingTimeBalance, ViewingTimeConfig
from viewing.planned import TRACKS
from viewing.playback import plan_reads
from viewing.playback.planned_balances import own_seconds, use_of
from viewing.playback.wording import standing_sentence
from viewing.profile import Profile
from viewing.rules.hours import Timetable
from viewing.rules.plan import Plan, limit_on
from viewing.rules.standing import DayUse, Frame, PlannedChild, Reason, make_frame, next_allowed, stand
from viewing.schemas import minutes, minutes_or_none

Help = Literal["unlock", "despite_hours", "grant", "wait"]
MAY_PLAY: Final = "May play"
HELPS: Final[dict[Reason, Help]] = {
    "locked": "unlock",
    "outside_hours": "despite_hours",
    "limit_reached": "grant",
    "week_limit_reached": "grant",
}


def read(profile: Profile, *, is_educational: bool, now: datetime) -> ExplainOut:
    """Of a child, for educational titles or for others; three statements at most. Nothing limits an adult."""
    if not profile.is_kids:
        return ExplainOut(
            at=now, allowed=True, reason=None, sentence=MAY_PLAY, next_allowed_at=None, checks=[], what_helps=[]
        )
    return for_child(profile.id, is_educational=is_educational, now=now)


def for_child(profile_id: UUID, *, is_educational: bool, now: datetime) -> ExplainOut:
    """The same of a profile that is known to be a child's."""
    config = limits.read(profile_id, now=now)
    child = plan_reads.for_child(config, now=now) or _without_plan(config)
    track = TRACKS[is_educational]
    frame = make_frame(child, now=now, track=track)
    row = ViewingTimeBalance.objects.filter(profile_id=profile_id, day=frame.day.day).first() or ViewingTimeBalance()
    use = use_of(row)
    standing = stand(frame, use, now=now)
    again = next_allowed(child, use, now=now, track=track) if standing.reasons else None
    helps: list[Help] = list(dict.fromkeys(HELPS[reason] for reason in standing.reasons))
    if again is not None:
        helps.append("wait")
    return ExplainOut(
        at=now,
        allowed=not standing.reasons,
        reason=standing.reason,
        sentence=standing_sentence(standing, frame, timezone=config.timezone, now=now) or MAY_PLAY,
        next_allowed_at=again,
        checks=_checks(child, frame, use),
        what_helps=helps,
    )


def _without_plan(config: ViewingTimeConfig) -> PlannedChild:
    return PlannedChild(Timetable(Plan(limits=config.limits), config.timezone), config.schedule, {})


def _checks(child: PlannedChild, frame: Frame, use: DayUse) -> list[Check]:
    """Every rule, in the order in which a heartbeat names the first that fails."""
    lock, hours, opening = frame.lock, frame.hours, frame.opening
    exception = limit_on(child.plan, frame.day.day)[1]
    has_day_left = _has_left(frame.limit_seconds, use)
    checks = [
        Check(
            check="lock",
            passes=lock is None,
            since=lock.since if lock else None,
            until=lock.until if lock else None,
            note=lock.note if lock else None,
        ),
        Check(
            check="hours",
            passes=hours.is_open,
            kind=hours.kind,
            until=hours.closes_at if hours.is_open else hours.opens_at,
        ),
        Check(
            check="day",
            passes=has_day_left,
            limit_minutes=minutes_or_none(opening.limit_seconds),
            carried_minutes=minutes(opening.carried_seconds),
            granted_minutes=minutes(use.granted_seconds),
            used_minutes=minutes(use.used_seconds),
            is_unlimited=use.is_unlimited,
            source="plan" if exception is None else f"exception:{exception.id}",
            exception=exception.name if exception else None,
        ),
    ]
    if child.plan.week_limit is not None:
        checks.append(_week(child.plan.week_limit, frame, use))
    return checks


def _has_left(seconds: int | None, use: DayUse) -> bool:
    return seconds is None or use.is_unlimited or use.used_seconds < seconds + use.granted_seconds


def _week_left(frame: Frame, use: DayUse) -> int:
    left = frame.opening.week_left_seconds or 0
    return left if frame.cap_seconds is None else left - own_seconds(frame.opening, frame.allowance_seconds, use)


def _week(limit_minutes: int, frame: Frame, use: DayUse) -> Check:
    return Check(
        check="week",
        passes=_has_left(frame.cap_seconds, use),
        limit_minutes=limit_minutes,
        used_minutes=minutes(limit_minutes * 60 - _week_left(frame, use)),
        days=[
            ExplainedDayOut(
                date=day.day,
                used_minutes=minutes(day.used_seconds),
                own_minutes=minutes(day.own_seconds),
                carried_on_minutes=minutes(day.carried_on_seconds),
            )
            for day in frame.opening.days
        ],
    )
