"""What one player knows that it watched, and so what the server must answer and hold (docs/contract.md#counting).

Written from docs/contract.md, not from the server's rules: it is what they are checked against.
"""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

BEAT_SECONDS: Final = 30
NIL: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Film:
    """A title of the catalogue."""

    id: UUID
    name: str
    is_educational: bool


@dataclass(frozen=True, slots=True)
class Viewer:
    """A simulated profile: who it is, and what limits it."""

    number: int
    profile_id: UUID
    token: str
    is_kids: bool
    limit_seconds: int | None
    is_exempt: bool


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
    def remaining(self) -> int | None:
        """Seconds left today; None where nothing limits."""
        limit = self.viewer.limit_seconds
        return None if limit is None else max(0, limit - self.used)

    @property
    def enforcement(self) -> str:
        left = self.remaining
        if left is None or left > 15 * 60:
            return "allowed"
        if left == 0:
            return "blocked"
        return "warning_5" if left <= 5 * 60 else "warning_15"

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

    def heartbeat(self, session_id: UUID, *, is_educational: bool | None) -> dict[str, object]:
        """What the answer of a heartbeat must say now; `is_educational` None: of what is refused it does not matter."""
        left = self.remaining
        answer: dict[str, object] = {
            "session_id": str(session_id),
            "enforcement": self.enforcement,
            "remaining_minutes": None if left is None else left / 60,
            "used_minutes": self.used / 60,
        }
        if is_educational is not None:
            answer["is_educational"] = is_educational
        if self.enforcement == "blocked":
            answer["reason"] = "limit_reached"
        return answer

    def balance(self) -> dict[str, object]:
        """What the balance must say now."""
        limit, left = self.viewer.limit_seconds, self.remaining
        return {
            "is_child_profile": self.viewer.is_kids,
            "has_limits": limit is not None,
            "used_minutes": self.used / 60,
            "educational_minutes": self.educational / 60,
            "limit_minutes": None if limit is None else limit / 60,
            "remaining_minutes": None if left is None else left / 60,
            "granted_minutes": 0,
        }

    def eligibility(self) -> dict[str, object]:
        """What the answer whether a title may begin must say now."""
        left = self.remaining
        if left == 0:
            return {"eligible": False, "remaining_minutes": 0, "reason": "Daily viewing time limit reached"}
        return {"eligible": True, "remaining_minutes": None if left is None else left / 60, "reason": None}
