"""When something fails, it fails closed for that heartbeat only (docs/contract.md#when-the-service-fails)."""

import logging
import socket
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from django.db import OperationalError, connection

from perfmetrics.counting.cache import counted
from tests.families import NIL, make_child
from tests.viewing.heartbeats.trouble import HeldWriter, fail, locked_session, unavailable
from viewing.heartbeats import queue, writer
from viewing.hotpath import lookup, sql
from viewing.hotpath.threads import execute
from viewing.models import Title, ViewingSession


@pytest.mark.parametrize("error", [RuntimeError("a defect"), OperationalError("no connection")])
def test_a_failure_of_the_writer_is_blocked(http, monkeypatch, caplog, error):
    child = make_child()
    session_id = child.watch(http, 1)
    monkeypatch.setattr("viewing.heartbeats.sql.continue_sessions", fail(error))

    response = child.beat(http, session_id=session_id)

    assert (response.status_code, response.json()) == (200, unavailable(session_id))
    assert [record.exc_info[1] for record in caplog.records if record.levelno == logging.ERROR] == [error]


def test_a_failure_outside_the_statements_is_blocked_too(http, monkeypatch):
    child = make_child()
    monkeypatch.setattr(writer, "decide", fail(RuntimeError("a defect")))

    assert child.beat(http).json() == unavailable(NIL)


def test_a_failed_read_of_the_limits_is_blocked(http, monkeypatch):
    child = make_child()
    session_id = child.watch(http, 1)
    counted("profiles").clear()
    monkeypatch.setattr(sql, "read_beat_entries", fail(OperationalError("no connection")))

    response = child.beat(http, session_id=session_id)

    assert (response.status_code, response.json()) == (200, unavailable(session_id))


@pytest.mark.parametrize("given", ["session", "nil"])
def test_a_token_that_cannot_be_looked_up_is_blocked(http, monkeypatch, given):
    child = make_child()
    session_id = str(uuid.uuid4()) if given == "session" else NIL
    monkeypatch.setattr(sql, "read_player_tokens", fail(OperationalError("no connection")))

    response = child.beat(http, session_id=session_id if given == "session" else ...)

    assert (response.status_code, response.json()) == (200, unavailable(session_id))


def test_the_next_beat_after_a_failed_read_reads_again(http, monkeypatch):
    child = make_child()
    with monkeypatch.context() as patch:
        patch.setattr(sql, "read_player_tokens", fail(OperationalError("no connection")))
        child.beat(http)

    assert child.beat(http).json()["used_minutes"] == 0.5


def test_a_locked_row_is_503_and_harms_no_neighbour(http):
    locked, free = make_child(), [make_child() for _ in range(20)]
    locked_id = locked.watch(http, 1)
    ids = {child.profile.id: child.watch(http, 1) for child in free}

    def send(child):
        return child.beat(http, session_id=ids.get(child.profile.id, locked_id))

    def send_all():
        with ThreadPoolExecutor(21) as threads:
            return list(threads.map(send, [locked, *free]))

    refused, *answered = locked_session(locked_id, send_all)

    assert (refused.status_code, refused.json()) == (503, {"detail": "The service is busy. Try again.", "code": "busy"})
    assert int(refused.headers["Retry-After"]) >= 1
    assert {answer.status_code for answer in answered} == {200}
    assert {child.balance().used_seconds for child in free} == {60}
    assert locked.beat(http, session_id=locked_id).json()["used_minutes"] == 1.0


def hotpath_backends():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
            " WHERE application_name = 'sandglass-hotpath' AND datname = current_database()"
        )
        return cursor.fetchone()[0]


def test_connections_that_the_server_closed_are_opened_again(http):
    child = make_child()
    session_id = child.watch(http, 1)

    assert hotpath_backends() >= 2
    counted("profiles").clear()

    assert child.beat(http, session_id=session_id).json()["used_minutes"] == 1.0


def test_a_connection_lost_in_a_statement_is_ambiguous_and_never_run_again(http, monkeypatch):
    child = make_child()
    session_id = child.watch(http, 1)
    runs = []

    def dying(_beats, **_options):
        runs.append(1)
        return execute("SELECT pg_terminate_backend(pg_backend_pid())", {})

    with monkeypatch.context() as patch:
        patch.setattr("viewing.heartbeats.sql.continue_sessions", dying)
        assert child.beat(http, session_id=session_id).json() == unavailable(session_id)

    assert len(runs) == 1
    assert child.beat(http, session_id=session_id).json()["used_minutes"] == 1.0


