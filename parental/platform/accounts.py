"""Accounts and profiles as the platform brings them, by its own ids (docs/contract.md#platform)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from parental.children import profiles
from parental.children.profiles import NewProfile
from parental.events.record import PLATFORM, record
from parental.models import User
from parental.platform import sql
from parental.platform.schemas import PlatformAccountIn, PlatformProfileIn
from parental.privacy import erasures
from parental.tokens import families, players
from parental.tokens.players import IssuedToken
from viewing.errors import Refusal
from viewing.models import Profile


@dataclass(frozen=True, slots=True)
class Account:
    """An account and its profiles, the oldest first."""

    account_id: UUID
    email: str | None
    profiles: list[Profile]


@transaction.atomic
def put(external_id: str, body: PlatformAccountIn, *, now: datetime) -> tuple[Account, bool]:
    """Make the account, or change what differs; and whether it was made.

    Refusal 409: another account has the address (`taken`), a profile would change between child and adult
    (`kids_fixed`), too many profiles, or it is to be erased (`erasing`); 403: the account belongs to staff.
    """
    user_id = uuid.uuid4()
    is_made = sql.insert_account(
        id_=user_id, password=make_password(None), email=body.email, external_id=external_id, now=now
    )
    if is_made:
        record("registered", user_id=user_id, actor=PLATFORM, now=now, via="platform")
        made, _changed = _put_profiles(user_id, [], body)
        return Account(user_id, body.email, made), True
    user = _locked(external_id)
    email_changed = "email" in body.model_fields_set and _change_email(user, body.email)
    every = list(Profile.everyone.filter(user=user).order_by("created_at", "id"))
    _refuse_erasing(every, body)
    existing = [profile for profile in every if profile.erase_at is None]
    made, changed = _put_profiles(user.pk, existing, body)
    if made or changed or email_changed:
        record(
            "account_updated",
            user_id=user.pk,
            actor=PLATFORM,
            now=now,
            made=len(made),
            changed=changed,
            is_email_changed=email_changed,
        )
    return Account(user.pk, user.email, existing + made), False


@transaction.atomic
def put_if_missing(external_id: str, *, now: datetime) -> None:
    """Make an account without an address for a subject of the platform's own login, unless there is one."""
    user_id = uuid.uuid4()
    is_made = sql.insert_account(
        id_=user_id, password=make_password(None), email=None, external_id=external_id, now=now
    )
    if is_made:
        record("registered", user_id=user_id, actor=PLATFORM, now=now, via="oidc")


def _locked(external_id: str) -> User:
    user = User.objects.select_for_update(no_key=True).filter(external_id=external_id).first()
    if user is None:  # so it was the address that stood in the way
        raise Refusal("taken")
    if user.is_staff or user.is_superuser:
        raise Refusal("access_denied", "Account access denied")
    if not user.is_active and erasures.is_planned(user.pk):
        raise Refusal("erasing")
    return user


def _refuse_erasing(every: Sequence[Profile], body: PlatformAccountIn) -> None:
    hidden = {profile.external_id for profile in every if profile.erase_at is not None}
    if any(sent.external_id in hidden for sent in body.profiles):
        raise Refusal("erasing")


def _change_email(user: User, email: str | None) -> bool:
    if user.email == email:
        return False
    user.email = email
    try:
        with transaction.atomic():
            user.save(update_fields=["email"])
    except IntegrityError as error:
        raise Refusal("taken") from error
    families.invalidate_account(user)
    return True


def _profiles(user_id: UUID) -> list[Profile]:
    return list(Profile.objects.filter(user_id=user_id).order_by("created_at", "id"))


def _put_profiles(user_id: UUID, existing: Sequence[Profile], body: PlatformAccountIn) -> tuple[list[Profile], int]:
    """The profiles that were made, and how many were changed."""
    present = {profile.external_id: profile for profile in existing}
    changed = [_change(present[sent.external_id], sent) for sent in body.profiles if sent.external_id in present]
    new = [
        NewProfile(
            name=sent.name,
            is_kids=sent.is_kids,
            avatar_url=sent.avatar_url or "",
            timezone=sent.timezone or body.timezone,
            external_id=sent.external_id,
        )
        for sent in body.profiles
        if sent.external_id not in present
    ]
    return profiles.make(user_id, new, count=len(existing), actor=PLATFORM), sum(changed)


def _change(profile: Profile, sent: PlatformProfileIn) -> bool:
    """Whether the name or the avatar differed. The time zone is the parents' to change; no cache holds these two."""
    if "is_kids" in sent.model_fields_set and sent.is_kids != profile.is_kids:
        raise Refusal("kids_fixed")
    values: Final = {"name": sent.name}
    if "avatar_url" in sent.model_fields_set:
        values["avatar_url"] = sent.avatar_url or ""
    differing = {column: value for column, value in values.items() if getattr(profile, column) != value}
    for column, value in differing.items():
        setattr(profile, column, value)
    if differing:
        profile.save(update_fields=list(differing))
    return bool(differing)


def get(external_id: str) -> Account:
    """Refusal 404."""
    user = User.objects.filter(external_id=external_id).first()
    if user is None or (not user.is_active and erasures.is_planned(user.pk)):
        raise Refusal("not_found", "Account not found")
    return Account(user.pk, user.email, _profiles(user.pk))


def issue_player_token(account: str, profile: str, *, device_name: str, now: datetime) -> IssuedToken:
    """A player token without a PIN, for the platform vouches for the device. Refusal 404."""
    found = Profile.objects.filter(external_id=profile, user__external_id=account).first()
    if found is None:
        raise Refusal("not_found", "Profile not found")
    return players.issue_for_platform(found.user_id, found.pk, device_name=device_name, now=now)
