"""The figures as JSON, for staff only (docs/contract.md#admin-metrics)."""

import httpx
import pytest
from django.urls import reverse

from perfmetrics.counting import metrics
from perfmetrics.reading import figures
from perfmetrics.reading.api import metrics_answer
from perfmetrics.reading.figures import Buckets
from tests.families import make_child, make_user
from tests.http import session_cookies
from tests.parental.cast import bearer, log_in, make_parent
from tests.perfmetrics.readings import make_totals

PATH = "/api/v1/admin/metrics"
FORM = {
    "uptime_seconds": float,
    "workers": int,
    "heartbeat": {
        "total_processed": int,
        "avg_db_ops_per_heartbeat": float,
        "avg_duration_ms": float,
        "max_duration_ms": float,
        "p95_duration_ms": float,
        "batch_size_avg": float,
        "failures": int,
        "blocked_by_reason": dict.fromkeys(metrics.BLOCKED, int),
    },
    "config_cache": {
        "hit_rate": float,
        "total_hits": int,
        "total_misses": int,
        "total_invalidations": int,
        "current_size": int,
        "max_size": int,
    },
    "weekly_report": {
        "total_generated": int,
        "avg_query_count": float,
        "max_query_count": int,
        "p95_duration_ms": float,
    },
}


def form_of(value):
    return {key: form_of(part) for key, part in value.items()} if isinstance(value, dict) else type(value)


@pytest.fixture
def staff(committed):
    return log_in(make_user(is_staff=True))


def read(http, staff):
    response = http.get(PATH, headers=staff.headers)
    assert response.status_code == 200, response.text
    return response.json()


class TestForm:
    def test_is_the_contracts(self, http, staff):
        assert form_of(read(http, staff)) == FORM

    def test_of_known_figures(self):
        now = make_totals(
            workers=2,
            outcomes={"counted": 90, "replay": 5, "nothing_left": 3, "unavailable": 2, "ended": 7, "busy": 1},
            statements=25,
            batches=20,
            batched=108,
            heartbeat=Buckets([0] * 50 + [100] * 96, 1.1),
            slowest=0.25,
            cache_hits=3,
            cache_misses=1,
            cache_invalidations=4,
            cache_entries=9,
            cache_largest=6,
            report=Buckets([0] * 10 + [2] * 136, 0.004),
            report_queries=6,
            report_most_queries=3,
        )

        answer = metrics_answer(now, uptime_seconds=12.345).model_dump()

        assert answer == {
            "uptime_seconds": 12.3,
            "workers": 2,
            "heartbeat": {
                "total_processed": 100,
                "avg_db_ops_per_heartbeat": 0.25,
                "avg_duration_ms": 11.0,
                "max_duration_ms": 250.0,
                "p95_duration_ms": pytest.approx(1.05**50, rel=0.05),
                "batch_size_avg": 5.4,
                "failures": 2,
                "blocked_by_reason": dict.fromkeys(metrics.BLOCKED, 0),
            },
            "config_cache": {
                "hit_rate": 0.75,
                "total_hits": 3,
                "total_misses": 1,
                "total_invalidations": 4,
                "current_size": 6,
                "max_size": 10_000,
            },
            "weekly_report": {
                "total_generated": 2,
                "avg_query_count": 3.0,
                "max_query_count": 3,
                "p95_duration_ms": pytest.approx(1.05**10, rel=0.05),
            },
        }

    def test_before_anything_happened(self):
        answer = metrics_answer(make_totals(workers=1), uptime_seconds=0)

        assert answer.heartbeat.p95_duration_ms == 0.0
        assert answer.config_cache.hit_rate == 0.0
        assert answer.weekly_report.avg_query_count == 0.0


