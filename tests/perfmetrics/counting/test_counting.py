"""What happens is counted as what it is: outcomes of beats, failures, slow and refused requests."""

import threading

import pytest

from tests.families import make_child
from tests.parental.homes import make_home
from tests.perfmetrics.counted import Counted
from tests.races import until
from viewing.heartbeats import writer as writing
from viewing.heartbeats.writer import Writer

HEARTBEAT = "/api/v1/viewing-time/heartbeat"


@pytest.fixture
def counted(server):
    return Counted()


class TestBeats:
    def test_by_outcome(self, http, counted):
        child, other, poor = make_child(), make_child(), make_child()
        poor.use_up(120 * 60)
        session_id = child.beat(http, sequence=1).json()["session_id"]
        child.beat(http, session_id=session_id, sequence=2)
        child.beat(http, session_id=session_id, sequence=2)
        child.beat(http, session_id="11111111-1111-4111-8111-111111111111")
        child.beat(http, session_id=session_id, title_id="11111111-1111-4111-8111-111111111111")
        other.beat(http, session_id=session_id)
        poor.beat(http)
        http.post(f"/api/v1/viewing-time/session/{session_id}/end", headers=child.headers)
        child.beat(http, session_id=session_id)

        assert counted.of("heartbeats_total") == {
            "counted": 2,
            "replay": 1,
            "unknown": 1,
            "no_title": 1,
            "foreign": 1,
            "nothing_left": 1,
            "ended": 1,
        }

    def test_a_full_queue(self, http, settings, counted):
        settings.HEARTBEAT_QUEUE_SIZE = 0

        assert make_child().beat(http).status_code == 503

        assert counted.of("heartbeats_total") == {"queue_full": 1}
        assert counted.of("refusals_total") == {"503": 1}

    def test_a_batch_by_its_size_and_wait(self, http, counted):
        make_child().watch(http, 5)

        assert counted["heartbeat_batch_size_count",] == 5
        assert counted["heartbeat_batch_size_sum",] == 5
        assert counted["heartbeat_queue_wait_seconds_count",] == 5
        assert 0 < counted["heartbeat_queue_wait_seconds_sum",] < 5 * 30

    def test_statements_by_what_they_do(self, http, counted):
        make_child().watch(http, 3)

        assert counted.of("heartbeat_statements_total") == {
            "player_tokens": 1,
            "beat_entries": 1,
            "begin": 1,
            "continue": 2,
        }

    def test_answers_with_200_by_their_time_and_others_by_their_route(self, http, counted):
        child = make_child()
        child.watch(http, 2)
        child.beat(http, session_id="11111111-1111-4111-8111-111111111111")

        assert counted["heartbeat_duration_seconds_count",] == 2
        assert counted["request_duration_seconds_count", HEARTBEAT.removeprefix("/")] == 1


class TestQueue:
    def test_its_longest_is_kept_for_two_seconds(self):
        writer = Writer()
        writer._longest = (9, 0)

        assert [writer.longest() for _ in range(3)] == [9, 9, 0]

    def test_grows_by_what_waits(self, http, monkeypatch):
        """A held statement: the beats of others wait."""
        begun, held, decide = threading.Event(), threading.Event(), writing.decide

        def hold(beats):
            begun.set()
            held.wait(30)
            return decide(beats)

        monkeypatch.setattr(writing, "decide", hold)
        children = [make_child() for _ in range(4)]
        threads = [threading.Thread(target=child.beat, args=(http,)) for child in children]
        threads[0].start()
        begun.wait(30)
        for thread in threads[1:]:
            thread.start()
        until(lambda: writing.writer.size() == 3)

        longest = writing.writer.longest()
        held.set()
        for thread in threads:
            thread.join()

        assert longest >= 3
        assert writing.writer.size() == 0


class TestRequests:
    def test_refused_ones_by_status(self, http, counted):
        http.get("/api/v1/catalog/titles")
        http.post(HEARTBEAT, json={}, headers=make_child().headers)

        assert counted.of("refusals_total") == {"401": 1, "422": 1}
        assert counted["failures_total",] == 0

    @pytest.mark.parametrize(("setting", "level"), [("WARNING", "warning"), ("ERROR", "error")])
    def test_slow_ones_by_level(self, http, settings, counted, setting, level):
        settings.SLOW_REQUEST_WARNING_MS = 0
        settings.SLOW_REQUEST_ERROR_MS = 0 if level == "error" else 600_000

        http.get("/api/v1/catalog/titles")

        assert counted.of("slow_requests_total") == {level: 1}

    def test_failed_ones(self, http, counted, monkeypatch):
        monkeypatch.setattr("viewing.playback.balances.read_balance", None)
        child = make_child()

        http.get(f"/api/v1/viewing-time/balance/{child.profile.id}", headers=child.headers)

        assert counted["failures_total",] == 1


def test_a_report_counts_its_queries_and_time(http, counted):
    home = make_home()

    answer = http.get("/api/v1/parental-controls/weekly-report", headers=home.parent.headers)

    assert answer.status_code == 200
    assert counted["weekly_report_queries_total",] == 3
    assert counted["weekly_report_duration_seconds_count",] == 1
