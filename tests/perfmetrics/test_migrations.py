"""A minute's values moved to one column: safe while workers of the version before run, and it can be taken back."""

from datetime import UTC, datetime

import pytest
from django.core.management import call_command

from perfmetrics.models import MinuteFigures
from perfmetrics.page import past
from tests.perfmetrics.old_version import insert_as_old_version, read_as_old_version

BEFORE = "0002_reconcile_runs_move"
MINUTE = datetime(2031, 5, 14, 12, 10, tzinfo=UTC)


@pytest.fixture
def before(committed):
    """The schema before the column."""
    MinuteFigures.objects.all().delete()
    call_command("migrate", "perfmetrics", BEFORE, verbosity=0)
    yield
    call_command("migrate", verbosity=0)
    MinuteFigures.objects.all().delete()


def heartbeats_per_second():
    (row,) = past.last_hour(now=MINUTE.timestamp() + 600).rows
    return row[1]


def test_minutes_written_before_and_by_old_workers_after_it_are_shown(before):
    insert_as_old_version(minute=MINUTE, host="before", heartbeats=600, cache_hits=0)
    call_command("migrate", verbosity=0)
    assert heartbeats_per_second() == "10"

    insert_as_old_version(minute=MINUTE, host="after", heartbeats=1200, cache_hits=0)
    assert heartbeats_per_second() == "30"


def test_it_can_be_taken_back_and_applied_again(before):
    insert_as_old_version(minute=MINUTE, host="one", heartbeats=600, p95=20.5, cache_hits=0)
    call_command("migrate", verbosity=0)
    call_command("migrate", "perfmetrics", BEFORE, verbosity=0)
    insert_as_old_version(minute=MINUTE, host="two", heartbeats=600, cache_hits=0)
    call_command("migrate", verbosity=0)

    assert heartbeats_per_second() == "20"
    assert read_as_old_version("one")["p95"] == 20.5


def test_no_row_is_rewritten(committed, capsys):
    call_command("sqlmigrate", "perfmetrics", "0003")

    statements = [line for line in capsys.readouterr().out.splitlines() if line and not line.startswith("--")]
    assert (statements[0], statements[-1]) == ("BEGIN;", "COMMIT;")
    assert len(statements) == 2 + 1 + 11
    for statement in statements[1:-1]:
        assert "ADD COLUMN \"figures\" jsonb DEFAULT '{}'::jsonb NOT NULL" in statement or "SET DEFAULT 0" in statement
