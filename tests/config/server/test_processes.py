"""The service as it is deployed: stopped, killed, and with its database gone."""

import asyncio
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connections

from config import database
from config.postgres import embedded
from tests import processes
from tests.families import make_child, make_title
from tests.http import any_worker
from tests.load import GONE, Connection, Load, closed_loop
from tests.parental.homes import make_home
from tests.races import until
from viewing.models import ViewingSession

pytestmark = pytest.mark.slow


async def load_until(url, children, interrupt, *, after_beats):
    """Closed loop of all children; `interrupt` is called after `after_beats` answers, and ends the load."""
    load, broken = Load(), []

    async def play(child):
        connection, session_id, sequence = Connection(url, child.token), None, 0
        try:
            while True:
                status, answer = await connection.post(child.body(session_id=session_id, sequence=sequence))
                assert status == 200, answer
                if answer.get("reason") == "unavailable":
                    return
                session_id, sequence = answer["session_id"], sequence + 1
                load.count(status, session_id, 0)
                if sum(load.statuses.values()) == after_beats:
                    interrupt()
        except GONE as error:
            broken.append(error)
        finally:
            await connection.close()

    await asyncio.gather(*(play(child) for child in children))
    return load


def counted_beats(children):
    sessions = ViewingSession.objects.filter(profile__in=[child.profile.id for child in children])
    return {str(session.id): session.total_seconds // 30 for session in sessions}


def assert_no_answered_beat_is_lost(load, children):
    counted = counted_beats(children)
    assert load.answered
    # One more than was answered may have been counted: the beat whose answer was cut off.
    assert {beats - load.answered.get(session_id, 0) for session_id, beats in counted.items()} <= {0, 1}
    assert set(load.answered) <= set(counted)


def test_sigterm_commits_and_answers_what_was_taken(committed, real_time, tmp_path):
    title = make_title()
    children = [make_child(title=title) for _ in range(50)]
    with processes.service(tmp_path / "log", workers=2, LOG_LEVEL="INFO") as running:
        stop = lambda: running.process.send_signal(signal.SIGTERM)  # noqa: E731
        load = asyncio.run(load_until(running.url, children, stop, after_beats=500))
        exit_code = running.process.wait(30)
        log = running.log.read_text()

    # Nothing was cut off: what was counted was answered.
    assert counted_beats(children) == load.answered
    assert exit_code == 0
    assert log.count("Application shutdown complete") == 2
    assert "Traceback" not in log


def test_a_killed_worker_loses_no_answered_beat_and_another_takes_over(committed, real_time, tmp_path):
    title = make_title()
    children = [make_child(title=title) for _ in range(50)]
    with processes.service(tmp_path / "log") as running:
        (worker,) = running.workers()
        kill = lambda: os.kill(worker, signal.SIGKILL)  # noqa: E731
        load = asyncio.run(load_until(running.url, children, kill, after_beats=500))

        assert_no_answered_beat_is_lost(load, children)
        processes.wait_until_ready(running)
        assert asyncio.run(closed_loop(running.url, [make_child()], beats_each=2)).statuses == {200: 2}


def test_workers_are_replaced_under_load_and_nothing_is_lost(committed, real_time, tmp_path):
    """SIGHUP is gunicorn's rolling restart: new workers come, old ones finish what they took."""
    title = make_title()
    unlimited = {"weekday_limit_minutes": None, "weekend_limit_minutes": None}
    children = [make_child(title=title, **unlimited) for _ in range(50)]
    with processes.service(tmp_path / "log", workers=2) as running, ThreadPoolExecutor(1) as threads:
        old = set(running.workers())
        under_load, replaced = threading.Event(), threading.Event()

        def is_over(load):
            if sum(load.statuses.values()) > 500:
                under_load.set()
            return replaced.is_set()

        load = threads.submit(asyncio.run, closed_loop(running.url, children, retry=True, until=is_over))
        try:
            assert under_load.wait(60)
            running.process.send_signal(signal.SIGHUP)
            until(lambda: not set(running.workers()) & old)
        finally:
            replaced.set()
        result = load.result()

        assert len(running.workers()) == 2
        assert "Traceback" not in running.log.read_text()
    assert set(result.statuses) == {200}
    assert counted_beats(children) == result.answered
    assert sum(child.balance().used_seconds for child in children) == 30 * result.statuses[200]


def test_workers_do_not_outlive_a_killed_master(committed, real_time, tmp_path):
    with processes.service(tmp_path / "log", workers=2, LOG_LEVEL="INFO", GUNICORN_CMD_ARGS="--timeout 2") as running:
        workers = running.workers()
        running.process.kill()
        running.process.wait()
        while not all(map(is_gone, workers)):
            time.sleep(0.05)

        assert running.log.read_text().count("Application shutdown complete") == 2


def is_gone(pid):
    try:
        return processes.state(pid) == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture
def crash_cluster(committed, real_time):
    """A cluster of its own with fsync on, which this process's connection points to; to be crashed."""
    saved = dict(connections["default"].settings_dict)
    connections["default"].close()
    url = embedded.start("crash")
    connections["default"].settings_dict.update({**database.parse(url), "OPTIONS": {}, "TEST": saved["TEST"]})
    call_command("migrate", verbosity=0)
    yield url
    connections["default"].close()
    connections["default"].settings_dict.clear()
    connections["default"].settings_dict.update(saved)
    embedded.stop("crash")


def test_a_crash_of_the_database_loses_no_answered_beat(crash_cluster, tmp_path):
    title = make_title()
    children = [make_child(title=title) for _ in range(50)]
    with processes.service(tmp_path / "log", workers=2, DATABASE_URL=crash_cluster) as running:
        crash = lambda: embedded.crash("crash")  # noqa: E731
        load = asyncio.run(load_until(running.url, children, crash, after_beats=500))
        late = asyncio.run(closed_loop(running.url, children[:1], beats_each=1))
        assert late.statuses == {200: 1}  # closed, not failing
        assert "00000000-0000-0000-0000-000000000000" in late.answered

        connections["default"].close()
        assert embedded.start("crash") == crash_cluster
        assert_no_answered_beat_is_lost(load, children)
        processes.wait_until_ready(running)
        again = asyncio.run(closed_loop(running.url, [make_child(title=title) for _ in range(10)], beats_each=3))
        assert again.statuses == {200: 30}
        assert set(again.answered.values()) == {3}


def test_a_change_reaches_every_worker_again_after_the_database_was_restarted_under_them(crash_cluster, tmp_path):
    """What is kept lives an hour here: only a notification that arrived can be why a worker knows."""
    home = make_home()
    options = {"workers": 3, "DATABASE_URL": crash_cluster, "CONFIG_CACHE_TTL_SECONDS": "3600"}
    with (
        processes.service(tmp_path / "log", **options) as running,
        any_worker(running.url) as http,
    ):
        session_id = home.child.watch(http, 1)

        def limit():
            answer = home.child.beat(http, session_id=session_id).json()
            return (answer["remaining_minutes"] or 0) + answer["used_minutes"]

        assert running.ask_each(limit) == [120] * 3
        home.change(http, weekday_limit_minutes=60, weekend_limit_minutes=60)
        until(lambda: running.ask_each(limit) == [60] * 3)

        connections["default"].close()
        embedded.crash("crash")
        assert limit() == 0  # closed
        assert embedded.start("crash") == crash_cluster
        until(lambda: running.ask_each(limit) == [60] * 3)
        home.change(http, weekday_limit_minutes=30, weekend_limit_minutes=30)

        until(lambda: running.ask_each(limit) == [30] * 3)
