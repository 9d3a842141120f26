"""More time today: granted by a parent, from afar or with the PIN on the device, and taken back.

A grant adds to the allowance of the running viewing day and never touches what was watched (docs/contract.md#grants).
Locks are taken in the order grant, settings (for a pass only), balance; the balance, which beats wait for, last.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import QuerySet

from parental.children import limits, passes, sql, today_left
from parental.children.today_left import Left
from parental.events.record import for_caller
from parental.models import TimeGrant
from parental.pins import pins
from parental.tokens.pin_tokens import proves_pin
from viewing import rules
from viewing.caller import Caller
from viewing.errors import Refusal
from viewing.hotpath import invalidation
from viewing.models import ViewingTimeBalance, ViewingTimeConfig
from viewing.outbox.outbox import Subject, happened
from viewing.schemas import minutes_or_none

log = structlog.stdlib.get_logger(__name__)


async def is_remote(caller: Caller, *, pin: str | None, pin_token: str | None, now: datetime) -> bool:
    """Whether the caller may grant as a parent from afar; else it proved the PIN on the device.

    Refusal 403: a player gave no proof, or what was given proves nothing; for a PIN also as `pins.check`.
    """
    if pin is not None:
        await pins.check(caller, pin, now=now)
    elif pin_token is not None:
        if not await sync_to_async(proves_pin)(caller.user_id, pin_token):
            raise Refusal("pin_required")
    elif caller.kind != "parent":
        raise Refusal("pin_required", "PIN required")
    return pin is None and pin_token is None


@dataclass(frozen=True, slots=True)
class Given:
    """A grant and what is left today, in minutes; None: unlimited.

    `planned`: with a week plan, what else the answer says, and what still stands in the way.
    """

    granted_minutes: int | None
    remaining_minutes: float | None
    is_unlimited_override: bool
    grant_id: UUID
    planned: dict[str, object] = field(default_factory=dict)


@transaction.atomic
def give(  # noqa: PLR0913 — by name
    caller: Caller,
    profile_id: UUID,
    *,
    minutes: int | None,
    is_remote: bool,
    now: datetime,
    grant_id: UUID | None = None,
) -> Given:
    """Grant a child 15–120 minutes, or (None) no limit, until the next reset. `is_remote` checked that it may.

    A `grant_id` makes it safe to send again: the same grant under the same id is given once. Refusal 409: the id is
    that of another grant, or of one that was taken back.
    """
    # Not from the cache, which in another process than the one that moved a reset may be a minute old.
    config = limits.read(profile_id, now=now)
    return _give(caller, config, minutes=minutes, is_remote=is_remote, now=now, grant_id=grant_id)


@transaction.atomic
def give_despite_hours(  # noqa: PLR0913 — by name
    caller: Caller,
    profile_id: UUID,
    *,
    minutes: int | None,
    is_remote: bool,
    now: datetime,
    grant_id: UUID | None = None,
) -> Given:
    """As `give`; and for as long, hours do not matter: from now, from when they close, or from the end of a pass.

    Nothing is opened that stays open until the next reset.
    """
    config = limits.lock_settings(profile_id, now=now)
    return _give(caller, config, minutes=minutes, is_remote=is_remote, now=now, grant_id=grant_id, despite_hours=True)


def _give(  # noqa: PLR0913 — what a grant is made of
    caller: Caller,
    config: ViewingTimeConfig,
    *,
    minutes: int | None,
    is_remote: bool,
    now: datetime,
    grant_id: UUID | None,
    despite_hours: bool = False,
) -> Given:
    profile_id, day = config.pk, rules.viewing_day(config.schedule, now=now)
    columns: dict[str, Any] = {
        "profile_id": profile_id,
        "granted_by_id": caller.user_id,
        "player_token_id": caller.token_id if caller.kind == "player" else None,
        "is_remote": is_remote,
        "minutes": minutes,
        "day": day,
        "granted_at": now,
    }
    if grant_id is None:
        grant = TimeGrant.objects.create(**columns)
    else:
        # Of parallel calls with one id the later ones wait for the first one's commit, and then find its row.
        grant, is_new = TimeGrant.objects.get_or_create(pk=grant_id, defaults=columns)
        if not is_new:
            return _given_before(grant, config, minutes=minutes, now=now)
    # Not before the row is there: a request that is sent again moves the pass once.
    if despite_hours and (opened := passes.extend(config, minutes=minutes, now=now)):
        grant.opened_seconds = opened // timedelta(seconds=1)
        grant.save(update_fields=["opened_seconds"])
    fields = {"profile_id": profile_id, "grant_id": grant.id, "user_id": caller.user_id, "minutes": minutes}
    transaction.on_commit(partial(log.info, "time_granted", **fields, is_remote=is_remote))
    balance = sql.add_grant(profile_id=profile_id, day=day, seconds=(minutes or 0) * 60, unlimited=minutes is None)
    left = today_left.read(config, balance, now=now)
    _write_event("grant.made", caller, grant, left=left, now=now)
    invalidation.live_changed(profile_id)
    return Given(
        granted_minutes=minutes,
        remaining_minutes=minutes_or_none(left.remaining_seconds),
        is_unlimited_override=balance.is_unlimited_override,
        grant_id=grant.id,
        planned=left.fields,
    )


def _given_before(grant: TimeGrant, config: ViewingTimeConfig, *, minutes: int | None, now: datetime) -> Given:
    if (grant.profile_id, grant.minutes) != (config.pk, minutes) or grant.taken_back_at is not None:
        raise Refusal("grant_id_used")
    day = rules.viewing_day(config.schedule, now=now)
    found = ViewingTimeBalance.objects.filter(profile_id=config.pk, day=day).first()
    balance = found or ViewingTimeBalance(profile_id=config.pk, day=day)
    left = today_left.read(config, balance, now=now)
    return Given(
        granted_minutes=minutes,
        remaining_minutes=minutes_or_none(left.remaining_seconds),
        is_unlimited_override=balance.is_unlimited_override,
        grant_id=grant.id,
        planned=left.fields,
    )


def _write_event(event_type: str, caller: Caller, grant: TimeGrant, *, left: Left, now: datetime) -> None:
    happened(
        event_type,
        Subject(caller.user_id, grant.profile_id),
        data={
            "day": grant.day,
            "grant_id": grant.pk,
            "minutes": grant.minutes,
            "is_remote": grant.is_remote,
            "remaining_minutes": minutes_or_none(left.remaining_seconds),
            "is_unlimited_override": left.allowance.is_unlimited,
        },
        actor=for_caller(caller).for_outbox(),
        now=now,
    )


@transaction.atomic
def take_back(caller: Caller, profile_id: UUID, grant_id: UUID, *, now: datetime) -> float | None:
    """Take back the unused part of a grant of the running day: the minutes that remain (None: unlimited).

    Refusal 404: no such grant of this profile; 409: its day is over, or it was taken back before.
    """
    grant = TimeGrant.objects.select_for_update(no_key=True).filter(pk=grant_id, profile_id=profile_id).first()
    if grant is None:
        raise Refusal("not_found", "Grant not found")
    if grant.taken_back_at is not None:
        raise Refusal("taken_back")
    config = limits.read(profile_id, now=now)
    if grant.day != rules.viewing_day(config.schedule, now=now):
        raise Refusal("day_over")
    TimeGrant.objects.filter(pk=grant.pk).update(taken_back_at=now)
    if grant.opened_seconds:
        config = limits.lock_settings(profile_id, now=now)
        passes.shorten(config, timedelta(seconds=grant.opened_seconds), now=now)
    transaction.on_commit(partial(log.info, "grant_taken_back", profile_id=profile_id, grant_id=grant_id))
    # Read after the balance is locked: of two grants taken back in parallel the later one sees the earlier.
    balance = ViewingTimeBalance.objects.select_for_update(no_key=True).get(profile_id=profile_id, day=grant.day)
    allowance = today_left.read(config, balance, now=now).allowance
    if grant.minutes is not None:
        balance.granted_seconds -= allowance.unused(grant.minutes * 60)
    elif not _unlimited(profile_id, grant.day).exists():
        balance.is_unlimited_override = False
        balance.granted_seconds = allowance.granted_seconds_once_limited
    balance.save(update_fields=["granted_seconds", "is_unlimited_override"])
    left = today_left.read(config, balance, now=now)
    _write_event("grant.taken_back", caller, grant, left=left, now=now)
    invalidation.live_changed(profile_id)
    return minutes_or_none(left.remaining_seconds)


def _unlimited(profile_id: UUID, day: date) -> QuerySet[TimeGrant]:
    return TimeGrant.objects.filter(profile_id=profile_id, day=day, minutes__isnull=True, taken_back_at__isnull=True)
