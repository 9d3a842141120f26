"""The events of docs/operations.md#logs: what each says, and of which request."""

import logging

import pytest
from django.db import OperationalError

from tests.families import make_child
from tests.parental.homes import make_home
from tests.statements import statements
from viewing.hotpath import entries, invalidation, lookup


def test_a_batch_is_one_line_and_a_beat_another(http, events):
    child = make_child()
    child.beat(http)

    answer = child.beat(http)

    _, batch = events("heartbeats_processed")
    assert (batch["level"], batch["count"], batch["db_ops"]) == ("info", 1, 1)
    assert 0 < batch["duration_ms"] < 10_000
    _, beat = events("heartbeat_processed")
    assert (beat["level"], beat["profile_id"], beat["db_ops"]) == ("debug", child.profile.id, 1)
    assert beat["duration_ms"] >= batch["duration_ms"]
    assert beat["request_id"] == answer.headers["X-Request-ID"]


def test_db_ops_are_the_statements_that_the_database_saw(http, events):
    child = make_child()
    session_id = child.watch(http, 1)
    other = make_child().title

    with statements() as sent:
        child.beat(http, session_id=session_id, title_id=str(other.id))  # a switch

    by_the_writer = [statement for statement in sent.all if "json_to_recordset" in statement]
    assert events("heartbeats_processed")[-1]["db_ops"] == len(by_the_writer) == 2


def test_a_batch_of_many_is_one_line(http, events):
    """Beats of one profile go into batches of one, so the lines' counts add up to all beats."""
    child = make_child()

    child.watch(http, 5)

    assert sum(line["count"] for line in events("heartbeats_processed")) == 5
    assert len(events("heartbeat_processed")) == 5


def test_the_debug_lines_are_off_by_default(http, events, caplog):
    caplog.set_level(logging.INFO, "viewing")

    make_child().watch(http, 2)

    assert len(events("heartbeats_processed")) == 2
    for name in ("heartbeat_processed", "config_cache_hit", "config_cache_miss"):
        assert not events(name)


@pytest.mark.parametrize("ask", ["beat", "balance"])
def test_a_look_into_the_cache_misses_then_hits(http, events, ask):
    child = make_child()

    def look():
        if ask == "beat":
            return child.beat(http)
        return http.get(f"/api/v1/viewing-time/balance/{child.profile.id}", headers=child.headers)

    answers = [look(), look(), look()]

    about = {"level": "debug", "profile_id": child.profile.id}
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    assert events("config_cache_miss") == [{**about, "request_id": ids[0]}]
    assert events("config_cache_hit") == [{**about, "request_id": request_id} for request_id in ids[1:]]


def test_a_changed_limit_is_logged_once(http, events):
    home = make_home()

    answer = http.put(
        f"/api/v1/parental-controls/profiles/{home.child.profile.id}/viewing-time",
        json={"weekday_limit_minutes": 60},
        headers=home.parent.headers,
    )

    assert events("config_cache_invalidated") == [
        {"level": "info", "profile_id": home.child.profile.id, "request_id": answer.headers["X-Request-ID"]}
    ]


def test_a_change_by_another_process_is_reported_too(server, events):
    child = make_child()

    invalidation.on_notification(f"another profiles {child.profile.id}")

    (line,) = events("config_cache_invalidated")
    assert line["profile_id"] == child.profile.id


def test_other_caches_are_not_the_configs(server, events):
    lookup.invalidate(entries.SITE)

    assert not events("config_cache_invalidated")


def test_a_database_failure_is_logged_with_its_traceback(http, events, monkeypatch, caplog):
    def fail(rows):
        raise OperationalError("gone")

    monkeypatch.setattr("viewing.heartbeats.sql.begin_sessions", fail)

    assert make_child().beat(http).json()["reason"] == "unavailable"

    (line,) = events("heartbeats_failed")
    assert (line["level"], line["count"], line["outcome"]) == ("error", 1, "unavailable")
    (record,) = [record for record in caplog.records if record.getMessage() == "heartbeats_failed"]
    assert record.exc_info[2] is not None
