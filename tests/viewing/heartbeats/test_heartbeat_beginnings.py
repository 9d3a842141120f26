"""A profile begins at most 30 sessions within a minute (docs/contract.md#first-heartbeat)."""

import os

import pytest
from django.db import connection, connections

from tests.families import NIL, make_child, make_gateway, make_title
from tests.http import any_worker
from tests.races import in_parallel
from tests.statements import statements
from viewing.hotpath import threads

REFUSED = {"detail": "Too many sessions have begun. Try again later.", "code": "rate_limited"}


def begin(http, child, count):
    return [child.beat(http, device_id=f"device {n}").json() for n in range(count)]


def test_the_31st_within_a_minute_is_refused_and_writes_nothing(http, noon):
    child = make_child(weekday_limit_minutes=480)
    begin(http, child, 29)
    noon.forward(seconds=12.5)
    last = child.beat(http).json()
    noon.forward(seconds=7)

    with statements() as sent:
        refused = child.beat(http)

    assert (refused.status_code, refused.json()) == (429, REFUSED)
    assert refused.headers["Retry-After"] == "41"
    assert len(sent) == 1
    assert len(child.sessions()) == 30
    assert [str(session.pk) for session in child.sessions() if session.ended_at is None] == [last["session_id"]]
    assert child.balance().used_seconds == 900


def test_after_that_time_another_may_begin(http, noon):
    child = make_child(weekday_limit_minutes=480)
    begin(http, child, 30)
    noon.forward(seconds=59)
    assert child.beat(http).headers["Retry-After"] == "1"

    noon.forward(seconds=1)

    assert child.beat(http).status_code == 200


def test_the_running_session_goes_on(http, noon):
    child = make_child(weekday_limit_minutes=480)
    last = begin(http, child, 30)[-1]["session_id"]
    assert child.beat(http).status_code == 429

    with statements() as sent:
        answer = child.beat(http, session_id=last, device_id="device 29")

    assert (answer.status_code, len(sent)) == (200, 1)


def test_a_switch_is_a_beginning_too(http, noon):
    child, other = make_child(weekday_limit_minutes=480), make_title()
    last = begin(http, child, 30)[-1]["session_id"]

    assert child.beat(http, session_id=last, title_id=str(other.id)).json() == REFUSED
    noon.forward(minutes=1)

    assert child.beat(http, session_id=last, title_id=str(other.id)).json()["session_id"] not in (NIL, last)


def test_repeats_and_blocked_first_beats_are_answered_as_ever(http, noon):
    child = make_child(weekday_limit_minutes=15)
    begun = [child.beat(http, sequence=n).json() for n in range(30)]
    assert child.beat(http, sequence=29).json()["session_id"] == begun[-1]["session_id"]

    child.use_up(1000)

    assert [child.beat(http).json()["reason"] for _ in range(3)] == ["limit_reached"] * 3


def test_siblings_are_not_concerned(http, noon):
    child = make_child(weekday_limit_minutes=480)
    begin(http, child, 30)

    assert make_child().beat(http).status_code == 200


def test_in_bulk_it_is_the_result_of_that_heartbeat(http, noon):
    child, other, gateway = make_child(weekday_limit_minutes=480), make_child(), make_gateway()
    begin(http, child, 29)

    results = gateway.results(http, [child.body(), child.body(device_id="tablet"), other.body()])

    assert [result["status"] for result in results] == [200, 429, 200]
    assert results[1] == {"status": 429, **REFUSED}


def test_parallel_beginnings_in_three_processes_stop_at_30(three_workers):
    child = make_child(weekday_limit_minutes=480)
    with any_worker(three_workers.url) as http:
        begin(http, child, 20)

        answers = in_parallel(20, lambda n: child.beat(http, device_id=f"rival {n}"))

    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (10, 10)
    assert len(child.sessions()) == 30
    assert child.balance().used_seconds == 900


class TestTheServersLog:
    """A lost race is no fault: its statement is not written into the log of PostgreSQL."""

    @pytest.fixture(autouse=True)
    def own_connection(self, committed):
        connections[threads.ALIAS].close()
        yield
        connections[threads.ALIAS].close()

    def level(self):
        ((level,),) = threads.execute("SELECT current_setting('log_min_error_statement')", {})
        return level

    def test_the_hot_path_logs_no_statement_of_an_error(self):
        assert self.level() == "panic"

    def test_a_role_that_may_not_say_so_connects_all_the_same(self, monkeypatch):
        role = f"plain_{os.getpid()}"
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE ROLE {role} LOGIN")
        monkeypatch.setitem(connections[threads.ALIAS].settings_dict, "USER", role)
        try:
            assert self.level() == "error"
            connections[threads.ALIAS].close()
            with connection.cursor() as cursor:
                cursor.execute(f"GRANT SET ON PARAMETER log_min_error_statement TO {role}")
            assert self.level() == "panic"
        finally:
            connections[threads.ALIAS].close()
            with connection.cursor() as cursor:
                cursor.execute(f"DROP OWNED BY {role}")
                cursor.execute(f"DROP ROLE {role}")
