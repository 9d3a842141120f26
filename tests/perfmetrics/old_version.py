"""How workers of the version before `MinuteFigures.figures` write and read a minute: each value in its own column."""

from django.db import connection

COLUMNS = {
    **{name: name for name in ("heartbeats", "failures", "statements", "batches", "refused_busy", "config_fetches")},
    **{name: name for name in ("cache_hits", "cache_misses", "pin_checks", "pin_checks_wrong", "slow_requests")},
    "p50": "p50_ms",
    "p95": "p95_ms",
    "p99": "p99_ms",
    "queue": "longest_queue",
}
NULLABLE = {"p50", "p95", "p99", "config_fetches"}


def insert_as_old_version(*, minute, host, cache_reads=0, **values):
    """The INSERT that it sends: all of its columns, with values."""
    values = {**{name: None if name in NULLABLE else 0 for name in COLUMNS}, **values}
    values["cache_misses"] = cache_reads - values["cache_hits"]
    columns = {"minute": minute, "host": host, "workers": 1, **{COLUMNS[name]: values[name] for name in COLUMNS}}
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO perfmetrics_minutefigures ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})",
            list(columns.values()),
        )


def read_as_old_version(host):
    """The values of the only minute of a host."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(COLUMNS.values())} FROM perfmetrics_minutefigures WHERE host = %s", [host])
        (row,) = cursor.fetchall()
    return dict(zip(COLUMNS, row, strict=True))
