"""ReconcileRun moved from perfmetrics to viewing: its rows and the permissions on it go both ways with it."""

from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection

from tests.families import make_user
from viewing.reports.models import ReconcileRun


def migrate_back():
    """To the state before the move, in both apps."""
    call_command("migrate", "perfmetrics", "0001_figures", verbosity=0)
    ContentType.objects.clear_cache()


@pytest.fixture
def stored(committed):
    """A run that is stored, and staff who may view runs."""
    run = ReconcileRun.objects.create(
        ran_at=datetime(2031, 5, 14, 12, tzinfo=UTC),
        day=date(2031, 5, 13),
        profiles_checked=1,
        sessions_checked=2,
        differing_profiles=0,
        difference_seconds=0,
        duration_ms=5,
    )
    staff = make_user(is_staff=True)
    staff.user_permissions.add(Permission.objects.get(content_type__app_label="viewing", codename="view_reconcilerun"))
    yield run, staff
    call_command("migrate", verbosity=0)
    ContentType.objects.clear_cache()
    run.delete()


def stored_days():
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, day FROM perfmetrics_reconcilerun")
        return cursor.fetchall()


def apps_with_permissions(staff):
    return list(staff.user_permissions.values_list("content_type__app_label", "codename"))


def test_rows_and_permissions_survive_both_directions(stored):
    run, staff = stored

    migrate_back()
    assert (run.id, run.day) in stored_days()
    assert apps_with_permissions(staff) == [("perfmetrics", "view_reconcilerun")]

    call_command("migrate", verbosity=0)
    assert ReconcileRun.objects.get(id=run.id) == run
    assert apps_with_permissions(staff) == [("viewing", "view_reconcilerun")]


@pytest.mark.parametrize("app", ["viewing", "perfmetrics"])
def test_only_one_content_type_is_left_where_apps_are_migrated_one_by_one(stored, app):
    migrate_back()
    call_command("migrate", app, verbosity=0)
    call_command("migrate", verbosity=0)

    assert list(ContentType.objects.filter(model="reconcilerun").values_list("app_label", flat=True)) == ["viewing"]


@pytest.mark.parametrize(("app", "target"), [("viewing", "0006"), ("perfmetrics", "0002")])
def test_the_table_is_left_alone(committed, capsys, app, target):
    call_command("sqlmigrate", app, target)

    written = capsys.readouterr().out
    assert "(no-op)" in written
    assert "TABLE" not in written
    assert "INDEX" not in written
