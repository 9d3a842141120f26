"""An empty database of the benchmarks' own, and Django set up for it."""

import os

import psycopg

from config.postgres import embedded


def start() -> None:
    """Recreate it, with its tables. Call it before anything that needs Django is imported."""
    os.environ |= {
        "DEBUG": "false",
        "SECRET_KEY": "for-the-benchmark-only",
        "SECURE_HTTPS": "false",
        "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "ALLOWED_HOSTS": "127.0.0.1",
    }
    os.environ["DATABASE_URL"] = embedded.start("bench")
    with psycopg.connect(os.environ["DATABASE_URL"].rpartition("/")[0] + "/postgres", autocommit=True) as server:
        server.execute("DROP DATABASE sandglass WITH (FORCE)")
    embedded.start("bench")

    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
