"""The audit's table on a live database: made and taken back while heartbeats go on."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connection

from parental.models import User
from tests.families import make_child, make_title
from tests.load import closed_loop

pytestmark = pytest.mark.slow

BEFORE, AFTER = "0004_settings_changes", "0005_audit_entries"


def has_table():
    return "parental_auditentry" in connection.introspection.table_names()


@pytest.fixture
def children(committed):
    """Made on today's tables: later migrations add columns to those of accounts."""
    title = make_title()
    return [make_child(title=title) for _ in range(10)]


@pytest.fixture
def without_audit(children):
    call_command("migrate", "parental", BEFORE, verbosity=0)
    yield
    call_command("migrate", verbosity=0)  # and those that came later


def test_the_table_is_made_and_taken_back_under_load(without_audit, children, service):
    assert not has_table()

    with ThreadPoolExecutor(1) as threads:
        load = threads.submit(asyncio.run, closed_loop(service.url, children, beats_each=100))
        while not load.done():
            call_command("migrate", "parental", AFTER, verbosity=0)
            assert has_table()
            call_command("migrate", "parental", BEFORE, verbosity=0)
            assert not has_table()
        result = load.result()

    assert result.statuses == {200: 1000}
    assert set(result.answered.values()) == {100}


def test_accounts_without_an_address_do_not_keep_a_release_from_being_taken_back(committed):
    user = User.objects.create(email=None, external_id="account-1")
    try:
        call_command("migrate", "parental", "0006_logins", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("SELECT email FROM parental_user WHERE id = %s", [user.pk])
            assert cursor.fetchone() == (f"{user.pk}@without-address.invalid",)
    finally:
        call_command("migrate", verbosity=0)
