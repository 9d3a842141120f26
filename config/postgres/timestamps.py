"""Times that the database returns, parsed by the standard library instead of by Django's loader.

Django's is written in Python on top of psycopg's own, which is then no longer its C code. It took a quarter of the CPU
time of a history of 500 sessions.
"""

from contextlib import suppress
from datetime import UTC, datetime

from django.db.backends.postgresql.psycopg_any import (  # type: ignore[import-untyped]
    BaseTzLoader,
    get_adapters_template,
)
from psycopg.abc import Buffer


class UtcLoader(BaseTzLoader):  # type: ignore[misc]
    """For connections whose time zone is UTC. Whatever the standard library cannot parse is left to psycopg."""

    timezone = UTC

    def load(self, data: Buffer) -> datetime:
        with suppress(ValueError):  # infinity, or a year that Python does not have: psycopg's error says so
            found = datetime.fromisoformat(bytes(data).decode())
            if found.tzinfo is UTC:
                return found
        slowly: datetime = super().load(data)
        return slowly


def register() -> None:
    """For every connection that Django opens from now on."""
    get_adapters_template(True, UTC).register_loader("timestamptz", UtcLoader)
