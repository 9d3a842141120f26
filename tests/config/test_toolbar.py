"""Django Debug Toolbar: in development alone, on pages alone, and nothing needs it."""

import json
import os
import subprocess
import sys

import httpx
import pytest

from tests import processes
from tests.families import make_child

pytestmark = pytest.mark.slow

TOOLBAR = 'id="djDebug"'
INSTALLED = """
import json, sys
if sys.argv[1:] == ["without"]:
    sys.modules["debug_toolbar"] = None
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.urls import get_resolver
get_resolver().url_patterns
call_command("check", fail_level="WARNING", verbosity=0)
print(json.dumps(["debug_toolbar" in settings.INSTALLED_APPS, any("toolbar" in name for name in settings.MIDDLEWARE)]))
"""


def installed(*arguments, **variables):
    given = {"DATABASE_URL": processes.database_url(), "DJANGO_SETTINGS_MODULE": "config.settings"}
    environment = {**os.environ, **given, **variables}
    printed = subprocess.check_output(
        [sys.executable, "-c", INSTALLED, *arguments], cwd=processes.PROJECT, env=environment, text=True
    )
    return json.loads(printed.splitlines()[-1])


@pytest.mark.parametrize(
    ("arguments", "variables", "is_there"),
    [
        ([], {"DEBUG": "true"}, True),
        ([], {"DEBUG": "true", "DEBUG_TOOLBAR": "false"}, False),
        ([], {"DEBUG": "false", "DEBUG_TOOLBAR": "true"}, False),
        (["without"], {"DEBUG": "true"}, False),
    ],
    ids=["development", "switched off", "production", "not installed"],
)
def test_is_there_in_development_only(committed, arguments, variables, is_there):
    assert installed(*arguments, **variables) == [is_there, is_there]


def test_shows_on_pages_and_stays_away_from_the_api(committed, real_time, tmp_path):
    child = make_child()
    with (
        processes.service(tmp_path / "log", DEBUG="true", SECRET_KEY="") as running,
        httpx.Client(base_url=running.url) as http,
    ):
        page = http.get("/admin/login/")
        script = http.get("/static/debug_toolbar/js/toolbar.js")
        docs = http.get("/api/v1/docs")
        beat = child.beat(http)
        titles = http.get("/api/v1/catalog/titles", headers=child.headers)

    assert TOOLBAR in page.text
    assert script.status_code == 200
    assert (docs.status_code, TOOLBAR in docs.text) == (200, False)
    assert (beat.status_code, titles.status_code) == (200, 200)
    for answer in (beat, titles, docs):
        assert not [name for name in answer.headers if name.startswith(("djdt", "server-timing"))]


def test_is_not_there_in_the_tests(http):
    assert TOOLBAR not in http.get("/admin/login/").text
