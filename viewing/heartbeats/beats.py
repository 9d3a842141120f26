"""A heartbeat, and everything that it can end in."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, NotRequired, TypedDict

from perfmetrics.counting.middleware import request_id
from viewing import rules
from viewing.errors import Refusal
from viewing.heartbeats.schemas import HeartbeatIn
from viewing.hotpath import entries
from viewing.profile import Profile
from viewing.rules.standing import Frame
from viewing.schemas import NIL


class Verdict(StrEnum):
    """What a heartbeat ends in: the word that the SQL returns, the metrics count and the log shows."""

    # Answered with what is left of the day.
    COUNTED = "counted"
    REPLAY = "replay"  # sent before: the same answer again, counted once
    SUCCESSOR = "successor"  # a switch sent before: answered with the session that it began
    NOTHING_LEFT = "nothing_left"  # no time left to begin a session with
    # Answered as blocked, because nobody could check.
    UNAVAILABLE = "unavailable"
    SWITCH = "switch"  # belongs to a new session, which is yet to begin; final only if that fails
    LOST = "lost"  # the session to switch from ended in the meantime; final only if it stays lost
    # Refused.
    ENDED = "ended"
    UNKNOWN = "unknown"  # no such session
    FOREIGN = "foreign"  # another profile's session
    NO_TITLE = "no_title"
    BUSY = "busy"  # a lock or a race that did not end in time
    QUEUE_FULL = "queue_full"
    RATE_LIMITED = "rate_limited"  # the profile began too many sessions within a minute


ANSWERED: Final = frozenset(
    {
        Verdict.COUNTED,
        Verdict.REPLAY,
        Verdict.SUCCESSOR,
        Verdict.NOTHING_LEFT,
        Verdict.UNAVAILABLE,
        Verdict.SWITCH,
        Verdict.LOST,
    }
)
REFUSED: Final = frozenset(
    {Verdict.ENDED, Verdict.UNKNOWN, Verdict.FOREIGN, Verdict.NO_TITLE, Verdict.BUSY, Verdict.QUEUE_FULL}
    | {Verdict.RATE_LIMITED}
)
# To the player, and in the figures, these are the same.
COUNTED_AS: Final[dict[str, str]] = {Verdict.SWITCH: Verdict.UNAVAILABLE, Verdict.LOST: Verdict.UNAVAILABLE}


class Decision(NamedTuple):
    """What became of a beat: the verdict, the session to answer, the balance of its day (None: no row, or adult).

    A decision from the database holds the verdict as a plain string, which equals the member: the conversion would
    cost every beat, and a word that is no member must not break a batch that is committed.
    """

    n: int
    verdict: Verdict
    session_id: uuid.UUID | None = None
    is_educational: bool | None = None
    end_reason: str | None = None
    day: Any = None
    used_seconds: int | None = None
    granted_seconds: int | None = None
    is_unlimited_override: bool | None = None
    retry_after_seconds: int | None = None

    def allowance(self, limit_minutes: int | None) -> rules.Allowance:
        """What is left of the day, which has this limit (None: no limit)."""
        return rules.Allowance(
            limit_minutes, self.used_seconds or 0, self.granted_seconds or 0, bool(self.is_unlimited_override)
        )


class Row(TypedDict):
    """A beat as a row of its batch; `n` is its place in the batch.

    `is_blocked` and `cap_seconds` are there only with a week plan, `title_is_retired` only where it is true.
    """

    n: int
    profile_id: uuid.UUID
    session_id: uuid.UUID | None
    title_id: uuid.UUID
    title_known: bool
    title_is_educational: bool
    device_id: str
    device_type: str
    sequence: int | None
    is_paused: bool
    is_kids: bool
    is_exempt: bool
    limit_seconds: int | None
    pause_grace_seconds: int
    day: date
    at: datetime
    is_blocked: NotRequired[bool]
    cap_seconds: NotRequired[int | None]
    title_is_retired: NotRequired[bool]


class Beat(NamedTuple):
    """One heartbeat with everything its verdict depends on; `now` and `day` were read once, when it came in.

    A named tuple: a frozen dataclass of so many fields takes four times as long to make, in every heartbeat.
    """

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
    # Whether to write the event `limit.reached` when this beat uses up the day.
    wants_event: bool = False
    # With a week plan: what holds at `now`, and how much of the title is left where that is known.
    frame: Frame | None = None
    rest_seconds: int | None = None

    def as_row(self, n: int) -> Row:
        """The beat as a row of its batch, as `viewing/heartbeats/sql.py` reads it; `n` is its place in the batch."""
        limit_minutes = self.profile.limit_minutes(self.day)
        row: Row = {
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
        if self.frame is not None:
            row["limit_seconds"] = self.frame.limit_seconds
            row["is_blocked"] = self.frame.is_blocked
            row["cap_seconds"] = self.frame.cap_seconds
        if self.title is not None and self.title.is_retired:
            row["title_is_retired"] = True
        return row


def make_beat(
    body: HeartbeatIn, *, profile: Profile, title: entries.Title | None, site: entries.Site, now: datetime
) -> Beat:
    """The beat of a profile that the caller may use. Refusal 404: a first beat of an unknown or retired title."""
    session_id = None if body.session_id == NIL else body.session_id
    if session_id is None and (title is None or title.is_retired):
        raise Refusal("title_unknown")
    planned = profile.planned
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
        wants_event=site.wants_limit_reached and profile.is_kids,
        frame=planned.frame(is_educational=title is not None and title.is_educational, now=now) if planned else None,
        rest_seconds=_rest_seconds(body, title) if planned else None,
    )


def _rest_seconds(body: HeartbeatIn, title: entries.Title | None) -> int | None:
    duration = (title.duration_seconds if title else None) or body.duration_seconds
    if duration is None or body.position_seconds is None:
        return None
    return max(0, duration - body.position_seconds)
