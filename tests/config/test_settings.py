"""An invalid value stops startup with a message naming the variable (docs/configuration.md)."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent.parent
NEVER_CONNECTED = "postgresql:///never-connected"


def run(*arguments, stdin=None, **variables):
    """A fresh interpreter in production mode, with these variables changed or (None) left out."""
    given = {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "DATABASE_URL": NEVER_CONNECTED,
        "ALLOWED_HOSTS": "sandglass.example",
    }
    environment = {"PATH": os.environ["PATH"], **given, **variables}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={name: value for name, value in environment.items() if value is not None},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


WRONG = [
    ({"SECRET_KEY": None}, "SECRET_KEY is not set."),
    ({"SECRET_KEY": ""}, "SECRET_KEY is not set."),
    ({"DATABASE_URL": None}, "DATABASE_URL is not set"),
    ({"DEBUG": "maybe"}, "DEBUG must be true or false, not 'maybe'."),
    ({"DB_POOL_MIN_SIZE": "abc"}, "DB_POOL_MIN_SIZE must be a whole number from 1 to 1000, not 'abc'."),
    ({"DB_POOL_MIN_SIZE": "0"}, "DB_POOL_MIN_SIZE must be a whole number from 1 to 1000, not '0'."),
    ({"DB_POOL_MIN_SIZE": "5000"}, "DB_POOL_MIN_SIZE must be a whole number from 1 to 1000, not '5000'."),
    ({"DB_POOL_MIN_SIZE": "--5"}, "DB_POOL_MIN_SIZE must be a whole number from 1 to 1000, not '--5'."),
    ({"OIDC_ISSUER": "https://login.example"}, "OIDC_AUDIENCE is not set"),
    ({"OIDC_ISSUER": "http://login.example"}, "OIDC_ISSUER must be like https://login.example.com"),
    ({"OIDC_CLIENT_ID": "pages"}, "OIDC_CLIENT_ID needs OIDC_ISSUER and OIDC_NAME"),
    ({"PASSWORD_LOGIN": "false"}, "With PASSWORD_LOGIN=false nobody could log in"),
    (
        {"CONFIG_CACHE_TTL_SECONDS": "1.5"},
        "CONFIG_CACHE_TTL_SECONDS must be a whole number from 1 to 3600, not '1.5'.",
    ),
]
# Each in a process of its own, forked when what settings need was imported: that takes most of a second.
READ_SETTINGS = """
import json, os, sys
import csp.constants, django.core.exceptions, psycopg, structlog
for variables in json.load(sys.stdin):
    if os.fork():
        os.wait()
        continue
    for name, value in variables.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    try:
        import config.settings
    except Exception as error:
        print(f"{type(error).__name__}: {error}", flush=True)
    else:
        print("no error", flush=True)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def errors():
    """What reading the settings raised, for each of the wrong variables."""
    ended = run("-c", READ_SETTINGS, stdin=json.dumps([variables for variables, _ in WRONG]))
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


@pytest.mark.parametrize("n", range(len(WRONG)), ids=lambda n: "-".join(f"{k}={v}" for k, v in WRONG[n][0].items()))
def test_a_wrong_variable_is_named(errors, n):
    assert errors[n].startswith(f"ImproperlyConfigured: {WRONG[n][1]}")


def test_a_wrong_variable_stops_the_process():
    ended = run("manage.py", "check", DEBUG="maybe")

    assert ended.returncode != 0
    assert "DEBUG must be true or false, not 'maybe'." in ended.stderr


@pytest.mark.parametrize(("debug", "cluster"), [("false", "serve"), ("true", "dev")])
def test_production_mode_has_an_embedded_database_of_its_own(debug, cluster):
    """The demo's accounts, whose passwords everyone knows, are in the other one."""
    stub = "from config.postgres import embedded; embedded.start = 'postgresql:///{}'.format"
    code = f"{stub}; from config import settings; print(settings.DATABASE_URL)"

    ended = run("-c", code, DATABASE_URL=None, EMBEDDED_DATABASE="true", DEBUG=debug)

    assert ended.stdout.strip() == f"postgresql:///{cluster}", ended.stderr


def test_the_least_that_production_needs_is_enough_and_debug_is_off():
    ended = run("-c", "from config import settings; print(settings.DEBUG, settings.ALLOWED_HOSTS)")

    assert (ended.returncode, ended.stdout) == (0, "False ['sandglass.example']\n"), ended.stderr


def test_the_checks_for_deployment_find_nothing():
    ended = run("manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert ended.returncode == 0, ended.stderr


def test_the_system_checks_find_nothing(capsys):
    call_command("check", fail_level="WARNING")

    assert "no issues (0 silenced)" in capsys.readouterr().out


def test_the_migrations_are_those_of_the_models(committed):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)  # SystemExit where one is missing
