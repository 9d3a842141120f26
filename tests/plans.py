"""Plans of the statements that a call sends, as PostgreSQL runs them once they are prepared: generic."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any, NoReturn
from unittest import mock

import psycopg
from django.db import connections

from viewing.hotpath import threads


class Caught(Exception):
    """A statement was caught before it was sent."""


def sent_by(call: Callable[[], Any]) -> tuple[str, Any]:
    """The one statement that a call sends on the hot path's connection, and its parameters; it is not run."""
    sent: list[tuple[str, Any]] = []

    def catch(statement: str, parameters: Any, _counted_as: str | None) -> NoReturn:
        sent.append((statement, parameters))
        raise Caught

    def catch_too(execute: Any, statement: str, parameters: Any, many: bool, context: Any) -> Any:
        sent.append((statement, parameters))
        return execute(statement, parameters, many, context)

    connections[threads.ALIAS].ensure_connection()  # what opening one asks is no part of it
    with ExitStack() as stack:
        stack.enter_context(suppress(Caught))
        stack.enter_context(mock.patch.object(threads, "_run", catch))
        stack.enter_context(connections[threads.ALIAS].execute_wrapper(catch_too))
        call()
    (only,) = sent
    return only


def explain(raw: psycopg.Connection[Any], statement: str, parameters: Any, *, options: str) -> list[Any]:
    """EXPLAIN's lines for the generic plan of the statement's second run. Nothing that it writes is kept.

    The connection must be in a transaction.
    """
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    for number, name in enumerate(names, start=1):
        statement = statement.replace(f"%({name})s", f"${number}")
    values = [parameters[name] for name in names] if names else list(parameters)
    for number in range(1, 0 if names else len(values) + 1):
        statement = statement.replace("%s", f"${number}", 1)
    literals = ", ".join(["%s"] * len(values))
    prepare = "PREPARE hot AS " + statement.replace("%%", "%")
    with psycopg.ClientCursor(raw) as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(prepare)
        cursor.execute("SAVEPOINT before")
        cursor.execute(f"EXECUTE hot({literals})", values)
        cursor.execute("ROLLBACK TO before")
        # psycopg deallocates after every rollback what it may have prepared itself, ours with it.
        cursor.execute("DEALLOCATE ALL")
        cursor.execute(prepare)
        cursor.execute(f"EXPLAIN (ANALYZE, {options}) EXECUTE hot({literals})", values)
        found = [line for (line,) in cursor.fetchall()]
        cursor.execute("ROLLBACK TO before")
        cursor.execute("DEALLOCATE ALL")
    return found


def nodes(raw: psycopg.Connection[Any], statement: str, parameters: Any) -> Iterator[dict[str, Any]]:
    """Every node of that plan, with what it read: `rows` kept and removed, over all its loops."""
    (found,) = explain(raw, statement, parameters, options="TIMING off, FORMAT json")
    waiting = [(json.loads(found) if isinstance(found, str) else found)[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        removed = sum(value for name, value in node.items() if name.startswith("Rows Removed"))
        yield node | {"rows": (node["Actual Rows"] + removed) * node["Actual Loops"]}
