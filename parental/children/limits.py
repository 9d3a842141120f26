"""A child's limits, and when their days turn: read, changed by a parent, audited (docs/contract.md#limits).

A moved reset never gives a second allowance: `rules.hold` keeps the running viewing day, and its three columns are
written with the change.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

from django.db import transaction

from parental.events.record import Actor, for_parent
from parental.models import SettingsChange
from parental.tokens.pin_tokens import proves_pin
from viewing import rules
from viewing.caller import Caller, obtain_profile
from viewing.errors import Refusal, access_denied
from viewing.hotpath import invalidation
from viewing.hotpath.site import site_settings
from viewing.models import FamilyCalendar, PlanException, Profile, ViewingTimeConfig, limit_columns
from viewing.outbox.outbox import Subject, happened
from viewing.profile import Profile as PlayerProfile
from viewing.rules.documents import weekdays_from_mask
from viewing.rules.weeks import least

# In the order of docs/contract.md#limits, in which a refusal names them.
SETTINGS: Final = ("weekday_limit_minutes", "weekend_limit_minutes", "reset_hour", "educational_exempt", "timezone")
LIMITS: Final = ("weekday_limit_minutes", "weekend_limit_minutes")
STEP_MINUTES: Final = 15
# What the audit calls it when a parent looked at the defaults and left them as they are.
CONFIRMED: Final = "confirmed"


async def obtain_child(caller: Caller, profile_id: UUID) -> PlayerProfile:
    """The kids profile when the caller may use it. Refusal 403 as `obtain_profile`; 422 for an adult's."""
    profile = await obtain_profile(caller, profile_id)
    if not profile.is_kids:
        raise Refusal("not_kids")
    return profile


def read(profile_id: UUID, *, now: datetime) -> ViewingTimeConfig:
    """The child's settings, one statement; made with the site's defaults where there are none."""
    return ViewingTimeConfig.objects.filter(pk=profile_id).first() or _make(profile_id, now=now)


@transaction.atomic
def change(
    profile_id: UUID, *, user_id: UUID, settings: Mapping[str, object], pin_token: str | None, now: datetime
) -> ViewingTimeConfig:
    """Change the child's settings to the given valid values; those that it has already are no change.

    Refusal 422: a limit between the steps; 403, and nothing is changed: no proof of the PIN for what needs it.
    """
    _check_steps(settings)
    config = lock_settings(profile_id, now=now)
    changed = _differing(config, settings)
    guarded = [name for name in changed if needs_pin(name, config)]
    if guarded and not proves_pin(user_id, pin_token):
        raise Refusal("pin_required", f"Valid PIN token required to change: {', '.join(guarded)}")
    if changed:
        _write(config, changed, family_id=user_id, actor=for_parent(user_id), now=now)
    return config


@transaction.atomic
def correct(profile_id: UUID, *, user_id: UUID, settings: Mapping[str, object], now: datetime) -> None:
    """Staff change a child's settings to the given valid values, without a PIN. The family's audit shows it."""
    config = lock_settings(profile_id, now=now)
    if changed := _differing(config, settings):
        family_id = Profile.objects.values_list("user_id", flat=True).get(pk=profile_id)
        _write(config, changed, family_id=family_id, actor=Actor("staff", user_id), now=now)


def _differing(config: ViewingTimeConfig, settings: Mapping[str, object]) -> dict[str, object]:
    return {name: settings[name] for name in SETTINGS if name in settings and settings[name] != getattr(config, name)}


@transaction.atomic
def confirm(profile_id: UUID, *, user_id: UUID, now: datetime) -> None:
    """Record in the audit that a parent reviewed a child's settings, unless a review or a change is there already."""
    lock_settings(profile_id, now=now)
    if not SettingsChange.objects.filter(profile_id=profile_id).exclude(field="exception").exists():
        SettingsChange.objects.create(
            profile_id=profile_id, changed_by_id=user_id, field=CONFIRMED, new_value=True, changed_at=now
        )


def _check_steps(settings: Mapping[str, object]) -> None:
    wanted = [settings.get(name) for name in LIMITS]
    if any(minutes % STEP_MINUTES for minutes in wanted if isinstance(minutes, int)):
        raise Refusal("invalid", f"Limits are set in steps of {STEP_MINUTES} minutes")


def lock_settings(profile_id: UUID, *, now: datetime) -> ViewingTimeConfig:
    """The child's settings, locked for the transaction; made where there are none."""
    locked = ViewingTimeConfig.objects.select_for_update(no_key=True)
    config = locked.filter(pk=profile_id).first()
    if config is None:
        _make(profile_id, now=now)
        config = locked.get(pk=profile_id)
    return config


