"""What the demo families watched in the last five weeks: by chance, but always the same.

The rule for running it again: a profile's history is written on from where it ends. So the first run writes five weeks,
one an hour later nothing, one next Tuesday the days since; what someone watched in between stays as it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Max

from parental.demo.families.titles import demo_id
from viewing import rules
from viewing.models import EndReason, Profile, Title, ViewingSession, ViewingTimeBalance, ViewingTimeConfig

HISTORY: Final = timedelta(weeks=5)
# Local times, as hours, between which watching begins: after school, on a weekend in the morning too; adults at night.
SCHOOL_DAY: Final = ((15.5, 18.5),)
WEEKEND: Final = ((9.0, 11.0), (15.0, 18.0))
EVENING: Final = ((19.5, 21.5),)
CHILDREN_WATCH: Final = 0.85
ADULTS_WATCH: Final = 0.5
EDUCATIONAL_SHARE: Final = 0.3
DEVICES: Final = (("living-room", "tv"), ("family-tablet", "tablet"), ("phone", "mobile"), ("laptop", "web"))


@dataclass(slots=True)
class Written:
    """Rows to be made."""

    sessions: list[ViewingSession] = field(default_factory=list)
    balances: list[ViewingTimeBalance] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class End:
    """Where a profile's history ends: its last viewing day, and the last heartbeat."""

    day: date = date.min
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """A profile, and what it likes to watch."""

    profile: Profile
    config: ViewingTimeConfig
    educational: Sequence[Title]
    others: Sequence[Title]

    @property
    def schedule(self) -> rules.Schedule:
        return self.config.schedule

    def limit_seconds(self, day: date) -> int | None:
        if not self.profile.is_kids:
            return None
        limit = self.config.limit_minutes(day)
        return None if limit is None else limit * 60


def write_on(profiles: Sequence[Profile], titles: Sequence[Title], *, now: datetime) -> Written:
    """The rows that lead the profiles' histories on from where they end, at most five weeks, to now."""
    written = Written()
    ends = _ends(profiles)
    for profile in profiles:
        viewer, end = _viewer(profile, titles), ends.get(profile.id, End())
        for day in _missing_days(viewer.schedule, end, now=now):
            sessions = list(_watch(viewer, day, since=end.at or now - HISTORY, now=now))
            written.sessions += sessions
            if profile.is_kids and sessions:
                written.balances.append(_balance(profile, day.day, sessions))
    return written


def _ends(profiles: Sequence[Profile]) -> dict[UUID, End]:
    ids = [profile.id for profile in profiles]
    balances = ViewingTimeBalance.objects.filter(profile_id__in=ids).values_list("profile_id").annotate(Max("day"))
    sessions = ViewingSession.objects.filter(profile_id__in=ids).values_list("profile_id")
    ends = {profile_id: End(day) for profile_id, day in balances}
    for profile_id, day, at in sessions.annotate(Max("day"), Max("last_heartbeat_at")):
        # A grant makes a balance before anything is watched.
        ends[profile_id] = End(max(day, ends.get(profile_id, End()).day), at)
    return ends


def _viewer(profile: Profile, titles: Sequence[Title]) -> Viewer:
    """A profile with its favourites: children watch the same things again and again."""
    dice = Random(str(profile.id))
    educational = [title for title in titles if title.is_educational]
    others = [title for title in titles if not title.is_educational]
    return Viewer(profile, profile.config, dice.sample(educational, 5), dice.sample(others, 10))


def _missing_days(schedule: rules.Schedule, end: End, *, now: datetime) -> Iterator[rules.ViewingDay]:
    instant = now - HISTORY
    while instant <= now:
        day = rules.running_day(schedule, now=instant)
        if day.day > end.day:
            yield day
        instant = day.until


def _watch(viewer: Viewer, day: rules.ViewingDay, *, since: datetime, now: datetime) -> Iterator[ViewingSession]:
    """The sessions of one viewing day, ended before `now`, one after the other, within the day's limit."""
    profile = viewer.profile
    dice = Random(f"{profile.id}:{day.day}")
    if dice.random() > (CHILDREN_WATCH if profile.is_kids else ADULTS_WATCH):
        return
    left = viewer.limit_seconds(day.day)
    free_at = max(day.since, since)
    for n, begin in enumerate(_begins(viewer, day.day, dice)):
        session = _session(viewer, day.day, begin=max(begin, free_at), left=left, dice=dice)
        session.id = demo_id("session", profile.id, day.day, n)
        if session.total_seconds == 0 or session.ended_at is None or session.ended_at > min(day.until, now):
            return
        left = None if left is None else left - session.counted_seconds
        free_at = session.ended_at + timedelta(seconds=dice.randint(60, 900))
        yield session


def _begins(viewer: Viewer, day: date, dice: Random) -> Iterator[datetime]:
    """When the viewer would like to begin: in each part of the day one to three titles in a row."""
    is_weekend = day.weekday() >= 5
    parts = (WEEKEND if is_weekend else SCHOOL_DAY) if viewer.profile.is_kids else EVENING
    midnight = datetime.combine(day, time(), tzinfo=ZoneInfo(viewer.config.timezone))
    for earliest, latest in parts:
        begin = midnight + timedelta(seconds=round(dice.uniform(earliest, latest) * 3600))
        for _ in range(dice.randint(1, 3)):
            yield begin.astimezone(UTC)


def _session(viewer: Viewer, day: date, *, begin: datetime, left: int | None, dice: Random) -> ViewingSession:
    """One session of whole beats; no longer than what is left, unless its title is exempt."""
    is_kids = viewer.profile.is_kids
    is_educational = dice.random() < EDUCATIONAL_SHARE
    title = dice.choice(viewer.educational if is_educational else viewer.others)
    device_id, device_type = dice.choice(DEVICES)
    is_charged = is_kids and not (title.is_educational and viewer.config.educational_exempt)
    wanted = rules.BEAT_SECONDS * (dice.randint(30, 100) if is_kids else dice.randint(60, 240))
    # At 0 left nothing can begin, whatever the title.
    seconds = 0 if left == 0 else wanted if left is None or not is_charged else min(wanted, left)
    last = begin + timedelta(seconds=max(0, seconds - rules.BEAT_SECONDS))
    return ViewingSession(
        profile=viewer.profile,
        title=title,
        device_id=device_id,
        device_type=device_type,
        is_educational=title.is_educational,
        day=day,
        started_at=begin,
        last_heartbeat_at=last,
        ended_at=last + timedelta(seconds=dice.randint(1, 25)),
        end_reason=EndReason.ENDED,
        counted_seconds=seconds if is_charged else 0,
        exempt_seconds=0 if is_charged else seconds,
    )


def _balance(profile: Profile, day: date, sessions: Sequence[ViewingSession]) -> ViewingTimeBalance:
    return ViewingTimeBalance(
        profile=profile,
        day=day,
        used_seconds=sum(session.counted_seconds for session in sessions),
        educational_seconds=sum(session.total_seconds for session in sessions if session.is_educational),
    )
