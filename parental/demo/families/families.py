"""The demo's accounts: eight families in eight zones, and a member of staff. What exists is left as it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.hashers import make_password
from django.core.management.base import CommandError

from parental.demo.families.titles import demo_id
from parental.models import Pin, User
from viewing.models import Profile, ViewingTimeConfig, limit_columns
from viewing.rules import DEFAULT_LIMITS, NO_LIMITS, Limits

PARENT_EMAIL: Final = "parent@example.com"
STAFF_EMAIL: Final = "staff@example.com"
PASSWORD: Final = "sandglass-demo"  # noqa: S105 — public: everyone who runs the demo sees it
PIN: Final = "1234"


@dataclass(frozen=True, slots=True)
class Child:
    """A child and their limits."""

    name: str
    limits: Limits = DEFAULT_LIMITS
    reset_hour: int = 6
    is_exempt: bool = True


@dataclass(frozen=True, slots=True)
class Family:
    email: str
    timezone: str = "UTC"
    children: Sequence[Child] = ()
    adults: Sequence[str] = field(default=())


def _limits(weekday: int | None, weekend: int | None) -> Limits:
    return Limits.from_pair(weekday=weekday, weekend=weekend)


FAMILIES: Final = (
    Family(
        PARENT_EMAIL,
        "Europe/Berlin",
        (Child("Mia"), Child("Leo", _limits(60, 90)), Child("Noa", _limits(90, None), is_exempt=False)),
        ("Robin",),
    ),
    Family(
        "rossi@example.com",
        "Europe/Rome",
        (Child("Giulia", _limits(90, 150), 7), Child("Luca", _limits(45, 60), 7)),
        ("Marco",),
    ),
    Family(
        "miller@example.com", "America/New_York", (Child("Emma", _limits(60, 120), 5), Child("Liam")), ("Kate", "Tom")
    ),
    Family(
        "silva@example.com",
        "America/Sao_Paulo",
        (Child("Rafael", _limits(120, 240), 4), Child("Ana", _limits(30, 60))),
        ("Paula",),
    ),
    Family("sharma@example.com", "Asia/Kolkata", (Child("Aarav", _limits(75, 105), is_exempt=False),), ("Priya",)),
    Family(
        "tanaka@example.com",
        "Asia/Tokyo",
        (Child("Yui", _limits(60, 60)), Child("Haruto", _limits(90, 120), 0)),
        ("Ken",),
    ),
    Family(
        "brown@example.com",
        "Australia/Sydney",
        (Child("Olivia", _limits(None, None)), Child("Jack", _limits(15, 30))),
        ("Sam",),
    ),
    Family("haddad@example.com", "Asia/Amman", (Child("Salma", _limits(60, 120)),), ("Nadia",)),
    Family(STAFF_EMAIL),
)


def ensure_families(*, now: datetime, born: timedelta) -> list[Profile]:
    """The demo's profiles with their settings, as the database has them; missing ones are created in the past.

    Raises CommandError where someone else has one of the addresses.
    """
    _ensure_accounts(joined=now - born)
    profiles, configs = [], []
    for family in FAMILIES:
        viewers: list[Child | str] = [*family.children, *family.adults]
        for n, viewer in enumerate(viewers):
            # A second apart, so that the profiles of an account keep their order.
            profiles.append(_profile(family, viewer, created_at=now - born + timedelta(seconds=n)))
            configs.append(_config(family, viewer))
    Profile.objects.bulk_create(profiles, ignore_conflicts=True)
    ViewingTimeConfig.objects.bulk_create(configs, ignore_conflicts=True)
    ids = [profile.id for profile in profiles]
    return list(Profile.objects.filter(id__in=ids).select_related("config").order_by("id"))


def _ensure_accounts(*, joined: datetime) -> None:
    owners = dict(User.objects.filter(email__in=[family.email for family in FAMILIES]).values_list("email", "id"))
    for email, user_id in owners.items():
        if user_id != demo_id("account", email):
            raise CommandError(f"{email} is already registered: delete that account or use another database.")
    missing = [family.email for family in FAMILIES if family.email not in owners]
    if missing:
        # A hash takes 0.2 s. Everyone here has the same secrets, so two are enough.
        password, pin = make_password(PASSWORD), make_password(PIN)
        accounts = [_account(email, password, joined) for email in missing]
        User.objects.bulk_create(accounts)
        Pin.objects.bulk_create([Pin(user=account, pin_hash=pin) for account in accounts])


def _account(email: str, password: str, joined: datetime) -> User:
    is_staff = email == STAFF_EMAIL
    user_id = demo_id("account", email)
    return User(
        id=user_id,
        email=email,
        email_confirmed_at=joined,
        password=password,
        date_joined=joined,
        is_staff=is_staff,
        is_superuser=is_staff,
    )


def _name(viewer: Child | str) -> str:
    return viewer if isinstance(viewer, str) else viewer.name


def _profile(family: Family, viewer: Child | str, *, created_at: datetime) -> Profile:
    return Profile(
        id=demo_id("profile", family.email, _name(viewer)),
        user_id=demo_id("account", family.email),
        name=_name(viewer),
        is_kids=isinstance(viewer, Child),
        created_at=created_at,
    )


def _config(family: Family, viewer: Child | str) -> ViewingTimeConfig:
    if isinstance(viewer, str):
        config = ViewingTimeConfig(**limit_columns(NO_LIMITS))
    else:
        config = ViewingTimeConfig(
            **limit_columns(viewer.limits),
            reset_hour=viewer.reset_hour,
            educational_exempt=viewer.is_exempt,
        )
    config.profile_id = demo_id("profile", family.email, _name(viewer))
    config.timezone = family.timezone
    return config
