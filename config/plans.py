"""Statements of pages and parents' calls whose prepared plan a change of the schema has outdated.

psycopg would try the plan again for as long as the pooled connection lives, an hour. The players' threads have the same
(`viewing/hotpath/threads.py`).
"""

from collections.abc import Callable
from typing import Any

from django.db import NotSupportedError
from django.db.backends.signals import connection_created

from viewing.hotpath.database_thread import is_plan_outdated


def run_again(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """A wrapper for `Connection.execute_wrappers`: runs the statement again on a new connection.

    In a transaction it cannot: that request fails, and the next one has a new connection.
    """
    try:
        return execute(sql, params, many, context)
    except NotSupportedError as error:
        if not is_plan_outdated(error):
            raise
        connection = context["connection"]
        connection.connection.close()  # so that the pool drops it
        if connection.in_atomic_block:
            raise
        connection.close()
        connection.ensure_connection()
        context["cursor"].cursor = connection.create_cursor()
        return execute(sql, params, many, context)


def _install(connection: Any, **_signal: object) -> None:
    if connection.alias == "default" and run_again not in connection.execute_wrappers:
        connection.execute_wrappers.append(run_again)


def install() -> None:
    """Install it on each connection of the pool, when it is opened."""
    connection_created.connect(_install, dispatch_uid=__name__)
