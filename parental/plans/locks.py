"""A parent's "stop now" (docs/contract.md#locks). It works whether or not there are week plans."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from parental.events.record import Actor, record
from parental.plans import storage
from parental.plans.plans import lock_of
from parental.plans.schemas import LockedOut, LockIn
from viewing.errors import Refusal, access_denied
from viewing.models import Profile, ViewingTimeConfig

FURTHEST: Final = timedelta(days=7)


@transaction.atomic
def lock(user_id: UUID, body: LockIn, *, actor: Actor, now: datetime) -> list[LockedOut]:
    """Lock the children named, or all; again replaces the lock. One act on each child: any may be unlocked alone.

    Refusal 403: not the account's profile; 422: an adult's, or an end that is past or more than 7 days ahead.
    """
    since = now + timedelta(minutes=body.starts_in_minutes)
    until = since + timedelta(minutes=body.minutes) if body.minutes is not None else body.until
    if until is not None and (until.tzinfo is None or not since < until <= now + FURTHEST):
        raise Refusal("invalid", "A lock must end after it begins and within 7 days")
    locked = []
    for config in _children(user_id, body.profile_ids, now=now):
        storage.write(config, {"locked_at": since, "locked_until": until, "lock_note": body.note}, now=now)
        record("locked", user_id=user_id, actor=actor, now=now, profile_id=config.pk, since=since, until=until)
        locked.append(LockedOut(profile_id=config.pk, since=since, until=until, note=body.note))
    return locked


@transaction.atomic
def unlock(user_id: UUID, profile_ids: Collection[UUID] | None, *, actor: Actor, now: datetime) -> list[UUID]:
    """Lift the locks of the children named, or of all: the ids of those that were locked. Refusal as `lock`."""
    unlocked = []
    for config in _children(user_id, profile_ids, now=now):
        if lock_of(config, now=now) is not None:
            storage.write(config, {"locked_at": None, "locked_until": None, "lock_note": ""}, now=now)
            record("unlocked", user_id=user_id, actor=actor, now=now, profile_id=config.pk)
            unlocked.append(config.pk)
    return unlocked


def _children(user_id: UUID, profile_ids: Collection[UUID] | None, *, now: datetime) -> list[ViewingTimeConfig]:
    if profile_ids is not None:
        named = dict(Profile.objects.filter(user_id=user_id, pk__in=profile_ids).values_list("pk", "is_kids"))
        if len(named) < len(set(profile_ids)):
            raise access_denied()
        if not all(named.values()):
            raise Refusal("not_kids")
    return storage.lock_children(user_id, profile_ids, now=now)
