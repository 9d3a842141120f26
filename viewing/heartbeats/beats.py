"""One heartbeat, and what can become of it."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from perfmetrics.counting.middleware import request_id
from viewing import rules
from viewing.errors import Refusal
from viewing.heartbeats import sql
from viewing.heartbeats.schemas import HeartbeatIn
from viewing.hotpath import entries
from viewing.profile import Profile
from viewing.schemas import NIL

# What became of a beat: the decision, or one of these.
UNAVAILABLE: Final = "unavailable"
BUSY: Final = "busy"
Outcome = sql.Decision | str


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat with all that its verdict needs; `now` and `day` were read once, when it came in."""

    profile: Profile
    title_id: uuid.UUID
    title: entries.Title | None
    session_id: uuid.UUID | None
    device_id: str
    device_type: str
    is_paused: bool
    sequence: int | None
    pause_grace_seconds: int
    day: date
    now: datetime
    request_id: str = ""

    def as_row(self, n: int) -> dict[str, Any]:
        """The row of the batch that `viewing/heartbeats/sql.py` reads."""
        limit_minutes = self.profile.limit_minutes(self.day)
        return {
            "n": n,
            "profile_id": self.profile.id,
            "session_id": self.session_id,
            "title_id": self.title_id,
            "title_known": self.title is not None,
            "title_is_educational": self.title is not None and self.title.is_educational,
            "device_id": self.device_id,
            "device_type": self.device_type,
            "sequence": self.sequence,
            "is_paused": self.is_paused,
            "is_kids": self.profile.is_kids,
            "is_exempt": self.profile.educational_exempt,
            "limit_seconds": None if limit_minutes is None else limit_minutes * 60,
            "pause_grace_seconds": self.pause_grace_seconds,
            "day": self.day,
            "at": self.now,
        }


def make_beat(
    body: HeartbeatIn, *, profile: Profile, title: entries.Title | None, site: entries.Site, now: datetime
) -> Beat:
    """The beat of a profile that its caller may use. Refusal 404: it would begin a session of an unknown title."""
    session_id = None if body.session_id == NIL else body.session_id
    if session_id is None and title is None:
        raise Refusal(404, "Title not found")
    return Beat(
        profile=profile,
        title_id=body.title_id,
        title=title,
        session_id=session_id,
        device_id=body.device_id,
        device_type=body.device_type,
        is_paused=body.is_paused,
        sequence=body.sequence,
        pause_grace_seconds=site.pause_grace_seconds,
        day=rules.viewing_day(profile.schedule, now=now),
        now=now,
        request_id=request_id.get(),
    )
