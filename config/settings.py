"""All settings, from environment variables, which docs/configuration.md lists.

An invalid value stops startup here, with a message naming the variable.
"""

import importlib.util
import logging
import os
import socket
import warnings
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import caches, database, identity, logs
from config.environment import env_bool, env_int, env_list, env_networks, env_origin
from config.postgres import embedded
from config.server.limits import read_limits
from config.web.origin import named_origin

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env_bool("DEBUG", False)
# Set by config/asgi.py.
IS_SERVER = env_bool("SANDGLASS_SERVER", False)

SECRET_KEY = os.environ.get("SECRET_KEY", "")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Make one with: python -c 'import secrets; print(secrets.token_urlsafe(64))'"
        )
    SECRET_KEY = "for-development-only"  # noqa: S105 — refused above outside development
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")

ALLOWED_HOSTS = env_list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
# Parsed once, for both handlers.
CORS_ALLOWED_ORIGINS = env_list("CORS_ORIGINS")
CORS_EXPOSE_HEADERS = ["X-Process-Time", "X-Request-ID", "X-Locked-Until", "Retry-After"]
CORS_URLS_REGEX = r"^/api/"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "corsheaders",
    "csp",
    "ninja",
    "perfmetrics",
    "viewing",
    "parental",
    "config",
]

MIDDLEWARE = [
    "corsheaders.middleware.CorsMiddleware",
    "config.errors.json_errors",
    "parental.pages.errors.not_allowed_pages",
    "config.web.incoming.storable_values",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "parental.tokens.page_logins.PageLogins",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]
# What the lean handler of config/asgi.py runs around the players' calls: native async, not one thread hop.
HOT_MIDDLEWARE = ["config.errors.json_errors"]
if CORS_ALLOWED_ORIGINS:  # without other sites, answers do not differ by origin
    HOT_MIDDLEWARE.insert(0, "corsheaders.middleware.CorsMiddleware")

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
# The API's paths are fixed (docs/contract.md); a redirect would lose the body of a POST.
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "parental.pages.context.site_notice",
                "parental.pages.context.must_confirm_email",
                "parental.pages.context.has_password_login",
                "parental.pages.context.open_requests",
            ],
        },
    },
]

# Database -----------------------------------------------------------------------------------------------------------

DATABASE_URL = os.environ.get("DATABASE_URL", "")
# `make serve` and `make bench` try production mode on a machine without a database.
EMBEDDED_DATABASE = env_bool("EMBEDDED_DATABASE", DEBUG) and not DATABASE_URL
if not DATABASE_URL and not EMBEDDED_DATABASE:
    raise ImproperlyConfigured("DATABASE_URL is not set. Example: postgresql://user:password@host:5432/sandglass")
if EMBEDDED_DATABASE:
    # Production mode has a cluster of its own: the demo's accounts have passwords that everyone knows.
    DATABASE_URL = embedded.start("dev" if DEBUG else "serve")
# Past a pooler, for the players' path and for notifications: a pooler in transaction mode has neither its timeouts nor
# LISTEN.
DATABASE_DIRECT_URL = os.environ.get("DATABASE_DIRECT_URL", "") or DATABASE_URL

# Off for transaction-mode poolers such as PgBouncer before 1.21, which hand a statement to another connection.
DB_PREPARED_STATEMENTS = env_bool("DB_PREPARED_STATEMENTS", True)
# Only in the server (config/asgi.py says so): a pool that a command or a test opened before the test database
# existed would stay on the other one.
DB_POOL = env_bool("DB_POOL", True) and IS_SERVER
WORKERS = env_int("WORKERS", 1, minimum=1, maximum=1000)
DB_POOL_MIN_SIZE = env_int("DB_POOL_MIN_SIZE", 10, minimum=1, maximum=1000)
DB_POOL_MAX_SIZE = env_int("DB_POOL_MAX_SIZE", 30, minimum=1, maximum=1000)
DB_POOL_WAIT_SECONDS = env_int("DB_POOL_WAIT_SECONDS", 2, minimum=1, maximum=60)

DATABASES = database.databases(DATABASE_URL, direct_url=DATABASE_DIRECT_URL, is_prepared=DB_PREPARED_STATEMENTS)
if DB_POOL:
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": DB_POOL_MIN_SIZE,
        "max_size": DB_POOL_MAX_SIZE,
        "timeout": DB_POOL_WAIT_SECONDS,
        "max_lifetime": 3600,
    }
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# Caches -------------------------------------------------------------------------------------------------------------

