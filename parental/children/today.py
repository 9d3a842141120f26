"""What a parent sees of the running day: what each child has left, watches now, and was granted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef

from parental.children import today_left, watched
from parental.children.today_left import Left
from parental.models import SettingsChange, TimeGrant
from viewing import rules
from viewing.models import Profile, ViewingSession, ViewingTimeBalance, ViewingTimeConfig
from viewing.playback import plan_reads

# A player that vanished leaves its session active: after three beats that did not come nobody watches any more.
SILENCE: Final = timedelta(seconds=3 * rules.BEAT_SECONDS)


@dataclass(frozen=True, slots=True)
class Today:
    """A profile and its running day; seconds. `left`: what is left of it, by the limits or by the week plan.

    `watched`: the newest sessions of the day. `device_names`: of their devices, by `device_id`, where they are known.
    """

    profile: Profile
    config: ViewingTimeConfig
    running: rules.ViewingDay
    balance: ViewingTimeBalance
    playing: ViewingSession | None
    grants: list[TimeGrant]
    was_reviewed: bool
    left: Left
    watched: list[ViewingSession]
    device_names: dict[str, str]

    @property
    def limit_minutes(self) -> int | None:
        """Of today; None for an adult, or where no limit is set."""
        return self.left.allowance.limit_minutes

    @property
    def remaining_seconds(self) -> int | None:
        """None where nothing limits, for today or at all."""
        return self.left.remaining_seconds

    @property
    def allowance(self) -> rules.Allowance:
        return self.left.allowance


def for_family(user_id: UUID, *, now: datetime) -> list[Today]:
    """The account's profiles in the order they were made, in five statements however many.

    One more for week plans, and one for the names of devices.

    Indexes: profile_user_created_idx, change_profile_changed_idx, balance_profile_day_uniq, session_active_uniq,
    grant_profile_granted_idx.
    """
    # An exception for today is no look at the defaults.
    reviews = SettingsChange.objects.filter(profile=OuterRef("pk")).exclude(field="exception")
    profiles = list(
        Profile.objects.filter(user_id=user_id)
        .select_related("config")
        .annotate(was_reviewed=Exists(reviews))
        .order_by("created_at", "id")
    )
    configs = {profile.id: config_of(profile) for profile in profiles}
    running = {profile_id: rules.running_day(config.schedule, now=now) for profile_id, config in configs.items()}
    balances = _balances(running)
    children = [configs[profile.id] for profile in profiles if profile.is_kids]
    plans = plan_reads.for_children(children, now=now)

    def left(profile: Profile) -> Left:
        balance = balances.get(profile.id) or ViewingTimeBalance()
        if not profile.is_kids:
            return Left(balance.allowance(None))
        return today_left.of_plan(plans.get(profile.id), configs[profile.id], balance, now=now)

    playing = _playing(profiles, now=now)
    newest = watched.newest_today(running)
    shown = [*playing.values(), *(session for sessions in newest.values() for session in sessions)]
    names = watched.device_names(configs, {session.device_id for session in shown})
    grants = _grants(running)
    return [
        Today(
            profile=profile,
            config=configs[profile.id],
            running=running[profile.id],
            balance=balances.get(profile.id) or ViewingTimeBalance(),
            playing=playing.get(profile.id),
            grants=grants.get(profile.id, []),
            was_reviewed=profile.was_reviewed,
            left=left(profile),
            watched=newest.get(profile.id, []),
            device_names=names,
        )
        for profile in profiles
    ]


def config_of(profile: Profile) -> ViewingTimeConfig:
    """Its settings; the defaults where there are none."""
    try:
        return profile.config
    except ViewingTimeConfig.DoesNotExist:
        return ViewingTimeConfig(profile=profile)


def _balances(running: dict[UUID, rules.ViewingDay]) -> dict[UUID, ViewingTimeBalance]:
    days = {day.day for day in running.values()}
    rows = ViewingTimeBalance.objects.filter(profile__in=running, day__in=days)
    return {row.profile_id: row for row in rows if row.day == running[row.profile_id].day}


def _playing(profiles: Iterable[Profile], *, now: datetime) -> dict[UUID, ViewingSession]:
    sessions = ViewingSession.objects.filter(profile__in=profiles, ended_at=None, last_heartbeat_at__gt=now - SILENCE)
    columns = ("profile_id", "title__name", "device_id", "device_type", "is_educational", "started_at", "paused_at")
    return {session.profile_id: session for session in sessions.select_related("title").only(*columns)}


def _grants(running: dict[UUID, rules.ViewingDay]) -> dict[UUID, list[TimeGrant]]:
    """Of the running days, newest first, but for what was taken back."""
    found: dict[UUID, list[TimeGrant]] = {}
    # A held day may have begun long ago; a grant of it cannot be older.
    since = min((day.since for day in running.values()), default=None)
    rows = TimeGrant.objects.filter(profile__in=running, granted_at__gte=since, taken_back_at=None) if since else []
    for grant in sorted(rows, key=lambda grant: grant.granted_at, reverse=True):
        if grant.day == running[grant.profile_id].day:
            found.setdefault(grant.profile_id, []).append(grant)
    return found
