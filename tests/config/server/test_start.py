"""A worker is warm before its first request, and leaves nothing behind."""

import asyncio
import gc
import itertools
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import httpx
import pytest
from django.core.checks import run_checks
from django.db import connection, transaction

from tests import cluster, processes
from tests.families import make_child
from tests.load import closed_loop
from tests.parental.cast import make_parent

pytestmark = pytest.mark.slow


def backends(application="sandglass%"):
    """The connections of the service under test: those of this process are not counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT application_name, pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE %s AND pid <> pg_backend_pid()",
            [application],
        )
        return set(cursor.fetchall())


@pytest.fixture(scope="module")
def warm(committed, real_time, tmp_path_factory):
    """One worker, started for this module, and the connections that were there before."""
    before = backends()
    with processes.service(tmp_path_factory.mktemp("warm") / "log", DB_POOL_MIN_SIZE="3") as running:
        yield running, before


def ask_everything(http, child, n=0):
    """One of each kind of request, wrong ones too."""
    api = "/api/v1"
    session_id = child.beat(http, device_id=f"device {n}").json()["session_id"]
    http.get(f"{api}/viewing-time/balance/{child.profile.id}", headers=child.headers)
    http.get(f"{api}/viewing-time/playback-eligible/{child.profile.id}", headers=child.headers)
    http.get(f"{api}/catalog/titles", headers=child.headers)
    http.get(f"{api}/auth/profiles", headers=child.headers)
    http.get(f"{api}/unknown", headers=child.headers)
    http.post(f"{api}/auth/refresh", json={"refresh_token": "sgr_unknown"})
    child.beat(http, session_id=session_id, sequence=-1)
    http.post(f"{api}/viewing-time/session/{session_id}/end", headers=child.headers)
    http.get("/health/ready")


def test_the_first_requests_open_no_connection(warm):
    running, before = warm
    child = make_child()
    ready = backends() - before

    with httpx.Client(base_url=running.url) as http:
        ask_everything(http, child)

    assert sum(name == "sandglass-hotpath" for name, _ in ready) == 3
    assert sum(name == "sandglass" for name, _ in ready) == 3
    assert backends() - before == ready


def test_a_thousand_mixed_requests_leave_no_connection_behind(warm):
    running, before = warm
    children = itertools.cycle([make_child() for _ in range(10)])

    with httpx.Client(base_url=running.url) as http:
        for n in range(100):
            ask_everything(http, next(children), n)
    left = backends() - before

    assert len(left) <= 3 + 1 + 1 + 3
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s) AND state LIKE 'idle in%%'",
            [[pid for _, pid in left]],
        )
        assert cursor.fetchone() == (0,)


POOL = """
import json, django
django.setup()
from django.db import connections
pool = connections["default"].pool
pool.open()
pool.wait(30)
size = pool.get_stats()["pool_size"]
print(json.dumps([pool.min_size, pool.max_size, pool.timeout, pool.max_lifetime, pool._check is not None, size]))
pool.close()
"""


def test_the_pool_is_as_the_settings_say(committed):
    """10 kept, 30 at most, recycled after an hour, checked before use; the pool's own figures."""
    environment = {
        **os.environ,
        "DATABASE_URL": processes.database_url(),
        "SANDGLASS_SERVER": "true",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }

    printed = subprocess.check_output([sys.executable, "-c", POOL], cwd=processes.PROJECT, env=environment)

    assert json.loads(printed) == [10, 30, 2, 3600, True, 10]


def test_an_exhausted_pool_is_503(committed, real_time, tmp_path):
    variables = {"DB_POOL_MIN_SIZE": "1", "DB_POOL_MAX_SIZE": "1", "DB_POOL_WAIT_SECONDS": "1"}
    parent = make_parent()

    with (
        processes.service(tmp_path / "log", **variables) as running,
        httpx.Client(base_url=running.url, timeout=30) as http,
        ThreadPoolExecutor(3) as threads,
    ):
        with transaction.atomic(), connection.cursor() as cursor:
            # The pool's one connection waits for this lock, the others for the connection.
            cursor.execute("LOCK TABLE viewing_profile IN ACCESS EXCLUSIVE MODE")
            asked = [threads.submit(http.get, "/api/v1/auth/profiles", headers=parent.headers) for _ in range(3)]
            refused = next(as_completed(asked)).result()
            while sum(future.done() for future in asked) < 2:
                time.sleep(0.01)
        answers = [future.result() for future in asked]

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200, 503, 503]
    assert int(refused.headers["Retry-After"]) >= 1
    assert list(refused.json()) == ["detail", "code"]


def prepared_names(running, child):
    """The names by which the players' path runs its statements in 20 beats; None for one that is not prepared."""
    if cluster.statement_log is None:
        pytest.skip("needs the log of the embedded PostgreSQL: pg_prepared_statements shows only one's own")
    with cluster.statement_log.open() as log:
        log.seek(0, 2)
        asyncio.run(closed_loop(running.url, [child], beats_each=20))
        found = re.findall(r" sandglass-hotpath LOG:  (?:execute (\S+)|statement):", log.read())
    assert len(found) >= 20
    return {name if name.startswith("_pg3") else None for name in found}


def test_the_hot_statements_are_prepared_once_and_stay(warm):
    running, _ = warm
    child = make_child()
    for _ in range(6):  # a statement is prepared when it runs for the sixth time
        prepared_names(running, child)

    kept = prepared_names(running, child)

    assert None not in kept
    assert len(kept) <= 2  # one to begin, one to continue
    assert prepared_names(running, child) == kept


def test_prepared_statements_can_be_off_for_poolers(committed, real_time, tmp_path):
    child = make_child()
    with processes.service(tmp_path / "log", DB_PREPARED_STATEMENTS="false") as running:
        prepared_names(running, child)

        assert prepared_names(running, child) == {None}


def test_the_collector_is_spared(server):
    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold()[0] >= 10_000


def test_the_collector_is_off_only_while_a_worker_loads():
    script = (
        "import gc; from config.server import gunicorn; loading = gc.isenabled();"
        "gunicorn.post_worker_init(None); print(loading, gc.isenabled()); gunicorn.on_exit(None)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "True"]


def test_more_connections_than_the_server_allows_are_reported(committed, settings):
    settings.WORKERS, settings.DB_POOL_MAX_SIZE = 10, 100

    def found():  # without the tests' role, a superuser
        return {message.id for message in run_checks(databases=["default"], tags=["database"])} - {"sandglass.W011"}

    assert found() == {"sandglass.W001"}
    settings.WORKERS, settings.DB_POOL_MAX_SIZE = 2, 30
    assert not found()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"DB_POOL_MIN_SIZE": 31}, "sandglass.E002"),
        ({"SLOW_REQUEST_WARNING_MS": 5000}, "sandglass.E003"),
        ({"CACHES": {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}}, "sandglass.E001"),
    ],
)
def test_settings_that_disagree_are_reported(settings, changes, message):
    for name, value in changes.items():
        setattr(settings, name, value)

    assert message in [found.id for found in run_checks()]
