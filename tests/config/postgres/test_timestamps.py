"""Times from the database are parsed as Django parses them."""

from datetime import UTC, datetime

import pytest
from django.db import DataError, connection, connections
from hypothesis import given
from hypothesis import strategies as st
from psycopg.pq import Format

from config.postgres.timestamps import UtcLoader

OID = 1184  # of timestamptz


def read(text):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [text])
        return cursor.fetchone()[0]


@pytest.mark.parametrize("alias", ["default", "hotpath"])
def test_every_connection_has_the_loader_also_in_a_cursor(committed, alias):
    with connections[alias].cursor() as cursor:
        assert cursor.connection.adapters.get_loader(OID, Format.TEXT) is UtcLoader
        assert cursor.cursor.adapters.get_loader(OID, Format.TEXT) is UtcLoader
    connections[alias].close()


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [("2026-03-04 12:00:00+00", 0), ("2026-03-04 13:00:00.5+01", 500_000), ("2026-03-04 12:00:00.000001Z", 1)],
)
def test_a_time_is_utc_to_the_microsecond(committed, text, microseconds):
    found = read(text)

    assert found == datetime(2026, 3, 4, 12, 0, 0, microseconds, tzinfo=UTC)
    assert found.tzinfo is UTC


@given(st.datetimes(timezones=st.just(UTC)))
def test_it_is_what_django_parses(at):
    loader = UtcLoader(OID)
    text = at.isoformat(sep=" ").replace("+00:00", "+00")

    assert loader.load(text.encode()) == super(UtcLoader, loader).load(text.encode()) == at


@pytest.mark.parametrize("text", ["infinity", "-infinity", "10000-01-01", "0044-03-15 BC"])
def test_what_python_has_no_time_for_is_an_error(committed, text):
    with pytest.raises(DataError):
        read(text)
