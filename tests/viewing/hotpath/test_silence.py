"""A database that falls silent or goes away: players are answered that they are blocked, and all heals by itself."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from django.db import connections

from tests import processes
from tests.families import make_child
from tests.races import until
from tests.relay import Relay

pytestmark = pytest.mark.slow


def backends(name="sandglass-hotpath"):
    """The server processes of a kind of connection."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()", [name]
        )
        return {pid for (pid,) in cursor.fetchall()}


@contextmanager
def stopped(pids):
    """These processes stand still: their connections stay open and nothing is answered."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


class Running:
    """A service of one worker, and the connections that are its own."""

    def __init__(self, service, others):
        self.service, self._others = service, others

    def backends(self, name="sandglass-hotpath"):
        return backends(name) - self._others

    def beat(self, child, **changes):
        with httpx.Client(base_url=self.service.url, timeout=60) as http:
            return child.beat(http, **changes).json()

    def beat_all(self, beats):
        """The answers to beats that are sent side by side, each a child and its changes."""
        with ThreadPoolExecutor(len(beats)) as threads:
            return list(threads.map(lambda beat: self.beat(beat[0], **beat[1]), beats))

    def readiness(self):
        answer = httpx.get(f"{self.service.url}/health/ready", timeout=60)
        return answer.status_code, answer.json()

    def is_ready(self):
        return self.readiness()[0] == 200

    def threads(self):
        (worker,) = self.service.workers()
        return len(list(Path(f"/proc/{worker}/task").iterdir()))


@pytest.fixture
def running(committed, real_time, tmp_path):
    others = backends() | backends("sandglass-health")
    with processes.service(tmp_path / "log") as service:
        yield Running(service, others)


@pytest.fixture
def relay(committed, real_time):
    with Relay() as relay:
        yield relay


@pytest.fixture
def behind_relay(relay, tmp_path):
    others = backends() | backends("sandglass-health")
    with processes.service(tmp_path / "log", DATABASE_URL=relay.url) as service:
        yield Running(service, others)


def outcomes(answers):
    return [(answer["enforcement"], answer.get("reason")) for answer in answers]


BLOCKED = ("blocked", "unavailable")


def test_a_silent_database_blocks_and_each_beat_counts_once(running):
    old, new = [make_child() for _ in range(4)], [make_child() for _ in range(4)]
    ids = [running.beat(child, sequence=0)["session_id"] for child in old]
    beats = [(child, {"session_id": id_, "sequence": 1}) for child, id_ in zip(old, ids, strict=True)]
    beats += [(child, {"sequence": 0}) for child in new]

    silent = running.backends()
    assert len(silent) == 3  # writes, reads, live events
    with stopped(silent):
        blocked = outcomes(running.beat_all(beats))
        assert BLOCKED in blocked
        assert set(blocked) <= {BLOCKED, ("allowed", None)}  # some came after the new connection
        again = running.beat_all(beats)  # on a new connection, though the old one is still silent
        assert outcomes(again) == [("allowed", None)] * 8
        later = [
            (child, {"session_id": answer["session_id"], "sequence": 7})
            for (child, _), answer in zip(beats, again, strict=True)
        ]
        assert outcomes(running.beat_all(later)) == [("allowed", None)] * 8

    until(lambda: not silent & backends())  # the silent ones woke up, and ended without running what they had been sent
    assert [child.balance().used_seconds for child in old] == [90] * 4
    assert [child.balance().used_seconds for child in new] == [60] * 4
    assert [len(child.sessions()) for child in (*old, *new)] == [1] * 8


def test_silence_again_and_again_leaves_no_thread_and_no_connection_behind(running):
    child = make_child()
    session_id = running.beat(child, sequence=0)["session_id"]
    before = running.threads()

    for sequence in range(1, 4):
        with stopped(running.backends()):
            answers = [running.beat(child, session_id=session_id, sequence=sequence) for _ in range(2)]
        assert outcomes(answers) == [BLOCKED, ("allowed", None)]
        until(lambda: len(running.backends()) == 3)

    assert running.threads() <= before
    assert child.balance().used_seconds == 120


def test_readiness_says_which_part_is_silent_and_since_when(running):
    child = make_child()
    session_id = running.beat(child, sequence=0)["session_id"]
    assert running.is_ready()

    with stopped(running.backends()), ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(running.beat, child, session_id=session_id, sequence=1)
        until(lambda: running.readiness()[1]["checks"]["writer"] == "stalled")
        status, body = running.readiness()
        waiting.result()

    assert status == 503
    assert body["checks"]["database"] == "ok"
    assert body["seconds"]["writer_queue"] >= 0
    assert running.beat(child, session_id=session_id, sequence=1)["enforcement"] == "allowed"
    until(running.is_ready)


def test_a_readiness_check_whose_own_connection_is_silent_heals(running):
    assert running.is_ready()

    with stopped(running.backends("sandglass-health")):
        running.readiness()
        until(running.is_ready)


@contextmanager
def missing_standby():
    """Every commit waits for a standby that is not there; no timeout of a statement covers that."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SET synchronous_commit = local")  # of this connection
        cursor.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        cursor.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            cursor.execute("ALTER SYSTEM RESET synchronous_standby_names")
            cursor.execute("SELECT pg_reload_conf()")
            cursor.execute("RESET synchronous_commit")


def test_a_commit_that_waits_for_a_standby_blocks_and_counts_once(running):
    child = make_child()
    session_id = running.beat(child, sequence=0)["session_id"]
    beat = (child, {"session_id": session_id, "sequence": 1})

    with missing_standby():
        until(lambda: outcomes(running.beat_all([beat])) == [BLOCKED])
        assert outcomes(running.beat_all([beat])) == [BLOCKED]
        assert running.readiness()[1]["checks"]["writer"] == "stalled"

    assert outcomes(running.beat_all([beat])) == [("allowed", None)]
    assert child.balance().used_seconds == 60
    until(lambda: len(running.backends()) == 3)


@pytest.mark.parametrize("fault", ["closed", "blackholed"])
def test_a_database_that_goes_away_blocks_and_heals(behind_relay, relay, fault):
    running = behind_relay
    child, cold = make_child(), make_child()
    session_id = running.beat(child, sequence=0)["session_id"]
    beats = [(child, {"session_id": session_id, "sequence": 1}), (cold, {"sequence": 0})]

    relay.cut() if fault == "closed" else relay.pause()
    assert outcomes(running.beat_all(beats)) == [BLOCKED] * 2
    assert outcomes(running.beat_all(beats)) == [BLOCKED] * 2
    status, body = running.readiness()
    assert status == 503
    assert body["checks"]["database"] == "unreachable"
    assert {body["checks"][part] for part in ("writer", "reads")} <= {"stalled", "unreachable"}

    relay.open() if fault == "closed" else relay.resume()
    until(running.is_ready)
    assert outcomes(running.beat_all(beats)) == [("allowed", None)] * 2
    assert (child.balance().used_seconds, cold.balance().used_seconds) == (60, 30)


def test_a_worker_that_stood_still_itself_does_not_blame_the_database(running):
    child = make_child()
    session_id = running.beat(child, sequence=0)["session_id"]
    (worker,) = running.service.workers()

    with ThreadPoolExecutor(1) as threads:
        for sequence in range(1, 30):
            waiting = threads.submit(running.beat, child, session_id=session_id, sequence=sequence)
            if sequence == 15:
                with stopped([worker]):
                    until(lambda: processes.state(worker) == "T")
            assert waiting.result()["enforcement"] == "allowed"

    assert "database_silent" not in Path(running.service.log).read_text()
