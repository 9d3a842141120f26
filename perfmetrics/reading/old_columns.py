"""The columns that held the values of a minute before `MinuteFigures.figures` did.

Workers of the version before this one may run at the same time, or again after a rollback: they read and write these
columns only. So every minute is written to both, and read from the columns where `figures` lacks a value.

To remove the columns, in two later releases:
1. Delete this module, its two uses and, in the state only (`SeparateDatabaseAndState`), the fields of the model.
   Workers of that release write no column, and those of this one still do: hence the columns' defaults in the database.
2. Once no worker of this version is left, drop the columns.
"""

from collections.abc import Mapping
from typing import Final

from django.db.models import F
from django.db.models.expressions import Combinable

from perfmetrics.models import MinuteFigures
from perfmetrics.reading.measures import Values

# Column by the name that a figure is stored under.
_COLUMNS: Final = {
    **{
        name: name
        for name in (
            *("heartbeats", "failures", "statements", "batches", "refused_busy", "cache_hits", "config_fetches"),
            *("pin_checks", "pin_checks_wrong", "slow_requests"),
        )
    },
    "p50": "p50_ms",
    "p95": "p95_ms",
    "p99": "p99_ms",
    "queue": "longest_queue",
}
READ: Final[Mapping[str, Combinable]] = {
    **{name: F(column) for name, column in _COLUMNS.items()},
    "cache_reads": F("cache_hits") + F("cache_misses"),
}


def fill(row: MinuteFigures, values: Values) -> None:
    """Set the columns of a row that is not saved yet."""
    for name, column in _COLUMNS.items():
        if (value := values.get(name)) is not None:
            setattr(row, column, value)
    row.cache_misses = int((values.get("cache_reads") or 0) - (values.get("cache_hits") or 0))
