"""An account's profiles: create and list them (docs/contract.md#profiles), rename and remove them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone as django_timezone

from parental.children.limits import first_plan_version
from parental.events.record import Actor, for_parent, record
from parental.models import User
from viewing import rules
from viewing.errors import Refusal
from viewing.hotpath import invalidation
from viewing.hotpath.site import site_settings
from viewing.models import PlayerToken, Profile, ViewingSession, ViewingTimeBalance, ViewingTimeConfig, limit_columns
from viewing.outbox.outbox import Subject, happened

MAX_PROFILES: Final = 20


def for_account(user_id: UUID) -> list[Profile]:
    """The account's profiles with their settings, in the order they were made; by profile_user_created_idx."""
    return list(Profile.objects.filter(user_id=user_id).select_related("config").order_by("created_at", "id"))


@dataclass(frozen=True, slots=True)
class ListedProfile:
    """A profile as the API lists it."""

    id: UUID
    name: str
    avatar_url: str | None
    is_kids: bool
    session_count: int


def listing(user_id: UUID) -> list[ListedProfile]:
    """The account's profiles in the order they were made, with how many sessions each has; one statement.

    Indexes: profile_user_created_idx, and session_profile_started_idx for each profile's count.
    """
    return [_listed(profile, profile.session_count) for profile in _with_session_count(user_id)]


def _with_session_count(user_id: UUID) -> QuerySet[Any]:
    # By the unnamed group of one profile: a join would group over every column of the profiles.
    counted = ViewingSession.objects.filter(profile=OuterRef("pk")).order_by().values("profile").annotate(n=Count("*"))
    profiles = Profile.objects.filter(user_id=user_id).order_by("created_at", "id")
    return profiles.annotate(session_count=Coalesce(Subquery(counted.values("n")), 0))


@transaction.atomic
def create(  # noqa: PLR0913 — by name
    user_id: UUID, *, name: str, is_kids: bool, avatar_url: str, timezone: str, profile_id: UUID | None = None
) -> ListedProfile:
    """A profile with its settings: a child's has the site's default limits. Refusal 409: too many profiles.

    With a `profile_id` that the account's own profile has already, nothing is made: a form was sent twice.
    """
    # Locked, so that parallel calls cannot pass the bound together.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user_id)
    if profile_id is not None and (before := Profile.objects.filter(pk=profile_id).first()) is not None:
        if before.user_id == user_id:
            return _listed(before, 0)
        profile_id = None  # another account's: nothing shows that there is one
    new = NewProfile(name=name, is_kids=is_kids, avatar_url=avatar_url, timezone=timezone, id=profile_id or uuid4())
    (profile,) = make(user_id, [new], count=Profile.objects.filter(user_id=user_id).count(), actor=for_parent(user_id))
    return _listed(profile, 0)


@dataclass(frozen=True, slots=True)
class NewProfile:
    """A profile to be made; `external_id` is the platform's own id of it."""

    name: str
    is_kids: bool
    avatar_url: str
    timezone: str
    external_id: str | None = None
    id: UUID = field(default_factory=uuid4)


def make(user_id: UUID, new: Sequence[NewProfile], *, count: int, actor: Actor) -> list[Profile]:
    """Profiles with their settings, in two statements, for an account that the caller's transaction holds.

    `count`: how many the account has. Refusal 409: too many profiles.
    """
    if not new:
        return []
    if count + len(new) > MAX_PROFILES:
        raise Refusal("too_many", f"An account can have at most {MAX_PROFILES} profiles")
    site = site_settings()
    plan_version = first_plan_version(user_id, now=django_timezone.now()) if any(one.is_kids for one in new) else 0
    made = [
        Profile(
            pk=one.id,
            user_id=user_id,
            name=one.name,
            is_kids=one.is_kids,
            avatar_url=one.avatar_url,
            external_id=one.external_id,
        )
        for one in new
    ]
    Profile.objects.bulk_create(made)
    ViewingTimeConfig.objects.bulk_create(
        ViewingTimeConfig(
            profile=profile,
            **limit_columns(site.default_limits if profile.is_kids else rules.NO_LIMITS),
            reset_hour=site.default_reset_hour,
            timezone=one.timezone,
            plan_version=plan_version if profile.is_kids else 0,
        )
        for profile, one in zip(made, new, strict=True)
    )
    for profile in made:
        report(profile, "profile.created", actor=actor, now=profile.created_at)
    return made


def report(profile: Profile, event_type: str, *, actor: Actor, now: datetime) -> None:
    """Write that a profile came or went into the outbox, in the transaction that decides it."""
    happened(
        event_type,
        Subject(profile.user_id, profile.pk),
        data={"is_kids": profile.is_kids},
        actor=actor.for_outbox(),
        now=now,
    )


def rename(profile_id: UUID, name: str) -> None:
    """Change a profile's name. The caller has checked whose it is; no cache holds the name."""
    Profile.objects.filter(pk=profile_id).update(name=name)


def remove(profile_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Delete a profile with all that it watched, its settings, grants and devices; again, nothing happens.

    The caller has checked whose profile it is. A device that begins to play during it makes the first try fail.
    """
    try:
        _remove(profile_id, actor=actor, now=now)
    except IntegrityError:
        _remove(profile_id, actor=actor, now=now)


@transaction.atomic
def _remove(profile_id: UUID, *, actor: Actor, now: datetime) -> None:
    profile = Profile.objects.select_for_update(no_key=True).filter(pk=profile_id).first()
    if profile is None:
        return
    tokens = PlayerToken.objects.filter(profile=profile, revoked_at=None)
    for token_hash in tokens.values_list("token_hash", flat=True):
        invalidation.player_token_changed(bytes(token_hash))
    invalidation.profile_changed(profile_id)
    # In the writer's order, so that a beat under way cannot deadlock with us.
    ViewingSession.objects.filter(profile=profile).delete()
    ViewingTimeBalance.objects.filter(profile=profile).delete()
    user_id = profile.user_id
    report(profile, "profile.removed", actor=actor, now=now)
    profile.delete()
    # Nothing of the child is left, not even the name; the entry belongs to the account.
    record("profile_removed", user_id=user_id, actor=actor, now=now)


def _listed(profile: Profile, session_count: int) -> ListedProfile:
    return ListedProfile(
        id=profile.id,
        name=profile.name,
        avatar_url=profile.avatar_url or None,
        is_kids=profile.is_kids,
        session_count=session_count,
    )
