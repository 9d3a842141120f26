"""What is counted, in prometheus-client, the one store of figures.

Every worker counts in files of its own (`perfmetrics/counting/folder.py`), so that a sum over them is the service's.
All that is counted for each heartbeat costs a few µs: children of labels are made here, counters count once per batch.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import structlog
from prometheus_client import Counter, Gauge, Histogram

log = structlog.stdlib.get_logger(__name__)


class QuickHistogram(Histogram):
    """Finds its bucket by binary search: the stock one tries all 146 in turn, and takes twice as long."""

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        self._buckets[bisect_left(self._upper_bounds, amount)].inc(1)
        self._sum.inc(amount)


def _steps(first: float, last: float, factor: float) -> list[float]:
    """Bounds that grow by a factor, up to the first one that is not below the last."""
    bounds = [first]
    while bounds[-1] < last:
        bounds.append(float(f"{first * factor ** len(bounds):.6g}"))
    return bounds


# Within 5 % from 1 ms to 1 s.
FINE: Final = (*_steps(0.001, 1.0, 1.05), 2.0, 5.0)
COARSE: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# Heartbeats ----------------------------------------------------------------------------------------------------------

STATEMENTS: Final = ("continue", "begin", "beat_entries", "player_tokens", "accounts")

_heartbeats = Counter("sandglass_heartbeats", "Heartbeats by outcome", ["outcome"])
# One counter per outcome, and the outcomes that are answered 200. `register_outcomes` fills both.
heartbeats: Final[dict[str, Counter]] = {}
answered_outcomes: Final[set[str]] = set()
_statements = Counter("sandglass_heartbeat_statements", "Database statements of the heartbeat path", ["statement"])
statements: Final = {name: _statements.labels(name) for name in STATEMENTS}
BLOCKED: Final = ("limit_reached", "week_limit_reached", "outside_hours", "locked")
_blocked = Counter("sandglass_heartbeats_blocked", "Heartbeats answered as blocked, by reason", ["reason"])
blocked: Final = {reason: _blocked.labels(reason) for reason in BLOCKED}
batch_size = QuickHistogram(
    "sandglass_heartbeat_batch_size", "Heartbeats committed together", buckets=[1, 2, 4, 8, 16, 32, 64, 128, 256]
)
queue_wait = QuickHistogram(
    "sandglass_heartbeat_queue_wait_seconds", "How long the first heartbeat of a batch waited", buckets=COARSE
)
heartbeat_seconds = QuickHistogram(
    "sandglass_heartbeat_duration_seconds", "From request to answer, of heartbeats answered 200", buckets=FINE
)
heartbeat_slowest = Gauge(
    "sandglass_heartbeat_duration_seconds_max", "The slowest heartbeat since the start", multiprocess_mode="max"
)
queue_length = Gauge("sandglass_heartbeat_queue", "Heartbeats that wait now", multiprocess_mode="livesum")
queue_peak = Gauge(
    "sandglass_heartbeat_queue_peak", "The longest queue of a worker in the last seconds", multiprocess_mode="livemax"
)
queue_size = Gauge("sandglass_heartbeat_queue_limit", "How many may wait in a worker", multiprocess_mode="livemax")

# Requests ------------------------------------------------------------------------------------------------------------

refusals = Counter("sandglass_refusals", "Answers of the API with status 400 and above", ["status"])
failures = Counter("sandglass_failures", "Answers with status 500 and above, but for 503")
slow_requests = Counter("sandglass_slow_requests", "Requests that were logged as slow", ["level"])
request_seconds = QuickHistogram(
    "sandglass_request_duration_seconds", "All requests but answered heartbeats", ["route"], buckets=COARSE
)

ENDINGS: Final = (
    "connection_limit",
    "source_limit",
    "headers_timeout",
    "body_timeout",
    "write_timeout",
    "headers_too_large",
)
_connections_ended = Counter(
    "sandglass_connections_ended", "Connections of clients that were refused or cut off, by reason", ["reason"]
)
connections_ended: Final = {reason: _connections_ended.labels(reason) for reason in ENDINGS}

# Accounts, PIN and reports -------------------------------------------------------------------------------------------

# The names: parental/events/catalogue.py.
events = Counter("sandglass_events", "Security events of accounts, families and staff", ["event"])
PIN_OUTCOMES: Final = ("right", "wrong", "locked", "busy", "none_set", "failed")
_pin_checks = Counter("sandglass_pin_checks", "PIN checks by outcome", ["outcome"])
pin_checks: Final = {outcome: _pin_checks.labels(outcome) for outcome in PIN_OUTCOMES}
hashes_waiting = Gauge(
    "sandglass_hashes_waiting", "PIN or password checks that wait for a thread", ["kind"], multiprocess_mode="livesum"
)
time_request_answer_seconds = QuickHistogram(
    "sandglass_time_request_answer_seconds",
    "From a child's request for more time to a parent's answer",
    buckets=[10, 30, 60, 120, 300, 600, 1200, 1800, 3600],
)
report_seconds = QuickHistogram("sandglass_weekly_report_duration_seconds", "Weekly reports", buckets=FINE)
report_queries = Counter("sandglass_weekly_report_queries", "Database queries of weekly reports")
report_max_queries = Gauge(
    "sandglass_weekly_report_queries_max", "Most queries of one weekly report", multiprocess_mode="max"
)

# Live events ---------------------------------------------------------------------------------------------------------

streams_open = Gauge("sandglass_streams_open", "Open streams of live events", multiprocess_mode="livesum")
STREAM_ENDS: Final = ("left", "lifetime", "restart", "revoked", "gone", "too_many", "stuck")
_streams_ended = Counter("sandglass_streams_ended", "Streams that ended, by reason", ["reason"])
streams_ended: Final = {reason: _streams_ended.labels(reason) for reason in STREAM_ENDS}
stream_read_seconds = QuickHistogram("sandglass_stream_read_seconds", "Reads of up to 100 states", buckets=COARSE)

# Webhooks and emails -------------------------------------------------------------------------------------------------

# Read from the database by one worker of each host: every host has the same, so take the highest and never their sum.
deliveries = Gauge(
    "sandglass_deliveries_ended",
    "Attempts to deliver, by channel and outcome, since the beginning",
    ["channel", "outcome"],
    multiprocess_mode="livemax",
)
delivery_seconds = Gauge(
    "sandglass_delivery_duration_seconds",
    "How long those attempts took in all",
    ["channel", "outcome"],
    multiprocess_mode="livemax",
)
deliveries_waiting = Gauge(
    "sandglass_deliveries_waiting", "Deliveries that are due", ["channel"], multiprocess_mode="livemax"
)
delivery_oldest_seconds = Gauge(
    "sandglass_delivery_oldest_seconds", "How long the oldest of them has been due", multiprocess_mode="livemax"
)
endpoints_disabled = Gauge(
    "sandglass_endpoints_disabled", "Webhook endpoints that failed for good", multiprocess_mode="livemax"
)

# Caches, connections, processes --------------------------------------------------------------------------------------

cache_hits = Counter("sandglass_cache_hits", "Reads that found an entry", ["cache"])
cache_misses = Counter("sandglass_cache_misses", "Reads that found none, or an expired one", ["cache"])
cache_invalidations = Counter("sandglass_cache_invalidations", "Entries dropped because of a change", ["cache"])
cache_fills = Counter("sandglass_cache_fills", "Entries read to be stored", ["cache"])
cache_overflows = Counter(
    "sandglass_cache_overflows", "Entries dropped or left out for lack of room, before they expired", ["cache"]
)
cache_entries = Gauge(
    "sandglass_cache_entries", "Entries of all workers' caches", ["cache"], multiprocess_mode="livesum"
)
cache_largest = Gauge(
    "sandglass_cache_entries_max", "Entries of the largest worker's cache", ["cache"], multiprocess_mode="livemax"
)
pool_connections = Gauge(
    "sandglass_pool_connections", "Pooled database connections, by state", ["state"], multiprocess_mode="livesum"
)
pool_waiting = Gauge(
    "sandglass_pool_waiting", "Requests that wait for a pooled connection", multiprocess_mode="livesum"
)
workers = Gauge("sandglass_workers", "Worker processes that live", multiprocess_mode="livesum")
process_start = Gauge(
    "sandglass_process_start_time_seconds", "When each worker process started", multiprocess_mode="liveall"
)


class _Highest:
    """The highest values of this process so far."""

    __slots__ = ("queries", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self.queries = 0


_highest = _Highest()
_observers: dict[str, Callable[[float], None]] = {}
_watched: list[tuple[Gauge, Callable[[], float]]] = []


def register_outcomes(*, answered: Iterable[str], refused: Iterable[str], counted_as: Mapping[str, str]) -> None:
    """Name what a heartbeat can end in: outcomes that are answered 200, and refusals. To be called once, at startup.

    `counted_as`: outcomes without a counter of their own, and the outcome whose counter they share.
    """
    answered_outcomes.update(set(answered) - counted_as.keys())
    # All exist from the start: an alert on a rate misses the first increment of a counter that appears with it.
    heartbeats.update({outcome: _heartbeats.labels(outcome) for outcome in {*answered, *refused} - counted_as.keys()})
    heartbeats.update({outcome: heartbeats[shared] for outcome, shared in counted_as.items()})


def count_batch(outcomes: Iterable[str], *, waited_seconds: float) -> None:
    """Count a batch of heartbeats: the outcome of each, and how many seconds the first one waited.

    An outcome that nobody registered is logged and not counted.
    """
    tally: dict[str, int] = {}
    for outcome in outcomes:
        tally[outcome] = tally.get(outcome, 0) + 1
    for outcome, count in tally.items():
        counter = heartbeats.get(outcome)
        if counter is None:
            log.error("heartbeat_outcome_not_registered", outcome=outcome, count=count)
        else:
            counter.inc(count)
    batch_size.observe(sum(tally.values()))
    queue_wait.observe(waited_seconds)


def observe_heartbeat(seconds: float) -> None:
    """Count a heartbeat that was answered 200, by the seconds from request to answer."""
    _highest.seconds = max(_highest.seconds, seconds)  # published once a second
    heartbeat_seconds.observe(seconds)


def observe_request(route: str, seconds: float) -> None:
    """Count any other request, by its seconds. `route` is the pattern of its path, never the path."""
    observe = _observers.get(route)
    if observe is None:
        observe = _observers[route] = request_seconds.labels(route).observe
    observe(seconds)


def count_report(*, queries: int, seconds: float) -> None:
    """Count a weekly report, by its database queries and seconds."""
    _highest.queries = max(_highest.queries, queries)
    report_max_queries.set(_highest.queries)
    report_queries.inc(queries)
    report_seconds.observe(seconds)


def watch(gauge: Gauge, read: Callable[[], float]) -> None:
    """Set the gauge to what `read` returns, once a second (`sample`)."""
    _watched.append((gauge, read))


def sample() -> None:
    """Set the gauges that are too expensive to set at each change. It runs in the event loop: no I/O."""
    heartbeat_slowest.set(_highest.seconds)
    for gauge, read in _watched:
        gauge.set(read())
