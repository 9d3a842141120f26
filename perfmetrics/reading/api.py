"""The figures as JSON for staff (docs/contract.md#admin-metrics). `config/api.py` adds who may call."""

import asyncio
import time

from django.http import HttpRequest
from ninja import Field, Router, Schema

from perfmetrics.counting import cache, folder, metrics
from perfmetrics.reading import figures
from perfmetrics.reading.figures import CONFIG_CACHE, Totals

router = Router()


class Refused(Schema):
    """Why the request was refused: a sentence for developers and a code for programs."""

    detail: str
    code: str


class HeartbeatFigures(Schema):
    total_processed: int = Field(description="Heartbeats answered with 200, including replays and blocked ones.")
    avg_db_ops_per_heartbeat: float
    avg_duration_ms: float
    max_duration_ms: float
    p95_duration_ms: float
    batch_size_avg: float
    failures: int = Field(description="Heartbeats answered as unavailable.")
    blocked_by_reason: dict[str, int] = Field(description="Heartbeats answered as blocked; not the unavailable ones.")


class ConfigCacheFigures(Schema):
    hit_rate: float = Field(description="From 0 to 1.")
    total_hits: int
    total_misses: int
    total_invalidations: int
    current_size: int = Field(description="Size of the largest worker's cache.")
    max_size: int = Field(description="Maximum size of each worker's cache.")


class WeeklyReportFigures(Schema):
    total_generated: int
    avg_query_count: float
    max_query_count: int
    p95_duration_ms: float


class MetricsOut(Schema):
    """Metrics of all worker processes on this host since the server started. Times are in milliseconds."""

    uptime_seconds: float
    workers: int
    heartbeat: HeartbeatFigures
    config_cache: ConfigCacheFigures
    weekly_report: WeeklyReportFigures


@router.get("/metrics", response={200: MetricsOut, 401: Refused, 403: Refused, 503: Refused})
async def admin_metrics(request: HttpRequest) -> MetricsOut:
    """How the service is doing, for staff."""
    publish_samples()
    uptime_seconds = time.time() - folder.started()
    return metrics_answer(await asyncio.to_thread(figures.read), uptime_seconds=uptime_seconds)


def publish_samples() -> None:
    """Publish now what this worker publishes every second."""
    metrics.sample()
    cache.publish_figures()


def metrics_answer(now: Totals, *, uptime_seconds: float) -> MetricsOut:
    """The body of docs/contract.md#admin-metrics; 0 where nothing has happened yet."""
    latency, reports = now.buckets("heartbeat_duration_seconds"), now.buckets("weekly_report_duration_seconds")
    hits, misses = (now.sum(f"cache_{name}_total", CONFIG_CACHE) for name in ("hits", "misses"))
    return MetricsOut(
        uptime_seconds=round(uptime_seconds, 1),
        workers=int(now.sum("workers")),
        heartbeat=HeartbeatFigures(
            total_processed=int(now.heartbeats),
            avg_db_ops_per_heartbeat=_ratio(now.sum("heartbeat_statements_total"), now.heartbeats),
            avg_duration_ms=_ratio(latency.sum * 1000, latency.count),
            max_duration_ms=round(now.sum("heartbeat_duration_seconds_max") * 1000, 3),
            p95_duration_ms=_p95_ms(latency),
            batch_size_avg=_ratio(now.sum("heartbeat_batch_size_sum"), now.sum("heartbeat_batch_size_count")),
            failures=int(now.failed_closed),
            blocked_by_reason={reason: int(now.sum("heartbeats_blocked_total", reason)) for reason in metrics.BLOCKED},
        ),
        config_cache=ConfigCacheFigures(
            hit_rate=_ratio(hits, hits + misses),
            total_hits=int(hits),
            total_misses=int(misses),
            total_invalidations=int(now.sum("cache_invalidations_total", CONFIG_CACHE)),
            current_size=int(now.sum("cache_entries_max", CONFIG_CACHE)),
            max_size=cache.counted(CONFIG_CACHE).max_entries,
        ),
        weekly_report=WeeklyReportFigures(
            total_generated=int(reports.count),
            avg_query_count=_ratio(now.sum("weekly_report_queries_total"), reports.count),
            max_query_count=int(now.sum("weekly_report_queries_max")),
            p95_duration_ms=_p95_ms(reports),
        ),
    )


def _ratio(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0


def _p95_ms(buckets: figures.Buckets) -> float:
    return round((figures.quantile(buckets, 0.95, bounds=metrics.FINE) or 0) * 1000, 3)