CONFIG_CACHE_TTL_SECONDS = env_int("CONFIG_CACHE_TTL_SECONDS", 60, minimum=1, maximum=3600)
CONFIG_CACHE_MAX_ENTRIES = env_int("CONFIG_CACHE_MAX_ENTRIES", 10_000, minimum=1, maximum=10_000_000)
CACHES = caches.caches(ttl_seconds=CONFIG_CACHE_TTL_SECONDS, max_entries=CONFIG_CACHE_MAX_ENTRIES)

# The players' path --------------------------------------------------------------------------------------------------

# What a client may send and hold (docs/configuration.md).
EDGE = read_limits()
FORM_MAX_BODY_BYTES = 65_536
FORM_RENDERER = "parental.pages.fields.Renderer"
DATA_UPLOAD_MAX_MEMORY_SIZE = None  # no body is read further than its path's limit: larger ones are refused
API_MAX_BODY_BYTES = env_int("API_MAX_BODY_BYTES", 65_536, minimum=1024, maximum=10_485_760)
# 1,000 beats of some 300 bytes, with room for long device ids.
BULK_MAX_BODY_BYTES = env_int("BULK_MAX_BODY_BYTES", 1_048_576, minimum=1024, maximum=16_777_216)
# Of the players' own beats, and as many of the gateways'.
HEARTBEAT_QUEUE_SIZE = env_int("HEARTBEAT_QUEUE_SIZE", 10_000, minimum=1, maximum=1_000_000)
EVENTS_MAX_STREAMS = env_int("EVENTS_MAX_STREAMS", 2000, minimum=0, maximum=100_000)
# Off: plans are kept and not enforced, only the two limits of weekdays and weekends, and locks.
WEEK_PLAN = env_bool("WEEK_PLAN", True)

# Accounts -----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "parental.User"
# bcrypt alone refuses more than 72 bytes; this one hashes with SHA-256 first.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.BCryptSHA256PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email",)},
    },
    {"NAME": "parental.accounts.passwords.NotBlank"},
    {"NAME": "parental.accounts.passwords.EndLogIns"},
]
ACCESS_TOKEN_SECONDS = 60 * 60
REFRESH_TOKEN_SECONDS = 7 * 24 * 60 * 60
PIN_TOKEN_SECONDS = 5 * 60
# Between asking for an erasure and its begin. Within 30 days all is gone, whatever is set here.
ERASE_GRACE_DAYS = env_int("ERASE_GRACE_DAYS", 7, minimum=0, maximum=23)

# The platform's own login ---------------------------------------------------------------------------------------------

OIDC_ISSUER = identity.OIDC_ISSUER
OIDC_AUDIENCE = identity.OIDC_AUDIENCE
OIDC_JWKS_URL = identity.OIDC_JWKS_URL
OIDC_CREATE_ACCOUNTS = identity.OIDC_CREATE_ACCOUNTS
OIDC_CLIENT_ID = identity.OIDC_CLIENT_ID
OIDC_CLIENT_SECRET = identity.OIDC_CLIENT_SECRET
OIDC_NAME = identity.OIDC_NAME
PASSWORD_LOGIN = identity.PASSWORD_LOGIN

# Browser ------------------------------------------------------------------------------------------------------------

SECURE_HTTPS = env_bool("SECURE_HTTPS", not DEBUG)
SESSION_ENGINE = "parental.tokens.sessions"
SESSION_COOKIE_SECURE = SECURE_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# From its last use on (parental/tokens/page_logins.py).
SESSION_COOKIE_AGE = 14 * 24 * 60 * 60
STAFF_SESSION_HOURS = env_int("STAFF_SESSION_HOURS", 12, minimum=1, maximum=720)
STAFF_IDLE_MINUTES = env_int("STAFF_IDLE_MINUTES", 30, minimum=1, maximum=1440)
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
CSRF_COOKIE_SECURE = SECURE_HTTPS
SECURE_SSL_REDIRECT = SECURE_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health(/|$)", r"^metrics$"]
SECURE_HSTS_SECONDS = env_int("SECURE_HSTS_SECONDS", 31_536_000 if SECURE_HTTPS else 0, minimum=0, maximum=63_072_000)
# Both reach further than this host, and preloading cannot be undone for months: only where they are asked for.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env_bool("SECURE_HSTS_SUBDOMAINS", False)
SECURE_HSTS_PRELOAD = env_bool("SECURE_HSTS_PRELOAD", False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
TRUST_PROXY_HEADERS = env_bool("TRUST_PROXY_HEADERS", False)

# Everything comes from this host, and no page has an inline script or style (docs/architecture.md#pages).
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
# WhiteNoise reads files synchronously, and Django says so at every first one: a thread is where that belongs.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Named by their content, compressed, cached for ever.
    "staticfiles": {"BACKEND": "config.web.static.HashedStaticFiles"},
}
if DEBUG:
    STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"