@transaction.atomic
def _make(profile_id: UUID, *, now: datetime) -> ViewingTimeConfig:
    # The cache may know a profile that was deleted just now.
    profile = Profile.objects.select_for_update(no_key=True).filter(pk=profile_id).first()
    if profile is None:
        raise access_denied()
    site = site_settings()
    # Until now its days turned by the rules' own defaults: the site's may be another hour.
    schedule = rules.hold(
        rules.Schedule(), timezone=rules.DEFAULT_TIMEZONE, reset_hour=site.default_reset_hour, now=now
    )
    defaults: dict[str, object] = {
        **limit_columns(site.default_limits),
        **_columns(schedule),
    }
    invalidation.profile_changed(profile_id)
    defaults["plan_version"] = first_plan_version(profile.user_id, now=now)
    return ViewingTimeConfig.objects.get_or_create(pk=profile_id, defaults=defaults)[0]


def first_plan_version(user_id: UUID, *, now: datetime) -> int:
    """That of a new child: 1 where the family's calendar or an exception for every child already means something."""
    has_calendar = FamilyCalendar.objects.filter(pk=user_id).exists()
    # Two days ago it is yesterday everywhere.
    running = PlanException.objects.filter(user_id=user_id, profile=None, to_date__gte=now.date() - timedelta(days=2))
    return int(has_calendar or running.exists())


def needs_pin(name: str, config: ViewingTimeConfig) -> bool:
    """Whether a change of this setting needs the PIN: not limits, nor the first move away from the default timezone.

    A timezone that the zone data does not know is read as the default one.
    """
    if name != "timezone" or str(rules.zone_for(config.timezone)) != rules.DEFAULT_TIMEZONE:
        return name not in LIMITS
    return SettingsChange.objects.filter(profile_id=config.pk, field=name).exists()


def _write(
    config: ViewingTimeConfig, changed: dict[str, object], *, family_id: UUID, actor: Actor, now: datetime
) -> None:
    changes = [{"field": name, "old": getattr(config, name), "new": value} for name, value in changed.items()]
    SettingsChange.objects.bulk_create(
        SettingsChange(
            profile_id=config.pk,
            changed_by_id=actor.user_id,
            field=name,
            old_value=getattr(config, name),
            new_value=value,
            changed_at=now,
        )
        for name, value in changed.items()
    )
    before = config.schedule
    columns = {**changed, "updated_at": now}
    _set(config, columns)
    if "timezone" in changed or "reset_hour" in changed:
        schedule = _columns(rules.hold(before, timezone=config.timezone, reset_hour=config.reset_hour, now=now))
        _set(config, schedule)
        columns |= schedule
    if config.plan_version:
        columns |= _plan_columns(config, changed)
        _set(config, columns)
    ViewingTimeConfig.objects.filter(pk=config.pk).update(**columns)
    invalidation.profile_changed(config.pk)
    happened(
        "limits.changed",
        Subject(family_id, config.pk),
        data={"day": rules.viewing_day(config.schedule, now=now), "changes": changes},
        actor=actor.for_outbox(),
        now=now,
    )


def _plan_columns(config: ViewingTimeConfig, changed: Mapping[str, object]) -> dict[str, object]:
    """What else a change means where there is a week plan: its next version, and the limits of single days.

    Every day of the class whose limit was changed gets it.
    """
    columns: dict[str, object] = {"plan_version": config.plan_version + 1}
    if config.day_limits is None or not changed.keys() & set(LIMITS):
        return columns
    calendar = FamilyCalendar.objects.filter(user__profiles=config.pk).first() or FamilyCalendar()
    weekend = weekdays_from_mask(calendar.weekend_days)
    given = [changed.get(LIMITS[weekday in weekend], limit) for weekday, limit in enumerate(config.day_limits)]
    first, second, third, fourth, fifth, sixth, seventh = cast("list[int | None]", given)
    return columns | day_limit_columns(rules.Limits((first, second, third, fourth, fifth, sixth, seventh)), weekend)


def day_limit_columns(limits: rules.Limits, weekend: frozenset[int]) -> dict[str, object]:
    """The columns of seven limits.

    `day_limits` is null where two say it all. Else each of the two is the least of its days, so that an app that shows
    one number promises nothing that a day does not give.
    """
    classes: list[list[int | None]] = [
        [limit for weekday, limit in enumerate(limits.by_weekday) if (weekday in weekend) is is_weekend]
        for is_weekend in (False, True)
    ]
    is_uniform = all(len(set(of_class)) == 1 for of_class in classes)
    return {
        "weekday_limit_minutes": least(*classes[0]),
        "weekend_limit_minutes": least(*classes[1]),
        "day_limits": None if is_uniform else list(limits.by_weekday),
    }


def _set(config: ViewingTimeConfig, columns: Mapping[str, object]) -> None:
    for name, value in columns.items():
        setattr(config, name, value)


def _columns(schedule: rules.Schedule) -> dict[str, object]:
    held = schedule.held
    return {
        "timezone": schedule.timezone,
        "reset_hour": schedule.reset_hour,
        "held_day": held and held.day,
        "held_since": held and held.since,
        "held_until": held and held.until,
    }
