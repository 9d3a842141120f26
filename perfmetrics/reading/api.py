"""The figures as JSON for staff (docs/contract.md#admin-metrics). `config/api.py` adds who may call."""

import asyncio
import time
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from perfmetrics.counting import cache, folder, metrics
from perfmetrics.reading import figures
from perfmetrics.reading.figures import Totals

router = Router()


class Refused(Schema):
    """A refusal in one sentence, for developers, and its code, for programs."""

    detail: str
    code: str


class HeartbeatFigures(Schema):
    total_processed: int = Field(description="Beats answered 200, replays and blocked ones included.")
    avg_db_ops_per_heartbeat: float
    avg_duration_ms: float
    max_duration_ms: float
    p95_duration_ms: float
    batch_size_avg: float
    failures: int = Field(description="Those that were answered as unavailable.")


class ConfigCacheFigures(Schema):
    hit_rate: float = Field(description="From 0 to 1.")
    total_hits: int
    total_misses: int
    total_invalidations: int
    current_size: int = Field(description="Of the largest worker's cache.")
    max_size: int = Field(description="Of each worker's cache.")


class WeeklyReportFigures(Schema):
    total_generated: int
    avg_query_count: float
    max_query_count: int
    p95_duration_ms: float


class MetricsOut(Schema):
    """Of all worker processes of this host, since the server started; times in milliseconds."""

    uptime_seconds: float
    workers: int
    heartbeat: HeartbeatFigures
    config_cache: ConfigCacheFigures
    weekly_report: WeeklyReportFigures


@router.get("/metrics", response={200: MetricsOut, 401: Refused, 403: Refused, 503: Refused})
async def admin_metrics(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001 — Ninja's signature
    """How the service runs: for staff."""
    tell_now()
    uptime_seconds = time.time() - folder.started()
    return metrics_answer(await asyncio.to_thread(figures.read), uptime_seconds=uptime_seconds)


def tell_now() -> None:
    """What this worker would tell within a second."""
    metrics.sample()
    cache.tell_metrics()


def metrics_answer(now: Totals, *, uptime_seconds: float) -> dict[str, Any]:
    """The body of docs/contract.md#admin-metrics; 0 where nothing has happened yet."""
    reads = now.cache_hits + now.cache_misses
    return {
        "uptime_seconds": round(uptime_seconds, 1),
        "workers": now.workers,
        "heartbeat": {
            "total_processed": now.heartbeats,
            "avg_db_ops_per_heartbeat": _ratio(now.statements, now.heartbeats),
            "avg_duration_ms": _ratio(now.heartbeat.sum * 1000, now.heartbeat.count),
            "max_duration_ms": round(now.slowest * 1000, 3),
            "p95_duration_ms": _p95_ms(now.heartbeat),
            "batch_size_avg": _ratio(now.batched, now.batches),
            "failures": now.failed_closed,
        },
        "config_cache": {
            "hit_rate": _ratio(now.cache_hits, reads),
            "total_hits": now.cache_hits,
            "total_misses": now.cache_misses,
            "total_invalidations": now.cache_invalidations,
            "current_size": now.cache_largest,
            "max_size": cache.counted(figures.CONFIG_CACHE).max_entries,
        },
        "weekly_report": {
            "total_generated": now.report.count,
            "avg_query_count": _ratio(now.report_queries, now.report.count),
            "max_query_count": now.report_most_queries,
            "p95_duration_ms": _p95_ms(now.report),
        },
    }


def _ratio(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0


def _p95_ms(buckets: figures.Buckets) -> float:
    return round((figures.quantile(buckets, 0.95, bounds=metrics.FINE) or 0) * 1000, 3)
