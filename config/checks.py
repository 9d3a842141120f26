"""System checks for combinations of settings that cannot work: run by `manage.py check` and `migrate`."""

from collections.abc import Sequence

from django.conf import settings
from django.core.cache import caches
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError, connections

from perfmetrics.counting.cache import CountedTTLCache

# The three threads of the hot path (viewing/hotpath/threads.py), the listener and the readiness check.
CONNECTIONS_OUTSIDE_THE_POOL = 5
MIN_TOKEN_LENGTH = 16
MIN_KEY_LENGTH = 50


@register()
def check_settings_agree(**_: object) -> list[CheckMessage]:
    """Settings that are each valid and contradict one another."""
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
def check_metrics_are_protected(**_: object) -> list[CheckMessage]:
    """`/metrics` is opened by a token that can be guessed, or to the whole world."""
    found: list[CheckMessage] = []
    token, networks = settings.METRICS_TOKEN, settings.METRICS_ALLOWED_ADDRESSES
    if token and len(token) < MIN_TOKEN_LENGTH:
        found.append(CheckWarning(f"METRICS_TOKEN has fewer than {MIN_TOKEN_LENGTH} characters.", id="sandglass.W002"))
    if not token and any(network.prefixlen == 0 for network in networks):
        found.append(
            CheckWarning(
                "METRICS_ALLOWED_ADDRESSES opens /metrics to everyone. Set METRICS_TOKEN.", id="sandglass.W003"
            )
        )
    return found


@register()
def check_secret_key_is_long(**_: object) -> list[CheckMessage]:
    """A short key can be found by trying. A person who has it can sign tokens of any account."""
    if settings.DEBUG or len(settings.SECRET_KEY) >= MIN_KEY_LENGTH:
        return []
    return [
        CheckWarning(
            f"SECRET_KEY has fewer than {MIN_KEY_LENGTH} characters.",
            hint="Make a longer one, and keep this one in SECRET_KEY_FALLBACKS for 14 days.",
            id="sandglass.W010",
        )
    ]


@register(Tags.database)
def check_role_is_no_superuser(*, databases: Sequence[str] | None = None, **_: object) -> list[CheckMessage]:
    """A superuser of PostgreSQL may read files and run programs on its host; the service needs none of that."""
    if not databases or "default" not in databases or settings.EMBEDDED_DATABASE:
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        role, is_superuser = cursor.fetchone()
    if not is_superuser:
        return []
    return [
        CheckWarning(
            f"The database role {role} is a superuser.",
            hint="Use one that owns the database and nothing else: config/postgres/create_role.sh makes it.",
            id="sandglass.W011",
        )
    ]


@register(Tags.database)
def check_connections_fit(*, databases: Sequence[str] | None = None, **_: object) -> list[CheckMessage]:
    """All workers of this host at their maximum must fit into the database's `max_connections`."""
    if not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        )
        (allowed,) = cursor.fetchone()
    needed = settings.WORKERS * (settings.DB_POOL_MAX_SIZE + CONNECTIONS_OUTSIDE_THE_POOL)
    if needed <= allowed:
        return []
    return [
        CheckWarning(
            f"{settings.WORKERS} workers may open {needed} connections; PostgreSQL allows {allowed}.",
            hint="Lower WORKERS or DB_POOL_MAX_SIZE, or raise max_connections.",
            id="sandglass.W001",
        )
    ]


@register(Tags.database)
def check_hot_path_timeouts(*, databases: Sequence[str] | None = None, **_: object) -> list[CheckMessage]:
    """Without the timeouts of the players' path, one locked row delays every player of a worker."""
    if not databases or "default" not in databases:
        return []
    connection = connections["hotpath"]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
            found = cursor.fetchone()
    except DatabaseError as error:
        found = str(error)
    finally:
        connection.close()
    if found == ("100ms", "2s"):
        return []
    return [
        Error(
            f"The timeouts of the players' path are not in force: {found}.",
            hint="Behind a pooler, set DATABASE_DIRECT_URL to the database itself.",
            id="sandglass.E004",
        )
    ]
