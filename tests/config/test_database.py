"""One set of parameters for every connection, whatever the URL holds; and a pooler before all but the hot path."""

import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections

from config import database
from tests import processes
from tests.families import make_child
from tests.parental.cast import log_in
from viewing.hotpath import listener

pytestmark = pytest.mark.slow


def test_every_parameter_of_the_url_reaches_django():
    parsed = database.parse("postgresql://u:p%40ss@h1:5432,h2:5433/sg?target_session_attrs=read-write&sslmode=require")

    assert (parsed["NAME"], parsed["USER"], parsed["PASSWORD"]) == ("sg", "u", "p@ss")
    assert (parsed["HOST"], parsed["PORT"]) == ("h1,h2", "5432,5433")
    assert parsed["OPTIONS"]["target_session_attrs"] == "read-write"
    assert parsed["OPTIONS"]["sslmode"] == "require"
    assert parsed["OPTIONS"]["connect_timeout"] == 5


def test_the_urls_own_values_win():
    assert database.parse("postgresql:///sg?connect_timeout=9")["OPTIONS"]["connect_timeout"] == "9"


def test_the_hot_path_adds_its_timeouts_to_the_urls_options():
    parsed = database.for_hot_path(database.parse("postgresql:///sg?options=-c%20search_path%3Dother"))

    options = "-c search_path=other -c lock_timeout=100 -c statement_timeout=2000 -c TimeZone=UTC"
    assert parsed["OPTIONS"]["options"] == options


def test_every_connection_notices_a_host_that_vanished():
    bounds = {"connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"}

    for alias in connections:
        assert bounds <= connections[alias].settings_dict["OPTIONS"].keys(), alias
    assert bounds <= listener._parameters().keys()


@pytest.mark.parametrize("url", ["postgresql://u:se%zzcret@h/sg", "mysql://h/sg", "postgresql://h/sg?colour=red"])
def test_a_url_that_cannot_be_read_is_refused_without_its_password(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL is not a PostgreSQL URL") as refused:
        database.parse(url)

    assert "zzcret" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_a_url_must_name_a_database():
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL does not name a database"):
        database.parse("postgresql://u@h")


def test_the_listener_connects_as_the_hot_path_does(committed, monkeypatch):
    options = {**connections["hotpath"].settings_dict["OPTIONS"], "sslmode": "disable", "options": "-c work_mem=5MB"}
    monkeypatch.setitem(connections["hotpath"].settings_dict, "OPTIONS", options)

    parameters = listener._parameters()

    assert parameters["sslmode"] == "disable"
    assert parameters["application_name"] == "sandglass-listener"
    with psycopg.connect(**parameters) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("5MB",)


def test_a_check_reports_timeouts_that_are_not_in_force(committed, monkeypatch):
    call_command("check", databases=["default"])
    connections["hotpath"].close()
    options = {**connections["hotpath"].settings_dict["OPTIONS"], "options": ""}
    monkeypatch.setitem(connections["hotpath"].settings_dict, "OPTIONS", options)

    with pytest.raises(SystemCheckError, match=r"sandglass\.E004"):
        call_command("check", databases=["default"])
    connections["hotpath"].close()


@pytest.fixture
def pooler(committed, real_time, tmp_path):
    """PgBouncer in transaction mode before the test database: its URL."""
    command = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if command is None:
        pytest.skip("pgbouncer is not installed: on Debian, apt install pgbouncer")
    settings = connections["default"].settings_dict
    port = processes.free_port()
    tmp_path.chmod(0o755)
    place = f"host={settings['HOST']} port={settings['PORT']} dbname={settings['NAME']} user={settings['USER']}"
    (tmp_path / "pgbouncer.ini").write_text(
        f"[databases]\nsandglass = {place}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        "auth_type = any\npool_mode = transaction\nunix_socket_dir =\nignore_startup_parameters = extra_float_digits\n"
    )
    as_other = ["--user", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([command, *as_other, str(tmp_path / "pgbouncer.ini")], stderr=subprocess.DEVNULL)
    url = f"postgresql://{settings['USER']}@127.0.0.1:{port}/sandglass"
    for _ in range(100):
        try:
            psycopg.connect(url, connect_timeout=2).close()
            break
        except psycopg.OperationalError:
            time.sleep(0.05)
    yield url
    process.terminate()
    process.wait(20)


def test_behind_a_pooler_beats_changes_pins_and_bounds_hold(pooler, tmp_path):
    child, other = make_child(), make_child()
    variables = {
        "DATABASE_URL": pooler,
        "DATABASE_DIRECT_URL": processes.database_url(),
        "DB_PREPARED_STATEMENTS": "false",
        "CONFIG_CACHE_TTL_SECONDS": "3600",  # so that only a notification brings a change
    }
    with processes.service(tmp_path / "log", workers=2, **variables) as running:

        def beat(player, **changes):
            with httpx.Client(base_url=running.url, timeout=20) as http:
                return player.beat(http, **changes)

        sessions = {id(player): beat(player).json()["session_id"] for player in (child, other)}

        def beat_each_worker(player):
            return [answer.json() for answer in running.ask_each(lambda: beat(player, session_id=sessions[id(player)]))]

        for player in (child, other):
            assert [answer["used_minutes"] for answer in beat_each_worker(player)] == [1.0, 1.5]

        with httpx.Client(base_url=running.url, timeout=20) as http:
            parent = log_in(child.profile.user)
            url = f"/api/v1/parental-controls/profiles/{child.profile.id}/viewing-time"
            limits = {"weekday_limit_minutes": 15, "weekend_limit_minutes": 15}
            assert http.put(url, json=limits, headers=parent.headers).status_code == 200
        processes.until(lambda: all(answer["remaining_minutes"] < 15 for answer in beat_each_worker(child)))

        def pin(path, **body):
            pin_url = f"/api/v1/parental-controls/pin{path}"
            with httpx.Client(base_url=running.url, timeout=20) as http:
                return http.post(pin_url, json=body, headers=parent.headers).status_code

        assert pin("", new_pin="4711") == 200
        for _ in range(6):  # as often as a statement is run before it is prepared
            assert running.ask_each(lambda: pin("/verify", pin="4711")) == [200, 200]
        assert running.ask_each(lambda: pin("/verify", pin="4712")) == [403, 403]
        assert pin("", new_pin="4713", current_pin="4711") == 200

        with (
            psycopg.connect(processes.database_url()) as holder,
            ThreadPoolExecutor() as threads,
            running.alone(running.workers()[0]),  # both children's beats wait for the same thread
        ):
            holder.execute("SELECT 1 FROM viewing_viewingsession WHERE id = %s FOR UPDATE", [sessions[id(child)]])
            stuck = [threads.submit(beat, child, session_id=sessions[id(child)]) for _ in range(4)]
            # The row is locked for as long as this block runs.
            assert beat(other, session_id=sessions[id(other)]).json()["enforcement"] == "allowed"
            # The hot path's lock timeout is in force.
            assert {answer.result().status_code for answer in stuck} == {503}
        assert beat(child, session_id=sessions[id(child)]).status_code == 200
