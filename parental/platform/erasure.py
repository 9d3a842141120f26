"""Erasing and restoring by the platform's own ids."""

from datetime import datetime
from uuid import UUID

from parental.events.record import PLATFORM
from parental.models import User
from parental.privacy import erasures
from parental.privacy.erasures import Planned
from viewing.errors import Refusal
from viewing.models import Profile


def _account_id(account: str) -> UUID:
    found = User.objects.filter(external_id=account).values_list("pk", flat=True).first()
    if found is None:
        raise Refusal("not_found", "Account not found")
    return found


def _profile_ids(account: str, profile: str) -> tuple[UUID, UUID]:
    """The ids of the account and of the profile, which may be hidden."""
    found = Profile.everyone.filter(external_id=profile, user__external_id=account)
    ids = found.values_list("user_id", "pk").first()
    if ids is None:
        raise Refusal("not_found", "Profile not found")
    return ids


def erase_account(account: str, *, now: datetime) -> Planned:
    """Refusal 404; 403: staff's."""
    return erasures.ask_for_account(_account_id(account), actor=PLATFORM, now=now)


def restore_account(account: str, *, now: datetime) -> None:
    """Refusal 404: nothing is planned; 409: it has begun."""
    erasures.restore_account(_account_id(account), actor=PLATFORM, now=now)


def erase_profile(account: str, profile: str, *, now: datetime) -> Planned:
    """Refusal 404."""
    return erasures.ask_for_profile(*_profile_ids(account, profile), actor=PLATFORM, now=now)


def restore_profile(account: str, profile: str, *, now: datetime) -> None:
    """Refusal 404: nothing is planned; 409: it has begun."""
    erasures.restore_profile(*_profile_ids(account, profile), actor=PLATFORM, now=now)
