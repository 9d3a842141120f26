"""The simulated players' families: accounts of their own that nobody can log in to, new ones for every run."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password
from django.db import transaction

from parental.demo.families.titles import ensure_titles
from parental.demo.players.ledger import Film, Planned, Viewer
from parental.models import User
from parental.plans.storage import plan_columns
from parental.tokens import opaque
from viewing.hotpath import entries
from viewing.models import PlayerToken, Profile, ViewingTimeConfig, limit_columns
from viewing.rules import Limits, viewing_day
from viewing.rules.plan import Plan

ZONES: Final = ("UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata", "Asia/Tokyo")
FAMILY_SIZE: Final = 4  # the last of them an adult
# Minutes a day, and how many of 10 children have it. With the short ones players run out of time.
LIMITS: Final = {15: 3, 30: 3, 60: 2, None: 2}
# Minutes a week: less than a day's limit, and more.
WEEK_LIMITS: Final = (15, 30, 45)
NAMES: Final = ("Ada", "Ben", "Cleo", "Dana")


@transaction.atomic
def make_cast(
    *, players: int, run_id: str, now: datetime, dice: Random, plans: float = 0
) -> tuple[list[Viewer], list[Film]]:
    """Make the profiles of a run, with their tokens, and the titles: what the players need to begin.

    `plans`: the share of children who have a week plan.
    """
    films = [Film(title.id, title.name, title.is_educational, title.duration_seconds) for title in ensure_titles()]
    families = [_family(run_id, n, now) for n in range(-(-players // FAMILY_SIZE))]
    profiles = [_profile(families[n // FAMILY_SIZE], n, now) for n in range(players)]
    configs = [_config(profile, n, now, dice) for n, profile in enumerate(profiles)]
    planned = [_plan(config, now, dice) if dice.random() < plans else None for config in configs]
    secrets = [opaque.new_opaque(opaque.PLAYER_PREFIX) for _ in profiles]
    devices = [_token(profile, secret, now) for profile, secret in zip(profiles, secrets, strict=True)]
    User.objects.bulk_create(families)
    Profile.objects.bulk_create(profiles)
    ViewingTimeConfig.objects.bulk_create(configs)
    PlayerToken.objects.bulk_create(devices)
    of_each = zip(profiles, configs, secrets, planned, strict=True)
    return [_viewer(n, *of_one) for n, of_one in enumerate(of_each)], films


def _family(run_id: str, n: int, now: datetime) -> User:
    email = f"simulated-{run_id}-{n}@players.example.com"
    return User(email=email, email_confirmed_at=now, password=make_password(None), date_joined=now)


def _profile(family: User, n: int, now: datetime) -> Profile:
    place = n % FAMILY_SIZE
    # A moment apart, so that the profiles of an account have an order.
    created_at = now + timedelta(milliseconds=place)
    return Profile(user=family, name=NAMES[place], is_kids=place < FAMILY_SIZE - 1, created_at=created_at)


def _config(profile: Profile, n: int, now: datetime, dice: Random) -> ViewingTimeConfig:
    zone = ZONES[n // FAMILY_SIZE % len(ZONES)]
    limit = dice.choices(list(LIMITS), list(LIMITS.values()))[0] if profile.is_kids else None
    return ViewingTimeConfig(
        profile=profile,
        **limit_columns(Limits.every_day(limit)),
        # Half a day away: no viewing day turns while the players play.
        reset_hour=(now.astimezone(ZoneInfo(zone)).hour + 12) % 24,
        educational_exempt=dice.random() < 0.7,
        timezone=zone,
    )


def _token(profile: Profile, secret: str, now: datetime) -> PlayerToken:
    return PlayerToken(
        profile=profile,
        device_name="Simulated player",
        token_hash=opaque.digest(secret),
        created_at=now,
        last_used_at=now,
        expires_at=now + entries.PLAYER_TOKEN_LIFETIME,
    )


def _plan(config: ViewingTimeConfig, now: datetime, dice: Random) -> Planned | None:
    """A week plan by chance, written into a child's settings; None of an adult."""
    if not config.profile.is_kids:
        return None
    kind = dice.choice(("week", "closed", "locked", "carry", "finish"))
    plan, planned = Plan(limits=config.limits), Planned()
    if kind == "week":
        minutes = dice.choice(WEEK_LIMITS)
        plan, planned = replace(plan, week_limit=minutes), Planned(week_limit_seconds=minutes * 60)
    elif kind == "closed":
        plan, planned = replace(plan, windows=((),) * 7), Planned(reason="outside_hours")
    elif kind == "locked":
        config.locked_at, planned = now, Planned(reason="locked")
    elif kind == "carry":
        # Nothing was watched before, and what was not before today does not count: the limit stays as it is.
        plan = replace(plan, carry_max=30, carry_since=viewing_day(config.schedule, now=now))
    else:
        plan, planned = replace(plan, finish_title=15), Planned(finish_seconds=15 * 60)
    for name, value in plan_columns(plan).items():
        setattr(config, name, value)
    config.plan_version = 1
    return planned


def _viewer(number: int, profile: Profile, config: ViewingTimeConfig, token: str, plan: Planned | None) -> Viewer:
    limit = config.weekday_limit_minutes
    return Viewer(
        number=number,
        profile_id=profile.id,
        token=token,
        is_kids=profile.is_kids,
        limit_seconds=None if limit is None else limit * 60,
        is_exempt=config.educational_exempt,
        plan=plan,
    )
