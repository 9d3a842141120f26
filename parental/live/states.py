"""What live events send about a profile, read for up to a hundred profiles together in the thread of live events."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from parental.children.time_requests import reading, rules
from parental.children.time_requests.models import RequestState, TimeRequest
from parental.models import TimeGrant
from parental.plans.plans import lock_of
from viewing import rules as days
from viewing.hotpath import entries, threads
from viewing.live.states import State
from viewing.models import ViewingSession, ViewingTimeBalance, ViewingTimeConfig
from viewing.playback import balances
from viewing.profile import Profile

# After three beats that did not come nobody watches any more.
SILENCE: Final = timedelta(seconds=3 * days.BEAT_SECONDS)
MAX_GRANTS: Final = 20
# For so long the last request that is over is shown.
SHOWN: Final = timedelta(hours=24)


async def read(profile_ids: Collection[UUID]) -> dict[UUID, State | None]:
    """The state of each profile; None: there is none (any more). Six statements however many."""
    profiles = {profile_id: await entries.profiles.get(profile_id) for profile_id in profile_ids}
    found = [profile for profile in profiles.values() if profile is not None]
    states = await threads.live.run(_read, found, timezone.now())
    return {profile_id: states.get(profile_id) for profile_id in profile_ids}


def _read(profiles: Collection[Profile], now: datetime) -> dict[UUID, State]:
    """In the thread. Indexes: balance_profile_day_uniq, session_active_uniq, request_profile_created_idx,
    grant_profile_granted_idx, and the settings' primary key.
    """
    ids = [profile.id for profile in profiles]
    running = {profile.id: days.running_day(profile.schedule, now=now) for profile in profiles}
    configs = {config.pk: config for config in ViewingTimeConfig.objects.using(threads.ALIAS).filter(pk__in=ids)}
    rows = _balances(running)
    sessions = _sessions(ids, now=now)
    requests = _by_profile(
        TimeRequest.objects.using(threads.ALIAS)
        .filter(Q(created_at__gt=now - SHOWN) | Q(state=RequestState.OPEN), profile__in=ids)
        .order_by("-created_at")
    )
    grants = _grants(running)
    return {
        profile.id: _state(
            profile,
            running[profile.id],
            config=configs.get(profile.id) or ViewingTimeConfig(profile_id=profile.id),
            balance=balances.balance_of_row(profile, rows.get(profile.id) or ViewingTimeBalance(), now=now),
            session=sessions.get(profile.id),
            requests=requests.get(profile.id, []),
            grants=grants.get(profile.id, []),
            now=now,
        )
        for profile in profiles
    }


def _balances(running: Mapping[UUID, days.ViewingDay]) -> dict[UUID, ViewingTimeBalance]:
    dates: set[date] = {day.day for day in running.values()}
    rows = ViewingTimeBalance.objects.using(threads.ALIAS).filter(profile__in=list(running), day__in=dates)
    return {row.profile_id: row for row in rows if row.day == running[row.profile_id].day}


def _sessions(ids: Collection[UUID], *, now: datetime) -> dict[UUID, ViewingSession]:
    playing = ViewingSession.objects.using(threads.ALIAS).filter(
        profile__in=ids, ended_at=None, last_heartbeat_at__gt=now - SILENCE
    )
    return {session.profile_id: session for session in playing}


def _grants(running: Mapping[UUID, days.ViewingDay]) -> dict[UUID, list[TimeGrant]]:
    since = min((day.since for day in running.values()), default=None)
    if since is None:
        return {}
    rows = TimeGrant.objects.using(threads.ALIAS).filter(profile__in=list(running), granted_at__gte=since)
    newest_first = rows.select_related("request").order_by("-granted_at")
    return _by_profile(grant for grant in newest_first if grant.day == running[grant.profile_id].day)


def _by_profile(rows: Iterable[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row.profile_id, []).append(row)
    return found


def _state(  # noqa: PLR0913 — what a state is made of
    profile: Profile,
    running: days.ViewingDay,
    *,
    config: ViewingTimeConfig,
    balance: dict[str, object],
    session: ViewingSession | None,
    requests: list[TimeRequest],
    grants: list[TimeGrant],
    now: datetime,
) -> State:
    lock = lock_of(config, now=now) if profile.is_kids else None
    opened = rules.open_request(requests, now=now)
    today = [request for request in requests if request.day == running.day]
    topics: dict[str, Any] = {
        "balance": balance,
        "limits": _limits(config),
        "lock": lock and lock.model_dump(mode="json") if lock is None or lock.since <= now else None,
        "session": session and _session(session),
        "request": {
            "open": _request(opened, now=now),
            "last": _request(next((each for each in requests if each is not opened), None), now=now),
            "may_ask_at": rules.may_ask_at(today, day_ends_at=running.until, now=now),
        },
        "grants": [_grant(grant) for grant in grants[:MAX_GRANTS]],
    }
    moments: list[datetime | None] = [running.until]
    if opened:
        moments.append(opened.expires_at)
    if session:
        moments.append(session.last_heartbeat_at + SILENCE)
    if lock:
        moments.append(lock.until if lock.since <= now else lock.since)
    moments += [_moment(balance.get(name)) for name in ("closes_at", "opens_at")]
    wakes_at = min((moment for moment in moments if moment is not None and moment > now), default=None)
    return State(profile.id, topics, now=now, wakes_at=wakes_at)


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _request(request: TimeRequest | None, *, now: datetime) -> dict[str, object] | None:
    # Without names: a player's stream has the same.
    return None if request is None else reading.shown(request, with_names=False, now=now).model_dump(mode="json")


def _limits(config: ViewingTimeConfig) -> dict[str, object]:
    columns = ("weekday_limit_minutes", "weekend_limit_minutes", "reset_hour", "educational_exempt", "timezone")
    return {name: getattr(config, name) for name in (*columns, "plan_version")}


def _session(session: ViewingSession) -> dict[str, object]:
    return {
        "session_id": session.id,
        "device_id": session.device_id,
        "device_type": session.device_type,
        "title_id": session.title_id,
        "started_at": session.started_at,
        "last_heartbeat_at": session.last_heartbeat_at,
        "is_paused": session.paused_at is not None,
    }


def _grant(grant: TimeGrant) -> dict[str, object]:
    by_request = hasattr(grant, "request")
    return {
        "grant_id": grant.id,
        "minutes": grant.minutes,
        "granted_at": grant.granted_at,
        "taken_back_at": grant.taken_back_at,
        "via": "request" if by_request else "parent" if grant.is_remote else "device",
    }