def test_a_beat_that_the_database_refuses_harms_no_neighbour(http, monkeypatch):
    """A title deleted while it is cached breaks a foreign key, in the statement that all share."""
    bad, *good = [make_child() for _ in range(8)]
    for child in (bad, *good):
        child.beat(http)
    ViewingSession.objects.filter(profile=bad.profile).delete()
    Title.objects.filter(id=bad.title.id).delete()
    held = HeldWriter(monkeypatch)

    answers = held.all_in_one_batch([lambda child=child: child.beat(http, device_id="x") for child in (bad, *good)])

    assert answers[0].json() == unavailable(NIL)
    assert [answer.json()["used_minutes"] for answer in answers[1:]] == [1.0] * 7


def test_a_full_queue_is_503(http, monkeypatch, settings):
    settings.HEARTBEAT_QUEUE_SIZE = 5
    children = [make_child() for _ in range(7)]
    held = HeldWriter(monkeypatch)

    with ThreadPoolExecutor(7) as threads:
        first = threads.submit(children[0].beat, http)
        held.wait_for_waiting(0)
        waiting = [threads.submit(child.beat, http) for child in children[1:6]]
        held.wait_for_waiting(5)
        refused = children[6].beat(http)
        held.open.set()
        answers = [first.result(), *(future.result() for future in waiting)]

    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
    assert children[6].has_written_nothing()
    assert {answer.status_code for answer in answers} == {200}


def test_one_profile_cannot_fill_the_queue(http, monkeypatch):
    monkeypatch.setattr(queue, "MAX_WAITING_PER_PROFILE", 3)
    greedy, other = make_child(), make_child()
    held = HeldWriter(monkeypatch)

    with ThreadPoolExecutor(6) as threads:
        futures = [threads.submit(greedy.beat, http, device_id="0")]
        held.wait_for_waiting(0)
        futures += [threads.submit(greedy.beat, http, device_id=str(n)) for n in range(1, 4)]
        held.wait_for_waiting(3)
        refused = greedy.beat(http)
        futures.append(threads.submit(other.beat, http))
        held.wait_for_waiting(4)
        held.open.set()
        answers = [future.result() for future in futures]

    assert refused.status_code == 503
    assert {answer.status_code for answer in answers} == {200}
    assert greedy.balance().used_seconds == 120


def test_beats_of_one_profile_are_decided_in_order(http, monkeypatch):
    child = make_child()
    session_id = child.watch(http, 1)
    held = HeldWriter(monkeypatch)

    with ThreadPoolExecutor(5) as threads:
        futures = []
        for sequence in range(5):
            futures.append(threads.submit(child.beat, http, session_id=session_id, sequence=sequence))
            held.wait_for_waiting(sequence)
        held.open.set()
        used = [future.result().json()["used_minutes"] for future in futures]

    assert used == [1.0, 1.5, 2.0, 2.5, 3.0]
    assert [len(batch) for batch in held.batches] == [1] * 5


def test_a_beat_counts_though_its_client_is_gone(http, server, monkeypatch):
    child = make_child()
    held = HeldWriter(monkeypatch)
    request = http.build_request("POST", "/api/v1/viewing-time/heartbeat", json=child.body(), headers=child.headers)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    address = urlsplit(server)

    with socket.create_connection((address.hostname, address.port)) as client:
        client.sendall(f"POST {request.url.path} HTTP/1.1\r\n{head}\r\n".encode() + request.content)
        held.wait_for_waiting(0)
    held.open.set()

    other = make_child()
    other.beat(http)  # the writer is done with the first batch
    assert child.balance().used_seconds == 30


def test_an_evicted_key_is_not_kept_by_a_read_under_way(http, monkeypatch):
    child = make_child()
    counted("profiles").clear()
    reading, go_on = threading.Event(), threading.Event()
    read = sql.read_beat_entries

    def held(**ids):
        rows = read(**ids)
        reading.set()
        assert go_on.wait(30)
        return rows

    monkeypatch.setattr(sql, "read_beat_entries", held)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(child.beat, http)
        assert reading.wait(30)
        type(child.profile.config).objects.filter(profile=child.profile).update(
            weekday_limit_minutes=60, weekend_limit_minutes=60
        )
        lookup.invalidate(("profiles", child.profile.id))
        go_on.set()
        assert first.result().json()["remaining_minutes"] == 119.5

    assert child.beat(http, device_id="other").json()["remaining_minutes"] == 59.0