class TestCounting:
    """In the test process's own server, which other tests use too: hence differences."""

    def difference(self, http, staff, part, act):
        before = read(http, staff)[part]
        act()
        after = read(http, staff)[part]
        return {name: after[name] - before[name] for name in before if name != "blocked_by_reason"}

    def test_every_answered_beat_counts_replays_and_blocked_ones_too(self, http, staff):
        child, poor = make_child(), make_child()
        poor.use_up(120 * 60)

        def act():
            session_id = child.beat(http, sequence=1).json()["session_id"]
            child.beat(http, session_id=session_id, sequence=2)
            assert child.beat(http, session_id=session_id, sequence=2).json()["used_minutes"] == 1
            assert poor.beat(http).json()["enforcement"] == "blocked"

        assert self.difference(http, staff, "heartbeat", act)["total_processed"] == 4

    def test_refused_beats_do_not_count(self, http, staff):
        child = make_child()
        session_id = child.watch(http, 1)
        http.post(f"/api/v1/viewing-time/session/{session_id}/end", headers=child.headers)

        def act():
            assert child.beat(http, session_id=session_id).status_code == 409
            assert child.beat(http, title_id="not-an-id").status_code == 422
            assert child.beat(http, session_id="11111111-1111-4111-8111-111111111111").status_code == 404

        found = self.difference(http, staff, "heartbeat", act)
        assert (found["total_processed"], found["failures"]) == (0, 0)

    def test_a_failure_is_answered_and_counted_as_one(self, http, staff, monkeypatch):
        child = make_child()
        monkeypatch.setattr("viewing.heartbeats.writer.decide", None)

        found = self.difference(http, staff, "heartbeat", lambda: child.beat(http))

        assert (found["total_processed"], found["failures"]) == (1, 1)

    def test_a_failure_before_the_writer_counts_too(self, http, staff, monkeypatch):
        child = make_child()

        def act():
            with monkeypatch.context() as patch:
                patch.setattr("parental.tokens.callers.authenticate", None)
                assert child.beat(http).json()["reason"] == "unavailable"

        found = self.difference(http, staff, "heartbeat", act)
        assert (found["total_processed"], found["failures"]) == (1, 1)

    def test_the_slowest_beat_is_reported(self, http, staff):
        make_child().watch(http, 3)
        found = read(http, staff)["heartbeat"]

        assert 0 < found["avg_duration_ms"] <= found["max_duration_ms"]
        assert 0 < found["p95_duration_ms"] <= found["max_duration_ms"] * 1.05

    def test_reads_of_limits_hit_or_miss(self, http, staff):
        child = make_child()

        found = self.difference(http, staff, "config_cache", lambda: child.watch(http, 5))

        assert (found["total_hits"], found["total_misses"]) == (4, 1)

    def test_a_change_of_limits_is_an_invalidation(self, http, staff):
        child = make_child()
        child.watch(http, 1)
        parent = log_in(child.profile.user)
        path = f"/api/v1/parental-controls/profiles/{child.profile.id}/viewing-time"

        def act():
            assert http.put(path, json={"weekday_limit_minutes": 60}, headers=parent.headers).status_code == 200

        assert self.difference(http, staff, "config_cache", act)["total_invalidations"] >= 1

    def test_weekly_reports_count_their_queries(self, http, staff):
        child = make_child()
        parent = log_in(child.profile.user)

        def act():
            assert http.get("/api/v1/parental-controls/weekly-report", headers=parent.headers).status_code == 200

        def queries():
            found = read(http, staff)["weekly_report"]
            return found["avg_query_count"] * found["total_generated"]

        before = queries()

        assert self.difference(http, staff, "weekly_report", act)["total_generated"] == 1
        # In this process others made reports, too: of what a week plan asks for, one statement more.
        assert queries() - before == pytest.approx(3, abs=0.1)
        assert read(http, staff)["weekly_report"]["max_query_count"] >= 3


class TestWhoMayAsk:
    REFUSED = {"detail": "Admin privileges required", "code": "staff_only"}

    def test_the_session_of_the_admin_site_lets_staff_in(self, server, staff):
        with httpx.Client(base_url=server, cookies=session_cookies(staff.user)) as browser:
            assert browser.get(PATH).status_code == 200
            # The same session that the admin site itself takes.
            assert browser.get(reverse("admin:index")).status_code == 200

    def test_nobody_without_a_token(self, http):
        response = http.get(PATH)

        assert (response.status_code, response.json()) == (
            401,
            {"detail": "Invalid or missing token", "code": "unauthenticated"},
        )

    @pytest.mark.parametrize("token", ["x", "sgp_unknown", "a.b.c"])
    def test_nobody_with_a_wrong_token(self, http, token):
        assert http.get(PATH, headers=bearer(token)).status_code == 401

    def test_nobody_with_a_session_that_does_not_exist(self, http):
        assert http.get(PATH, headers={"Cookie": f"sessionid={'a' * 32}"}).status_code == 401

    def test_no_parent(self, http):
        response = http.get(PATH, headers=make_parent().headers)

        assert (response.status_code, response.json()) == (403, self.REFUSED)

    def test_no_parent_with_a_session(self, server, committed):
        with httpx.Client(base_url=server, cookies=session_cookies(make_user())) as browser:
            response = browser.get(PATH)

        assert (response.status_code, response.json()) == (403, self.REFUSED)

    def test_no_player(self, http):
        response = http.get(PATH, headers=make_child().headers)

        assert (response.status_code, response.json()) == (403, self.REFUSED)

    def test_no_player_of_staff(self, http):
        child = make_child()
        child.profile.user.is_staff = True
        child.profile.user.save(update_fields=["is_staff"])

        assert http.get(PATH, headers=child.headers).status_code == 403

    def test_no_staff_whose_account_was_deactivated(self, server, staff):
        cookie = {"Cookie": f"sessionid={session_cookies(staff.user)['sessionid']}"}
        staff.user.is_active = False
        staff.user.save(update_fields=["is_active"])

        with httpx.Client(base_url=server) as http:
            assert http.get(PATH, headers=cookie).status_code == 401
            assert http.get(PATH, headers=staff.headers).status_code == 401


def test_the_reading_does_not_block_the_event_loop(http, staff, monkeypatch):
    """It reads files of every worker: no beat may wait for it."""
    import threading

    threads = []
    read_figures = figures.read
    monkeypatch.setattr(figures, "read", lambda: threads.append(threading.current_thread().name) or read_figures())

    read(http, staff)

    assert threads
    assert "server" not in threads
