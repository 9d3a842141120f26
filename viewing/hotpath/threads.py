"""The database threads of the players' path. Each has its own connection, which it opens and closes itself.

On this path no request touches a connection: beats wait in the writer's queue and cache misses in a `Fetcher`, and one
thread each runs everything that waits as one statement.
"""

import select
import threading
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from perfmetrics.counting import metrics
from viewing.hotpath.database_thread import (
    ALIAS,
    DatabaseThread,
    Silent,
    begin_statement,
    connection_lost,
    disconnect,
    is_given_up,
    is_plan_outdated,
)

__all__ = [
    "ALIAS",
    "DatabaseThread",
    "Silent",
    "connection_lost",
    "execute",
    "execute_as",
    "is_given_up",
    "live",
    "reads",
    "statements",
    "writes",
]


R = TypeVar("R", bound=NamedTuple)
Rows = list[tuple[Any, ...]]


class _Statements(threading.local):
    run = 0


# `statements.run`: how many statements the current thread has run.
statements = _Statements()

# Two processes that begin a session of one profile together are no fault: one loses, and runs its statement of 90 lines
# again. The server's log shall have the error, not the statement. Only superusers may say so, or who was granted it.
_LOG_NO_STATEMENT = """
SELECT set_config('log_min_error_statement', 'panic', false)
WHERE has_parameter_privilege('log_min_error_statement', 'SET')
"""


@receiver(connection_created)
def _log_no_statement(connection: BaseDatabaseWrapper, **_: object) -> None:
    if connection.alias == ALIAS:
        begin_statement()
        with connection.create_cursor() as cursor:
            cursor.execute(_LOG_NO_STATEMENT)


def execute(sql: str, parameters: Mapping[str, object], *, counted_as: str | None = None) -> Rows:
    """Run one autocommit statement on this thread's connection and return its rows.

    `counted_as`: its name in `metrics.STATEMENTS`, if heartbeats cause it.
    A statement for which the server reported an error was rolled back. If `connection_lost()` is true after the error,
    the statement may have been committed. `Silent`: it was not sent, because nobody waits for it any more.
    """
    return _run(sql, parameters, counted_as)[1]


def execute_as(row: type[R], sql: str, parameters: Mapping[str, object], *, counted_as: str | None = None) -> list[R]:
    """As `execute`, with each row as a named tuple. A field is the column of its name, wherever the statement has it.

    A field without a column has its default. ValueError if it has none, and for a column that is no field.
    """
    names, rows = _run(sql, parameters, counted_as)
    if not set(names) <= set(row._fields):
        raise ValueError(f"{row.__name__} has no fields for all of the columns {names}")
    defaults = {field: value for field, value in row._field_defaults.items() if field not in names}
    columns = (*names, *defaults)
    if defaults:
        rest = tuple(defaults.values())
        rows = [each + rest for each in rows]
    if columns != row._fields:
        in_order = itemgetter(*(columns.index(field) for field in row._fields))
        rows = [in_order(each) for each in rows]
    return list(map(row._make, rows))


def _run(sql: str, parameters: Mapping[str, object], counted_as: str | None) -> tuple[Sequence[str], Rows]:
    try:
        return _execute(sql, parameters, counted_as)
    except DatabaseError as error:
        if not is_plan_outdated(error):
            raise
    disconnect()
    return _execute(sql, parameters, counted_as)


def _execute(sql: str, parameters: Mapping[str, object], counted_as: str | None) -> tuple[Sequence[str], Rows]:
    """The names of the columns, and the rows."""
    statements.run += 1
    connection = connections[ALIAS]
    if connection.connection is not None and _is_dead(connection.connection):
        disconnect()
    try:
        connection.ensure_connection()
        begin_statement()
        # Not `cursor()`: with DEBUG it would format and keep every statement, with all of its beats.
        with connection.wrap_database_errors, connection.create_cursor() as cursor:
            if counted_as is not None:
                metrics.statements[counted_as].inc()
            cursor.execute(sql, parameters)
            return tuple(column.name for column in cursor.description), cursor.fetchall()
    except Exception:
        if connection_lost():
            disconnect()
        raise


def _is_dead(raw: Any) -> bool:
    """An idle connection with something to read was closed. Asking the socket takes 1 µs, a statement 100 µs."""
    if raw.closed:
        return True
    poller = select.poll()
    poller.register(raw.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poller.poll(0))


reads = DatabaseThread("hotpath-reads")
writes = DatabaseThread("hotpath-writes")
# What live events show is read apart: a thousand states on `reads` kept every cold heartbeat waiting for 200 ms.
live = DatabaseThread("hotpath-live")
