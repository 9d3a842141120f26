"""`manage.py seed_demo`: a plausible demo, made once, and continued later."""

from collections import defaultdict
from datetime import timedelta
from io import StringIO
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.hashers import check_password
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import TestCase, override_settings
from django.utils import timezone

from parental.demo.families.seeding import seed
from parental.models import Pin, User
from viewing import rules
from viewing.models import EndReason, Profile, Title, ViewingSession, ViewingTimeBalance, ViewingTimeConfig

MODELS = (User, Pin, Title, Profile, ViewingTimeConfig, ViewingSession, ViewingTimeBalance)


def rows():
    """Everything that seeding writes, to the last column: per model, its rows by primary key."""
    return {model: {row[model._meta.pk.attname]: row for row in model.objects.values()} for model in MODELS}


def child() -> Profile:
    return Profile.objects.get(user__email="parent@example.com", name="Mia")


def check_history(now):
    """What must hold of every history, whenever and however often it was written."""
    profiles = Profile.objects.select_related("config").prefetch_related("sessions", "balances")
    for profile in profiles:
        schedule = rules.Schedule(profile.config.timezone, profile.config.reset_hour)
        sessions = sorted(profile.sessions.all(), key=lambda session: session.started_at)
        sums = defaultdict(lambda: [0, 0])
        for session in sessions:
            assert session.end_reason == EndReason.ENDED
            assert session.started_at <= session.last_heartbeat_at < session.ended_at <= now
            assert session.total_seconds > 0
            assert not session.counted_seconds % 30
            assert not session.exempt_seconds % 30
            assert session.last_heartbeat_at - session.started_at == timedelta(seconds=session.total_seconds - 30)
            assert rules.viewing_day(schedule, now=session.started_at) == session.day
            assert rules.viewing_day(schedule, now=session.ended_at) == session.day
            assert session.is_educational == session.title.is_educational
            sums[session.day][0] += session.counted_seconds
            sums[session.day][1] += session.total_seconds if session.is_educational else 0
        assert all(one.ended_at < other.started_at for one, other in pairwise(sessions))
        held = {balance.day: [balance.used_seconds, balance.educational_seconds] for balance in profile.balances.all()}
        assert held == (sums if profile.is_kids else {})
        for day, (used, _) in held.items():
            limit = profile.config.limit_minutes(day)
            assert limit is None or used <= limit * 60


@pytest.mark.slow
class SeedDemo(TestCase):
    """One seeded database for all tests of this class."""

    @classmethod
    def setUpTestData(cls):
        cls.now = timezone.now()
        seed(now=cls.now)

    def test_the_accounts_can_log_in_and_have_a_pin(self):
        parent, staff = (User.objects.get(email=f"{name}@example.com") for name in ("parent", "staff"))

        assert parent.check_password("sandglass-demo")
        assert check_password("1234", parent.pin.pin_hash)
        assert (staff.password, staff.pin.pin_hash) == (parent.password, parent.pin.pin_hash)
        assert (parent.is_staff, parent.is_superuser, staff.is_staff, staff.is_superuser) == (False, False, True, True)

    def test_several_families_in_several_zones_and_sixty_titles(self):
        owners = User.objects.filter(profiles__is_kids=True).distinct()
        configs = ViewingTimeConfig.objects.select_related("profile")

        assert owners.count() >= 5
        assert len({config.timezone for config in configs}) >= 5
        assert all(ZoneInfo(config.timezone) for config in configs)
        assert Profile.objects.filter(is_kids=False).exists()
        assert all(
            (config.weekday_limit_minutes, config.weekend_limit_minutes) == (None, None)
            for config in configs
            if not config.profile.is_kids
        )
        assert Title.objects.count() == 60
        assert 10 <= Title.objects.filter(is_educational=True).count() <= 30

    def test_five_weeks_of_history_that_add_up(self):
        check_history(self.now)
        days = {session.day for session in child().sessions.all()}

        assert 20 <= len(days) <= 36
        assert min(days) <= self.now.date() - timedelta(days=28)
        assert min(child().sessions.all(), key=lambda session: session.started_at).started_at > child().created_at

    def test_a_second_time_changes_nothing(self):
        before = rows()

        written = seed(now=self.now + timedelta(seconds=1))

        assert rows() == before
        assert written.new_sessions == 0

    def test_some_days_later_the_days_since_are_added(self):
        before = rows()
        later = self.now + timedelta(days=3)

        seed(now=later)

        after = rows()
        assert all(after[model].items() >= before[model].items() for model in MODELS)
        assert len(after[ViewingSession]) > len(before[ViewingSession])
        check_history(later)

    def test_what_someone_watched_or_was_granted_since_stays_as_it_is(self):
        later = self.now + timedelta(days=2)
        schedule = rules.Schedule("Europe/Berlin", 6)
        granted = ViewingTimeBalance.objects.create(
            profile=child(), day=rules.viewing_day(schedule, now=later), granted_seconds=900
        )

        seed(now=later)

        assert child().balances.order_by("-day").first() == granted
        assert not child().sessions.filter(day=granted.day).exists()

    def test_a_profile_that_was_deleted_comes_back(self):
        child().sessions.all().delete()
        child().delete()

        seed(now=self.now)

        assert child().sessions.exists()
        check_history(self.now)


@pytest.mark.django_db
def test_the_command_says_how_to_log_in():
    out = StringIO()

    with override_settings(DEBUG=True):
        call_command("seed_demo", stdout=out)

    assert "parent@example.com" in out.getvalue()
    assert "60 titles" in out.getvalue()


@pytest.mark.django_db
def test_it_is_refused_when_debug_is_off():
    with pytest.raises(CommandError, match="DEBUG is off"):
        call_command("seed_demo")

    assert not User.objects.filter(email="parent@example.com").exists()


@pytest.mark.django_db
def test_an_address_that_someone_else_has_is_left_to_them():
    stranger = User.objects.create_user("parent@example.com")

    with pytest.raises(CommandError, match="already registered"):
        seed(now=timezone.now())

    assert list(User.objects.filter(email__endswith="@example.com", profiles=None, pin=None)) == [stranger]
