"""The caches: in the process, healing themselves (docs/architecture.md)."""

from typing import Any


def caches(*, ttl_seconds: int, max_entries: int) -> dict[str, dict[str, Any]]:
    """Django's CACHES. `ttl_seconds`: of limits; `max_entries`: of what there is for each profile or account."""
    return {
        "default": _cache("default", ttl_seconds=300, max_entries=1000),
        # A profile with its owner and limits.
        "profiles": _cache("profiles", ttl_seconds=ttl_seconds, max_entries=max_entries),
        # docs/contract.md#who-may-call promises 60 s for a revoked token or a deactivated user: no variable sets these.
        "players": _cache("players", ttl_seconds=60, max_entries=max_entries),
        "gateways": _cache("gateways", ttl_seconds=60, max_entries=1000),
        "services": _cache("services", ttl_seconds=60, max_entries=1000),
        "accounts": _cache("accounts", ttl_seconds=60, max_entries=max_entries),
        "automations": _cache("automations", ttl_seconds=60, max_entries=max_entries),
        "jwts": _cache("jwts", ttl_seconds=60, max_entries=max_entries),
        # A screen that waits for a parent asks every 5 s; a decision invalidates its entry.
        "pairings": _cache("pairings", ttl_seconds=5, max_entries=max_entries),
        "titles": _cache("titles", ttl_seconds=60, max_entries=max_entries),
        "site": _cache("site", ttl_seconds=300, max_entries=1),
        "catalog": _cache("catalog", ttl_seconds=3600, max_entries=1),
    }


def _cache(name: str, *, ttl_seconds: int, max_entries: int) -> dict[str, Any]:
    return {
        "BACKEND": "perfmetrics.counting.cache.CountedTTLCache",
        "LOCATION": name,
        "TIMEOUT": ttl_seconds,
        "OPTIONS": {"MAX_ENTRIES": max_entries},
    }
