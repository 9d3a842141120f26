"""Migrations on a live database: beats go on while they run, and an interrupted one recovers."""

import asyncio
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from tests import processes
from tests.families import make_child, make_title
from tests.load import closed_loop
from viewing.models import ViewingSession

pytestmark = pytest.mark.slow

INDEX = "session_profile_started_idx"
BEFORE, AFTER = "0001_viewing_time", "0005_autovacuum_of_hot_rows"
# Those of them that change the tables of heartbeats. This version's beats need none of what they make.
OF_HOT_TABLES = ("0002_session_profile_started_index", "0003_room_on_hot_pages", "0005_autovacuum_of_hot_rows")


def migrate(target):
    call_command("migrate", "viewing", target, verbosity=0)


def run_alone(name, *, backwards=False):
    """One migration, while those that came later stay: this version's beats need their columns."""
    loader = MigrationLoader(connection)
    migration, state = loader.get_migration("viewing", name), loader.project_state(("viewing", name), at_end=False)
    with connection.schema_editor(atomic=migration.atomic) as editor:
        (migration.unapply if backwards else migration.apply)(state, editor)


@pytest.fixture
def many_sessions(committed):
    """Enough of them that their index takes a while to build."""
    child = make_child()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO viewing_viewingsession (id, profile_id, title_id, device_id, device_type, is_educational, day,"
            " started_at, last_heartbeat_at, ended_at, end_reason, counted_seconds, exempt_seconds, first_sequence,"
            " last_sequence) SELECT gen_random_uuid(), %s, %s, 'tv', 'tv', false, '2026-01-01', at, at, at, 'ended',"
            " 30, 0, -1, -1 FROM (SELECT now() - n * interval '1 minute' AS at FROM generate_series(1, 100000) n) s",
            [child.profile.id, child.title.id],
        )
    yield
    ViewingSession.objects.filter(profile=child.profile).delete()


@pytest.fixture
def without_index(many_sessions):
    """The schema before the index."""
    try:
        migrate(BEFORE)
        yield
    finally:
        call_command("migrate", verbosity=0)  # and those that came later


@pytest.fixture
def without_index_only(many_sessions):
    """Today's schema, without what the first migrations did to the tables of heartbeats."""
    for name in reversed(OF_HOT_TABLES):
        run_alone(name, backwards=True)
    yield
    if index_is_valid() is None:
        for name in OF_HOT_TABLES:
            run_alone(name)


def index_is_valid():
    """True or False as PostgreSQL says; None where there is no such index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname = %s", [INDEX])
        row = cursor.fetchone()
    return row and row[0]


def test_models_and_migrations_agree(committed):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_the_index_is_built_under_load(without_index_only, service):
    title = make_title()
    children = [make_child(title=title) for _ in range(30)]
    assert index_is_valid() is None

    with ThreadPoolExecutor(1) as threads:
        load = threads.submit(asyncio.run, closed_loop(service.url, children, beats_each=100))
        for name in OF_HOT_TABLES:
            run_alone(name)
        under_load = not load.done()
        result = load.result()

    assert under_load
    assert index_is_valid()
    # No failed and no refused beat, no second lost.
    assert result.statuses == {200: 3000}
    assert set(result.answered.values()) == {100}
    assert {child.balance().used_seconds for child in children} == {3000}


def test_an_interrupted_build_recovers_when_run_again(without_index):
    command = [sys.executable, "manage.py", "migrate", "viewing", AFTER]
    environment = {**os.environ, "DATABASE_URL": processes.database_url()}
    with transaction.atomic():
        ViewingSession.objects.first()  # the build waits for transactions that may still see the table as it was
        ViewingSession.objects.select_for_update(no_key=True).first()
        process = subprocess.Popen(command, cwd=processes.PROJECT, env=environment)
        while index_is_valid() is None:
            time.sleep(0.02)
        process.kill()
        process.wait()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE query LIKE 'CREATE INDEX CONCURRENTLY%%'"
            )
    assert index_is_valid() is False

    migrate(AFTER)

    assert index_is_valid()


def test_each_migration_can_be_taken_back(without_index):
    migrate(AFTER)
    migrate(BEFORE)

    assert index_is_valid() is None
