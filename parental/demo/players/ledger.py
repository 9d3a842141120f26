"""What one player knows that it watched, and so what the server must answer and hold (docs/contract.md#counting).

Written from docs/contract.md, not from the server's rules: it is what they are checked against.
"""

from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID

BEAT_SECONDS: Final = 30
NIL: Final = UUID(int=0)
SENTENCES: Final = {
    "locked": "Locked by a parent",
    "outside_hours": "Outside viewing hours",
    "limit_reached": "Daily viewing time limit reached",
    "week_limit_reached": "Weekly viewing time limit reached",
}


@dataclass(frozen=True, slots=True)
class Film:
    """A title of the catalogue."""

    id: UUID
    name: str
    is_educational: bool
    duration_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A child's week plan, as far as it shows in a run of a few minutes.

    `reason`: why nothing may play in the whole run. `finish_seconds`: how long after its time a title may still end.
    """

    week_limit_seconds: int | None = None
    finish_seconds: int = 0
    reason: Literal["locked", "outside_hours"] | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """A simulated profile: who it is, and what limits it."""

    number: int
    profile_id: UUID
    token: str
    is_kids: bool
    limit_seconds: int | None
    is_exempt: bool
    plan: Planned | None = None


@dataclass(slots=True)
class Watched:
    """One session: the title, the seconds charged to the limit and those not, and how it ended."""

    film: Film
    counted: int = 0
    exempt: int = 0
    end_reason: str = ""

    @property
    def total(self) -> int:
        return self.counted + self.exempt


@dataclass(slots=True)
class Ledger:
    """One viewer's sessions and balance of the running viewing day, as the player knows them."""

    viewer: Viewer
    sessions: dict[UUID, Watched] = field(default_factory=dict)
    used: int = 0
    educational: int = 0
    # A beat that was never answered, or at the very edge of the pause's grace: may have counted.
    unsure_seconds: int = 0

    @property
    def limit(self) -> int | None:
        """Seconds that may be watched: the day's, but no more than the week's, of which nothing was used before."""
        plan = self.viewer.plan
        bounds = (self.viewer.limit_seconds, plan.week_limit_seconds if plan else None)
        return min((bound for bound in bounds if bound is not None), default=None)

    @property
    def remaining(self) -> int | None:
        """Seconds left today; None where nothing limits."""
        if self.viewer.plan and self.viewer.plan.reason:
            return 0
        return None if self.limit is None else max(0, self.limit - self.used)

    @property
    def enforcement(self) -> str:
        left = self.remaining
        if left is None or left > 15 * 60:
            return "allowed"
        if left == 0:
            return "blocked"
        return "warning_5" if left <= 5 * 60 else "warning_15"

    @property
    def reason(self) -> str:
        """Why nothing may begin, where nothing is left."""
        if self.viewer.plan and self.viewer.plan.reason:
            return self.viewer.plan.reason
        return "week_limit_reached" if self._is_week_bound else "limit_reached"

    @property
    def _is_week_bound(self) -> bool:
        return self.limit is not None and self.limit != self.viewer.limit_seconds

    @property
    def limited_by(self) -> str | None:
        """What a plan's answers name; None without a plan, or where nothing limits."""
        plan = self.viewer.plan
        if plan is None or (plan.reason is None and self.limit is None):
            return None
        by_reason = {
            "locked": "lock",
            "outside_hours": "hours",
            None: "week_limit" if self._is_week_bound else "day_limit",
        }
        return by_reason[plan.reason]

    def begin(self, session_id: UUID, film: Film, *, seconds: int) -> None:
        self.sessions[session_id] = Watched(film)
        self.count(session_id, seconds=seconds)

    def count(self, session_id: UUID, *, seconds: int) -> None:
        """A beat of the session counted: to the limit, unless the title is educational and those are exempt."""
        session = self.sessions[session_id]
        is_educational = session.film.is_educational
        is_charged = self.viewer.is_kids and not (is_educational and self.viewer.is_exempt)
        session.counted += seconds if is_charged else 0
        session.exempt += 0 if is_charged else seconds
        if self.viewer.is_kids:
            self.used += seconds if is_charged else 0
            self.educational += seconds if is_educational else 0

    def end(self, session_id: UUID, reason: str) -> None:
        self.sessions[session_id].end_reason = reason

    def heartbeat(
        self, session_id: UUID, *, is_educational: bool | None, rest_seconds: int | None = None
    ) -> dict[str, object]:
        """What the answer of a heartbeat must say now; `is_educational` None: of what is refused it does not matter.

        `rest_seconds`: of the running title, where its player said how far it is.
        """
        left = self.remaining
        answer: dict[str, object] = {
            "session_id": str(session_id),
            "enforcement": self.enforcement,
            "remaining_minutes": _minutes(left),
            "used_minutes": self.used / 60,
        }
        if is_educational is not None:
            answer["is_educational"] = is_educational
        if self.limited_by is not None:
            answer["limited_by"] = self.limited_by
        finish = self.viewer.plan.finish_seconds if self.viewer.plan else 0
        if left == 0 and self._may_finish(rest_seconds, is_educational=bool(is_educational)):
            answer |= {"enforcement": "warning_5", "remaining_minutes": _minutes(rest_seconds), "finishing": True}
        elif left == 0:
            answer["reason"] = self.reason
        elif rest_seconds is not None and left is not None and left < rest_seconds <= left + finish:
            answer["can_finish"] = True
        return answer

    def _may_finish(self, rest_seconds: int | None, *, is_educational: bool) -> bool:
        """Whether a running title goes on after its time: as far as what it has overrun leaves it the rest."""
        plan = self.viewer.plan
        if rest_seconds is None or plan is None or plan.reason or self.limit is None:
            return False
        is_charged = not (is_educational and self.viewer.is_exempt)
        return is_charged and 0 < rest_seconds <= plan.finish_seconds - (self.used - self.limit)

    def balance(self) -> dict[str, object]:
        """What the balance must say now."""
        limit, plan = self.viewer.limit_seconds, self.viewer.plan
        return {
            "is_child_profile": self.viewer.is_kids,
            "has_limits": self.limit is not None or bool(plan and plan.reason),
            "used_minutes": self.used / 60,
            "educational_minutes": self.educational / 60,
            "limit_minutes": None if limit is None else limit / 60,
            "remaining_minutes": _minutes(self.remaining),
            "granted_minutes": 0,
        }

    def eligibility(self) -> dict[str, object]:
        """What the answer whether a title may begin must say now."""
        if self.remaining == 0:
            return {"eligible": False, "remaining_minutes": 0, "reason": SENTENCES[self.reason]}
        return {"eligible": True, "remaining_minutes": _minutes(self.remaining), "reason": None}


def _minutes(seconds: int | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 2)
