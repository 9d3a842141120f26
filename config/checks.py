"""Combinations of settings that cannot work, told by `manage.py check` and `migrate` before a request meets them."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 — Django's name
from django.db import connections

from perfmetrics.counting.cache import CountedTTLCache

# The two threads of the players' path (viewing/hotpath/threads.py) and the listener.
CONNECTIONS_BESIDE_THE_POOL = 3
SHORTEST_TOKEN = 16


@register()
def settings_agree(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 — Django's signature
    """Settings that are each right and wrong together."""
    found: list[CheckMessage] = []
    uncounted = [alias for alias in settings.CACHES if not isinstance(caches[alias], CountedTTLCache)]
    if uncounted:
        found.append(Error(f"CACHES {uncounted} must use CountedTTLCache: lookups keep objects.", id="sandglass.E001"))
    if settings.DB_POOL_MIN_SIZE > settings.DB_POOL_MAX_SIZE:
        found.append(Error("DB_POOL_MIN_SIZE is above DB_POOL_MAX_SIZE.", id="sandglass.E002"))
    if settings.SLOW_REQUEST_WARNING_MS > settings.SLOW_REQUEST_ERROR_MS:
        found.append(Error("SLOW_REQUEST_WARNING_MS is above SLOW_REQUEST_ERROR_MS.", id="sandglass.E003"))
    return found


@register()
def figures_are_guarded(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 — Django's signature
    """`/metrics` is opened by a token that can be guessed, or to the whole world."""
    found: list[CheckMessage] = []
    token, networks = settings.METRICS_TOKEN, settings.METRICS_ALLOWED_ADDRESSES
    if token and len(token) < SHORTEST_TOKEN:
        found.append(Warning(f"METRICS_TOKEN has fewer than {SHORTEST_TOKEN} characters.", id="sandglass.W002"))
    if not token and any(network.prefixlen == 0 for network in networks):
        found.append(
            Warning("METRICS_ALLOWED_ADDRESSES opens /metrics to everyone: set METRICS_TOKEN.", id="sandglass.W003")
        )
    return found


@register(Tags.database)
def connections_fit(
    app_configs: Any,  # noqa: ARG001 — Django's signature
    databases: Sequence[str] | None = None,
    **kwargs: Any,  # noqa: ARG001
) -> list[CheckMessage]:
    """All workers of this host at their most must fit into the server's `max_connections`."""
    if not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        )
        (allowed,) = cursor.fetchone()
    needed = settings.WORKERS * (settings.DB_POOL_MAX_SIZE + CONNECTIONS_BESIDE_THE_POOL)
    if needed <= allowed:
        return []
    return [
        Warning(
            f"{settings.WORKERS} workers may open {needed} connections; PostgreSQL allows {allowed}.",
            hint="Lower WORKERS or DB_POOL_MAX_SIZE, or raise max_connections.",
            id="sandglass.W001",
        )
    ]
