"""The server of the tests: the real application on a real socket, in a thread of the test process.

It has its own connections, so it sees only what is committed: tests that use it make families of their own and roll
nothing back.
"""

import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from django.conf import settings
from django.db import connections
from django.test.utils import override_settings, setup_databases, teardown_databases
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests import cluster, processes
from tests.browser import chromium
from tests.clock import NOON, Clock, real_now, wait_if_midnight_is_near

# The server's threads and the test share one interpreter lock; at 5 ms a turn each beat would wait for it three times.
sys.setswitchinterval(0.0005)
# No test depends on how fast the machine is.
hypothesis_settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever needs a browser is slow."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def uncollected_static_files() -> Iterator[None]:
    """Nothing is collected for the tests, so files keep their plain names."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker) -> Iterator[None]:
    """PostgreSQL, from the first test that needs it on, and the test database in it.

    pytest-django makes only the databases that tests are marked with; the hot path's alias is in none's mark.
    """
    cluster.start()
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
    yield
    with django_db_blocker.unblock():
        with connections["default"].cursor() as cursor:  # of threads that have not ended yet
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        teardown_databases(made, verbosity=0)
    cluster.stop()


@pytest.fixture(scope="session")
def committed(django_db_setup, django_db_blocker) -> Iterator[None]:
    """The test database, without a transaction around each test."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def server(committed) -> Iterator[str]:
    """The address of the running application."""
    from config.asgi import application
    from config.server.protocol import EdgeProtocol

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application,
        http=EdgeProtocol,
        proxy_headers=False,
        lifespan="on",
        log_level="warning",
        access_log=False,
        log_config=None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="server")
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    assert server.started, "the application did not start"
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture(scope="session")
def service(committed, real_time, tmp_path_factory) -> Iterator[processes.Service]:
    """The service with one worker process of its own."""
    with processes.service(tmp_path_factory.mktemp("service") / "log") as running:
        yield running


@pytest.fixture(scope="session")
def three_workers(committed, real_time, tmp_path_factory) -> Iterator[processes.Service]:
    """The service with three worker processes, which share nothing but the database."""
    options = {"workers": 3, "DJANGO_SETTINGS_MODULE": "tests.service_settings"}
    with processes.service(tmp_path_factory.mktemp("three") / "log", **options) as running:
        yield running


@pytest.fixture
def http(server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server, timeout=30) as client:
        yield client


@pytest.fixture
def events(caplog) -> Callable[[str], list[dict[str, Any]]]:
    """The fields of every event of a name that was logged so far, with its level and its request."""
    for app in ("viewing", "parental", "perfmetrics", "config"):
        caplog.set_level(logging.DEBUG, app)

    def of(name: str) -> list[dict[str, Any]]:
        records = [record.__dict__ for record in caplog.records if record.getMessage() == name]
        return [
            {"level": about["levelname"].lower(), "request_id": about["request_id"], **about["fields"]}
            for about in records
        ]

    return of


def pytest_terminal_summary(terminalreporter) -> None:
    """Say last how to get a browser where none was found; here, for the processes of `pytest -n` report to this one."""
    if any(chromium.NONE in str(report.longrepr) for report in terminalreporter.stats.get("skipped", ())):
        terminalreporter.section("NO BROWSER", yellow=True)
        terminalreporter.line("The tests of the pages in a browser were skipped: there is no Chromium here.")
        terminalreporter.line(f"Get one with {chromium.HOW_TO_GET_ONE}.")


@pytest.fixture(scope="session")
def real_time() -> None:
    """For tests of other processes, which have the real clock: so has the test, and midnight is waited out."""


@pytest.fixture(autouse=True)
def _real_time_where_asked(request, monkeypatch) -> None:
    if "real_time" in request.fixturenames:
        wait_if_midnight_is_near()
        monkeypatch.setattr(timezone, "now", real_now)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """Time stands still unless the test moves it. Caches and tokens go by other clocks."""
    clock = Clock()
    monkeypatch.setattr(timezone, "now", lambda: clock.now)
    return clock


@pytest.fixture
def noon(clock) -> Clock:
    """The clock, at noon on a certain Wednesday."""
    clock.set(NOON)
    return clock
