"""Asking for an account or a profile to be erased, and taking that back (docs/contract.md#erasing).

From this moment on nobody sees the subject and nothing plays as it. `erasing` deletes it when its grace is over.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction

from parental.events.record import Actor, record
from parental.models import Erasure, User
from parental.privacy.models import ErasureKind
from parental.tokens import families, players
from viewing.errors import Refusal
from viewing.hotpath import invalidation
from viewing.models import PlayerToken, Profile

PROFILE: Final = ErasureKind.PROFILE
ACCOUNT: Final = ErasureKind.ACCOUNT
# What the outbox says when it is done.
CHILD_ERASED: Final = "child.erased"
ACCOUNT_ERASED: Final = "account.erased"


@dataclass(frozen=True, slots=True)
class Planned:
    """From when on it is erased; until then it can be restored."""

    erase_at: datetime


@cache
def _hash_key(secret_key: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"sandglass erasures").derive(secret_key.encode())


def hash_of(subject_id: UUID) -> bytes:
    """What is left of an id: proof of the erasure to those who still know it."""
    mac = HMAC(_hash_key(settings.SECRET_KEY), SHA256())
    mac.update(subject_id.bytes)
    return mac.finalize()


@transaction.atomic
def ask_for_account(user_id: UUID, *, actor: Actor, now: datetime, at: datetime | None = None) -> Planned:
    """Close the account and plan its erasure (`at`: instead of after the grace); again, nothing changes.

    Refusal 404; 403: the account belongs to staff.
    """
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise Refusal("not_found", "Account not found")
    if user.is_staff or user.is_superuser:
        raise Refusal("access_denied", "Account access denied")
    if (present := _open(user_id)) is not None:
        return Planned(present.erase_at)
    erase_at = at or _after_grace(now)
    _plan(ACCOUNT, user_id, account=user, actor=actor, times=(now, erase_at))
    _hide(list(Profile.objects.filter(user=user)), erase_at=erase_at, actor=actor, now=now)
    families.end_token_families(user)
    User.objects.filter(pk=user_id).update(is_active=False)
    return Planned(erase_at)


@transaction.atomic
def ask_for_profile(
    user_id: UUID, profile_id: UUID, *, actor: Actor, now: datetime, at: datetime | None = None
) -> Planned:
    """Hide a profile of the account and plan its erasure; again, nothing changes. Refusal 404."""
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    profile = Profile.everyone.filter(pk=profile_id, user_id=user_id).first()
    if user is None or profile is None:
        raise Refusal("not_found", "Profile not found")
    if (present := _open(profile_id)) is not None:
        return Planned(present.erase_at)
    erase_at = at or _after_grace(now)
    _plan(PROFILE, profile_id, account=user, actor=actor, times=(now, erase_at))
    _hide([profile], erase_at=erase_at, actor=actor, now=now)
    return Planned(erase_at)


def _after_grace(now: datetime) -> datetime:
    return now + timedelta(days=settings.ERASE_GRACE_DAYS)


def is_planned(subject_id: UUID) -> bool:
    return Erasure.objects.filter(subject_id=subject_id, done_at__isnull=True).exists()


def _open(subject_id: UUID) -> Erasure | None:
    return Erasure.objects.select_for_update(no_key=True).filter(subject_id=subject_id, done_at__isnull=True).first()


def _plan(
    kind: ErasureKind, subject_id: UUID, *, account: User, actor: Actor, times: tuple[datetime, datetime]
) -> None:
    now, erase_at = times
    record(
        "erasure_asked",
        user_id=account.pk,
        actor=actor,
        now=now,
        kind=kind.value,
        subject_id=subject_id,
        erase_at=erase_at,
    )
    Erasure.objects.create(
        kind=kind,
        subject_id=subject_id,
        account_id=account.pk,
        subject_hash=hash_of(subject_id),
        was_active=account.is_active,
        asked_by=actor.kind,
        asked_at=now,
        erase_at=erase_at,
    )


def _hide(profiles: list[Profile], *, erase_at: datetime, actor: Actor, now: datetime) -> None:
    ids = [profile.pk for profile in profiles]
    Profile.everyone.filter(pk__in=ids).update(erase_at=erase_at)
    players.revoke_all(PlayerToken.objects.filter(profile_id__in=ids, revoked_at__isnull=True), actor=actor, now=now)
    for id_ in ids:
        invalidation.profile_changed(id_)


@transaction.atomic
def restore_account(user_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Open the account again with its profiles, but for those that were to be erased by themselves.

    Its devices and logins stay revoked. Refusal 404: nothing is planned; 409: it has begun.
    """
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    erasure = _cancel(user_id)
    if user is None or erasure is None:
        raise Refusal("not_found", "Account not found")
    hidden = Profile.everyone.filter(user=user, erase_at__isnull=False)
    own = Erasure.objects.filter(account_id=user_id, kind=PROFILE, done_at__isnull=True).values("subject_id")
    _show(list(hidden.exclude(pk__in=own).values_list("pk", flat=True)))
    User.objects.filter(pk=user_id).update(is_active=erasure.was_active)
    record("erasure_cancelled", user_id=user_id, actor=actor, now=now, kind=ACCOUNT.value, subject_id=user_id)


@transaction.atomic
def restore_profile(user_id: UUID, profile_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Show a profile again; its devices stay revoked. Refusal 404: nothing is planned; 409: it has begun."""
    User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if (account := _open(user_id)) is not None:
        raise Refusal("erasing", None if account.begun_at else "Restore the account first")
    if _cancel(profile_id) is None:
        raise Refusal("not_found", "Profile not found")
    _show([profile_id])
    record("erasure_cancelled", user_id=user_id, actor=actor, now=now, kind=PROFILE.value, subject_id=profile_id)


def _cancel(subject_id: UUID) -> Erasure | None:
    erasure = _open(subject_id)
    if erasure is not None and erasure.begun_at is not None:
        raise Refusal("erasing")
    if erasure is not None:
        Erasure.objects.filter(pk=erasure.pk).delete()
    return erasure


def _show(profile_ids: list[UUID]) -> None:
    Profile.everyone.filter(pk__in=profile_ids).update(erase_at=None)
    for id_ in profile_ids:
        invalidation.profile_changed(id_)
