"""What is left of a child's running day, by the limits alone or by the week plan; for those who read and change it."""

from dataclasses import dataclass
from datetime import datetime

from viewing import rules
from viewing.models import ViewingTimeBalance, ViewingTimeConfig
from viewing.planned import TRACKS
from viewing.playback import plan_reads
from viewing.playback.planned_balances import use_of
from viewing.rules.standing import Frame, PlannedChild, Standing, make_frame, next_allowed, stand
from viewing.schemas import iso


@dataclass(frozen=True, slots=True)
class Left:
    """What is left today. `allowance` is of the day's time alone; None of the rest where there is no week plan."""

    allowance: rules.Allowance
    child: PlannedChild | None = None
    frame: Frame | None = None
    standing: Standing | None = None
    next_allowed_at: datetime | None = None

    @property
    def remaining_seconds(self) -> int | None:
        """For titles that are not educational; None where nothing limits."""
        return self.allowance.remaining_seconds if self.standing is None else self.standing.remaining_seconds

    @property
    def fields(self) -> dict[str, object]:
        """What the answers of grants add with a week plan: what limits, and what still stands in the way."""
        if self.child is None or self.frame is None or self.standing is None:
            return {}
        found: dict[str, object] = {}
        open_until = self.child.plan.open_until
        if open_until is not None and open_until > self.frame.since:
            found["open_until"] = iso(open_until)
        if self.standing.limited_by is not None:
            found["limited_by"] = self.standing.limited_by
        if self.standing.reason is not None:
            found["reason"] = self.standing.reason
            found["next_allowed_at"] = self.next_allowed_at and iso(self.next_allowed_at)
        return found


def read(config: ViewingTimeConfig, balance: ViewingTimeBalance, *, now: datetime) -> Left:
    """Of the balance of the running day; one statement where the child has a week plan, else none."""
    return of_plan(plan_reads.for_child(config, now=now), config, balance, now=now)


def of_plan(
    child: PlannedChild | None, config: ViewingTimeConfig, balance: ViewingTimeBalance, *, now: datetime
) -> Left:
    """As `read`, of a plan that was read already."""
    if child is None:
        day = rules.viewing_day(config.schedule, now=now)
        return Left(balance.allowance(config.limit_minutes(day)))
    frame, use = make_frame(child, now=now, track=TRACKS[False]), use_of(balance)
    standing = stand(frame, use, now=now)
    again = next_allowed(child, use, now=now, track=TRACKS[False]) if standing.reasons else None
    # Carried time is no whole number of minutes: the rest is taken from what was used, for their difference counts.
    minutes, rest = (None, 0) if frame.allowance_seconds is None else divmod(frame.allowance_seconds, 60)
    allowance = rules.Allowance(minutes, use.used_seconds - rest, use.granted_seconds, use.is_unlimited)
    return Left(allowance, child, frame, standing, again)
