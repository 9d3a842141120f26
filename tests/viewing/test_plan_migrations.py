"""The week plan's columns on a live database: nobody waits behind their migration, and it can be taken back."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import psycopg
import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tests import processes
from tests.families import make_child
from viewing.models import FamilyCalendar, PlanException, ViewingTimeConfig

BEFORE, AFTER = "0006_reconcile_runs", "0009_plan_tables"
CONFIG = ViewingTimeConfig._meta.db_table


def migrate(target):
    try:
        call_command("migrate", "viewing", target, verbosity=0)
    finally:
        connection.close()


def columns():
    with connection.cursor() as cursor:
        return {column.name for column in connection.introspection.get_table_description(cursor, CONFIG)}


@pytest.fixture
def without_plan(committed):
    migrate(BEFORE)
    yield
    call_command("migrate", verbosity=0)  # and those that came later


@pytest.mark.slow
@pytest.mark.parametrize(("target", "is_there"), [(AFTER, True), (BEFORE, False)], ids=["made", "taken back"])
def test_nobody_waits_behind_it(without_plan, target, is_there):
    if target == BEFORE:
        migrate(AFTER)
    url = processes.database_url()
    with ThreadPoolExecutor(1) as threads, psycopg.connect(url) as reader:
        reader.execute(f"SELECT count(*) FROM {CONFIG}")  # a report, or a dump, in its transaction
        migration = threads.submit(migrate, target)
        with psycopg.connect(url, autocommit=True, options="-c lock_timeout=100ms") as heartbeats:
            for _read in range(20):
                heartbeats.execute(f"SELECT count(*) FROM {CONFIG}")
                time.sleep(0.03)
        assert not migration.done()
        reader.rollback()
        migration.result(timeout=60)
    assert ("plan_version" in columns()) is is_there


BAD_SETTINGS = {
    "a negative version": {"plan_version": -1},
    "six limits": {"day_limits": [60] * 6},
    "a limit that is too short": {"day_limits": [60, 60, 60, 60, 60, 60, 14]},
    "a limit that is too long": {"day_limits": [481, 60, 60, 60, 60, 60, None]},
    "a plan that is a list": {"plan": []},
    "a lock that ends before it begins": {
        "locked_at": timezone.now(),
        "locked_until": timezone.now() - timedelta(hours=1),
    },
    "an end of no lock": {"locked_until": timezone.now()},
}


@pytest.mark.parametrize("columns_", BAD_SETTINGS.values(), ids=BAD_SETTINGS.keys())
def test_settings_that_mean_nothing_are_refused(db, columns_):
    child = make_child()
    with pytest.raises(IntegrityError), transaction.atomic():
        ViewingTimeConfig.objects.filter(pk=child.profile.id).update(**columns_)


def test_days_without_a_limit_are_settings_that_mean_something(db):
    child = make_child()
    limits = [15, 480, None, None, None, None, None]
    ViewingTimeConfig.objects.filter(pk=child.profile.id).update(day_limits=limits, plan={"week_limit": 60})
    assert ViewingTimeConfig.objects.get(pk=child.profile.id).day_limits == limits


@pytest.mark.parametrize(("weekend_days", "week_starts_on"), [(0, 0), (127, 0), (96, 7), (96, -1)])
def test_a_calendar_without_weekend_or_week_is_refused(db, weekend_days, week_starts_on):
    user = make_child().profile.user
    with pytest.raises(IntegrityError), transaction.atomic():
        FamilyCalendar.objects.create(user=user, weekend_days=weekend_days, week_starts_on=week_starts_on)


@pytest.mark.parametrize(("to_date", "changes"), [(date(2026, 1, 1), {}), (date(2027, 1, 4), {}), (None, [])])
def test_exceptions_that_mean_nothing_are_refused(db, to_date, changes):
    from_date = date(2026, 1, 2)
    user = make_child().profile.user
    with pytest.raises(IntegrityError), transaction.atomic():
        PlanException.objects.create(
            user=user, from_date=from_date, to_date=to_date or from_date, name="x", source="manual", changes=changes
        )
