"""Bulk heartbeats when something fails or is full: each beat as it would be alone, closed, in its place."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError

from perfmetrics.counting import metrics
from perfmetrics.counting.cache import counted
from tests.families import NIL, make_child, make_gateway, make_player, make_title, make_user
from tests.viewing.heartbeats.trouble import HeldWriter, fail, locked_session, unavailable
from viewing.heartbeats import bulk, queue, writer
from viewing.hotpath import entries, sql

BUSY = {"status": 503, "detail": "The service is busy. Try again.", "code": "busy"}


@pytest.fixture
def gateway(server):
    return make_gateway()


@pytest.fixture
def held_writer(monkeypatch):
    held = HeldWriter(monkeypatch)
    yield held
    held.open.set()


def test_without_the_database_every_beat_is_blocked(http, gateway, monkeypatch, caplog):
    children = [make_child() for _ in range(3)]
    ids = [child.watch(http, 1) for child in children[:2]]
    gateway.results(http, [children[0].body(session_id=ids[0])])
    counted("profiles").clear()
    error = OperationalError("no connection")
    monkeypatch.setattr(sql, "read_beat_entries", fail(error))
    for name in ("continue_sessions", "begin_sessions"):
        monkeypatch.setattr(f"viewing.heartbeats.sql.{name}", fail(error))
    before = metrics.heartbeats["unavailable"]._value.get()

    results = gateway.results(
        http, [child.body(session_id=id_) for child, id_ in zip(children, [*ids, None], strict=True)]
    )

    assert results == [{"status": 200, "body": unavailable(id_)} for id_ in [*ids, NIL]]
    assert metrics.heartbeats["unavailable"]._value.get() == before + 3
    assert [record.exc_info[1] for record in caplog.records] == [error]  # once, not once a beat


def test_what_is_cached_is_counted_while_the_reads_fail(http, gateway, monkeypatch):
    warm, cold = make_child(), make_child()
    warm.beat(http)
    monkeypatch.setattr(sql, "read_beat_entries", fail(OperationalError("no connection")))

    results = gateway.results(http, [cold.body(), warm.body(), cold.body(), {}])

    assert results[0] == results[2] == {"status": 200, "body": unavailable(NIL)}
    assert results[1]["body"]["used_minutes"] == 1.0
    assert results[3]["status"] == 422


def test_a_failed_batch_is_blocked(http, gateway, monkeypatch):
    children = [make_child() for _ in range(3)]
    monkeypatch.setattr(writer, "decide", fail(RuntimeError("a defect")))

    results = gateway.results(http, [child.body() for child in children])

    assert results == [{"status": 200, "body": unavailable(NIL)}] * 3


def test_after_a_beat_whose_read_failed_none_of_its_profile_counts(http, gateway, monkeypatch):
    monkeypatch.setattr(bulk, "BEATS_PER_TURN", 1)
    child, other = make_child(), make_child()
    read, errors = sql.read_beat_entries, [OperationalError("no connection")]

    def failing_once(**ids):
        if errors:
            raise errors.pop()
        return read(**ids)

    monkeypatch.setattr(sql, "read_beat_entries", failing_once)

    results = gateway.results(http, [child.body(sequence=1), child.body(sequence=2), other.body()])

    assert results[:2] == [{"status": 200, "body": unavailable(NIL)}, BUSY]
    assert results[2]["body"]["used_minutes"] == 0.5
    assert child.has_written_nothing()


@pytest.mark.parametrize(("module", "name"), [(bulk, "make_beat"), (bulk, "heartbeat_answer")])
def test_a_defect_with_one_beat_harms_no_neighbour(http, gateway, monkeypatch, module, name):
    bad, good = make_child(), make_child()
    original = getattr(module, name)

    def failing(first, *args, **kwargs):
        profile_id = first.profile_id if name == "make_beat" else first.profile.id
        if profile_id == bad.profile.id:
            raise RuntimeError("a defect")
        return original(first, *args, **kwargs)

    monkeypatch.setattr(module, name, failing)

    results = gateway.results(http, [bad.body(), good.body()])

    assert results[0] == {"status": 200, "body": unavailable(NIL)}
    assert results[1]["body"]["used_minutes"] == 0.5


def test_a_token_that_cannot_be_looked_up_is_blocked_for_each(http, gateway, monkeypatch):
    child = make_child()
    session_id = child.watch(http, 1)
    monkeypatch.setattr(sql, "read_gateway_tokens", fail(OperationalError("no connection")))

    results = gateway.results(http, [child.body(session_id=session_id), child.body(), {"session_id": 7}, 7])

    assert results == [{"status": 200, "body": unavailable(id_)} for id_ in (session_id, NIL, NIL, NIL)]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"heartbeats": 7}', b'{"heartbeats": []}', b"[" * 60_000])
def test_what_no_one_can_authenticate_and_is_no_list_of_beats_is_503(http, gateway, monkeypatch, content):
    monkeypatch.setattr(sql, "read_gateway_tokens", fail(OperationalError("no connection")))

    response = http.post("/api/v1/viewing-time/heartbeats", content=content, headers=gateway.headers)

    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"


def test_an_answer_is_not_made_longer_than_a_request_may_be(http, gateway, monkeypatch):
    monkeypatch.setattr(sql, "read_gateway_tokens", fail(OperationalError("no connection")))

    assert gateway.send(http, [0] * 1000).status_code == 200
    assert gateway.send(http, [0] * 1001).status_code == 503


def test_a_locked_row_is_503_in_its_place(http, gateway):
    locked, free = make_child(), [make_child() for _ in range(20)]
    locked_id = locked.watch(http, 1)
    bodies = [child.body() for child in free]

    first, *others = locked_session(
        locked_id, lambda: gateway.results(http, [locked.body(session_id=locked_id), *bodies])
    )

    assert first == BUSY
    assert [result["body"]["used_minutes"] for result in others] == [0.5] * 20
    assert locked.balance().used_seconds == 30


def test_when_every_beat_is_503_so_is_the_request(http, gateway):
    child = make_child()
    session_id = child.watch(http, 1)

    response = locked_session(session_id, lambda: gateway.send(http, [child.body(session_id=session_id)]))

    assert (response.status_code, response.json()) == (503, {"detail": BUSY["detail"], "code": "busy"})
    assert response.headers["retry-after"] == "1"


def test_beats_that_find_a_full_queue_are_503_in_their_places(http, gateway, held_writer, settings):
    settings.HEARTBEAT_QUEUE_SIZE = 5
    first, *children = [make_child() for _ in range(9)]

    with ThreadPoolExecutor(3) as threads:
        running = threads.submit(gateway.send, http, [first.body()])
        held_writer.wait_for_waiting(0)
        waiting = threads.submit(gateway.results, http, [child.body() for child in children])
        held_writer.wait_for_waiting(5, writer.writer.gateways)
        refused = gateway.send(http, [first.body(), first.body()])
        # The players have a queue of their own.
        alone = threads.submit(first.beat, http)
        held_writer.wait_for_waiting(1)
        held_writer.open.set()
        results = waiting.result()

    assert running.result().status_code == alone.result().status_code == 200
    assert [result["status"] for result in results] == [200] * 5 + [503] * 3
    assert results[5:] == [BUSY] * 3
    assert refused.status_code == 503
    assert [child.has_written_nothing() for child in children] == [False] * 5 + [True] * 3


def test_after_a_beat_that_found_no_room_none_of_its_profile_counts(http, gateway, monkeypatch):
    """Else the refused one, sent again, would be taken for a replay of the later one."""
    monkeypatch.setattr(bulk, "BEATS_PER_TURN", 1)
    monkeypatch.setattr(queue, "MAX_WAITING_PER_PROFILE", 1)
    child, other = make_child(), make_child()
    session_id = child.watch(http, 1, sequence=1)
    put = queue.Queue.put
    refused = []

    def refusing(queue, beat):
        if beat.sequence == 3 and not refused:
            refused.append(beat)
            raise bulk.overloaded()
        return put(queue, beat)

    monkeypatch.setattr(queue.Queue, "put", refusing)
    bodies = [child.body(session_id=session_id, sequence=sequence) for sequence in (2, 3, 4)]

    results = gateway.results(http, [*bodies, other.body()])

    assert [result["status"] for result in results] == [200, 503, 503, 200]
    again = gateway.results(http, [bodies[1]])
    assert again[0]["body"]["used_minutes"] == 1.5


def test_a_players_own_beat_does_not_wait_behind_a_bulk(http, gateway, held_writer):
    user, title = make_user(), make_title()
    many = [make_player(user, title=title) for _ in range(400)]
    first, player = make_child(), make_child()

    with ThreadPoolExecutor(3) as threads:
        futures = [threads.submit(first.beat, http)]
        held_writer.wait_for_waiting(0)
        futures.append(threads.submit(gateway.send, http, [child.body() for child in many]))
        held_writer.wait_for_waiting(400, writer.writer.gateways)
        futures.append(threads.submit(player.beat, http))
        held_writer.wait_for_waiting(1)
        held_writer.open.set()
        assert {future.result().status_code for future in futures} == {200}

    assert [len(batch) for batch in held_writer.batches] == [1, 256, 145]
    assert held_writer.batches[1][0] == player.profile.id


def test_many_players_do_not_starve_a_bulk(http, gateway, held_writer, monkeypatch):
    monkeypatch.setattr(writer, "MAX_BATCH_SIZE", 8)
    monkeypatch.setattr(writer, "RESERVED_FOR_GATEWAYS", 2)
    players, many = [make_child() for _ in range(13)], [make_child() for _ in range(4)]

    with ThreadPoolExecutor(14) as threads:
        futures = [threads.submit(players[0].beat, http)]
        held_writer.wait_for_waiting(0)
        futures += [threads.submit(child.beat, http) for child in players[1:]]
        held_writer.wait_for_waiting(12)
        futures.append(threads.submit(gateway.send, http, [child.body() for child in many]))
        held_writer.wait_for_waiting(4, writer.writer.gateways)
        held_writer.open.set()
        assert {future.result().status_code for future in futures} == {200}

    bulk_ids = {child.profile.id for child in many}
    assert [len(bulk_ids.intersection(batch)) for batch in held_writer.batches] == [0, 2, 2]


def test_a_profiles_own_beat_and_its_beat_in_bulk_are_not_in_one_batch(http, gateway, held_writer):
    first, child = make_child(), make_child()
    session_id = None

    with ThreadPoolExecutor(3) as threads:
        running = threads.submit(first.beat, http)
        held_writer.wait_for_waiting(0)
        bulked = threads.submit(gateway.results, http, [child.body(device_id="a"), first.body(device_id="b")])
        held_writer.wait_for_waiting(2, writer.writer.gateways)
        alone = threads.submit(child.beat, http)
        held_writer.wait_for_waiting(1)
        held_writer.open.set()
        session_id = bulked.result()[0]["body"]["session_id"]

    assert running.result().status_code == alone.result().status_code == 200
    assert [batch.count(child.profile.id) for batch in held_writer.batches] == [0, 1, 1]
    assert [str(session.id) for session in child.sessions() if session.ended_at is None] == [session_id]
    assert child.balance().used_seconds == 60


def test_an_entry_that_its_read_did_not_find_is_a_refusal_not_a_failure(http, gateway):
    """`fetch_readable` distinguishes "no such row" (None) from "could not be read" (left out)."""
    child = make_child()
    counted("titles").clear()

    results = gateway.results(http, [child.body(title_id=NIL), child.body()])

    assert [result["status"] for result in results] == [404, 200]
    assert not entries._beat_reads._waiting
    assert "unavailable" not in str(results)