# Mail: links to reset a password -------------------------------------------------------------------------------------

EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = env_int("EMAIL_PORT", 587, minimum=1, maximum=65535)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
# STARTTLS; port 465 speaks TLS from the first byte.
EMAIL_USE_SSL = EMAIL_PORT == 465
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", True) and not EMAIL_USE_SSL
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "") or "sandglass@localhost"
# Of links that leave: the client chooses the Host header. Mails never hold that, also where PUBLIC_URL is not set.
PUBLIC_URL = env_origin("PUBLIC_URL")
MAIL_ORIGIN = PUBLIC_URL or named_origin(ALLOWED_HOSTS, is_https=SECURE_HTTPS, is_needed=bool(EMAIL_HOST))
if not EMAIL_HOST:
    # In production a link in the log would be a key under the mat.
    EMAIL_BACKEND = f"django.core.mail.backends.{'console' if DEBUG else 'dummy'}.EmailBackend"
PASSWORD_RESET_TIMEOUT = 60 * 60

# Webhooks and emails, sent by `manage.py deliver` --------------------------------------------------------------------

# Of each delivering process.
DELIVERIES_PER_SECOND = env_int("DELIVERIES_PER_SECOND", 20, minimum=1, maximum=10_000)
MAILS_PER_MINUTE = env_int("MAILS_PER_MINUTE", 60, minimum=1, maximum=10_000)
# Private networks that webhooks may go to.
WEBHOOK_ALLOWED_NETWORKS = env_networks("WEBHOOK_ALLOWED_NETWORKS", default="")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# Figures ------------------------------------------------------------------------------------------------------------

# Whose minutes these are, in the table that the Performance page reads.
METRICS_HOST = os.environ.get("METRICS_HOST", "").strip()[:255] or socket.gethostname()
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "").strip()
METRICS_ALLOWED_ADDRESSES = env_networks(
    "METRICS_ALLOWED_ADDRESSES", default="127.0.0.0/8,::1" if DEBUG and not METRICS_TOKEN else ""
)

# Django Debug Toolbar, where requirements-dev.txt is installed ------------------------------------------------------

DEBUG_TOOLBAR = DEBUG and env_bool("DEBUG_TOOLBAR", True) and importlib.util.find_spec("debug_toolbar") is not None
if DEBUG_TOOLBAR:
    INSTALLED_APPS.append("debug_toolbar")
    # Inside all others: around django-csp's it would ask for a nonce when the header is written already. The players'
    # calls have a chain of their own (HOT_MIDDLEWARE).
    MIDDLEWARE.append("debug_toolbar.middleware.DebugToolbarMiddleware")
    DEBUG_TOOLBAR_CONFIG = {"SHOW_TOOLBAR_CALLBACK": "config.web.toolbar.is_shown"}
    INTERNAL_IPS = ["127.0.0.1", "::1"]
    # It keeps what it saw in the process: no tables.
    MIGRATION_MODULES = {"debug_toolbar": None}

# Requests, logs and the end ------------------------------------------------------------------------------------------

DRAIN_SECONDS = env_int("DRAIN_SECONDS", 0, minimum=0, maximum=300)
SLOW_REQUEST_WARNING_MS = env_int("SLOW_REQUEST_WARNING_MS", 1000, minimum=1, maximum=600_000)
SLOW_REQUEST_ERROR_MS = env_int("SLOW_REQUEST_ERROR_MS", 3000, minimum=1, maximum=600_000)

LOGGING = logs.configuration(in_background=IS_SERVER)
logging.captureWarnings(IS_SERVER)
