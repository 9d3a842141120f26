"""Connections to the database, from its URL. One set of parameters serves every connection."""

from typing import Any, Final

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

# What the URL does not say. A host that vanished is noticed after 10 s instead of the kernel's quarter of an hour.
DEFAULTS: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
# One locked row must not stop all players of a worker. With the time zone, Django needs no statement of its own to open
# a connection: nothing would end it if the database fell silent just then.
HOT_PATH_OPTIONS: Final = "-c lock_timeout=100 -c statement_timeout=2000 -c TimeZone=UTC"


def parse(url: str, *, variable: str = "DATABASE_URL") -> dict[str, Any]:
    """Django's settings for a PostgreSQL URL or connection string, with any parameter of libpq, also several hosts.

    Raises ImproperlyConfigured, which names the variable but not its value: that may hold a password.
    """
    try:
        given: dict[str, Any] = dict(conninfo_to_dict(url))
    except psycopg.Error:
        raise ImproperlyConfigured(
            f"{variable} is not a PostgreSQL URL. Example: postgresql://user:password@host:5432/sandglass"
        ) from None
    name = given.pop("dbname", None)
    if not name:
        raise ImproperlyConfigured(f"{variable} does not name a database.")
    place = {key.upper(): str(given.pop(key, "")) for key in ("user", "password", "host", "port")}
    return {"ENGINE": "django.db.backends.postgresql", "NAME": name, **place, "OPTIONS": {**DEFAULTS, **given}}


def for_health(database: dict[str, Any]) -> dict[str, Any]:
    """The same for the readiness check, whose thread keeps its one connection: no pool stands between."""
    options = {**database["OPTIONS"], "application_name": "sandglass-health"}
    return {**database, "CONN_MAX_AGE": None, "OPTIONS": options, "TEST": {"MIRROR": "default"}}


def for_hot_path(database: dict[str, Any]) -> dict[str, Any]:
    """The same for the threads of the players' path, which keep their connection; with short timeouts (ms)."""
    options = database["OPTIONS"]
    timeouts = f"{options.get('options', '')} {HOT_PATH_OPTIONS}".strip()
    return {
        **database,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": False,
        "OPTIONS": {**options, "application_name": "sandglass-hotpath", "options": timeouts},
        "TEST": {"MIRROR": "default"},
    }


def databases(url: str, *, direct_url: str, is_prepared: bool) -> dict[str, dict[str, Any]]:
    """Django's DATABASES. `is_prepared`: whether statements may be prepared on `url`, which may be a pooler's."""
    default, direct = parse(url), parse(direct_url, variable="DATABASE_DIRECT_URL")
    prepared = {"server_side_binding": is_prepared, "prepare_threshold": 5 if is_prepared else None}
    default["OPTIONS"] |= {**prepared, "application_name": "sandglass"}
    direct["OPTIONS"] |= prepared if direct_url == url else {"server_side_binding": True, "prepare_threshold": 5}
    return {
        "default": default,
        # The writer and the lookups of the players' calls: one connection each, kept open, never pooled.
        "hotpath": for_hot_path(direct),
        "health": for_health(default),
    }
