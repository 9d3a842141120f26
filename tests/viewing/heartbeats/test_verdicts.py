"""Every word that a heartbeat can end in is a `Verdict`, and counting never undoes what is committed."""

import re

import pytest

from perfmetrics.counting import metrics
from tests.families import make_child
from viewing.heartbeats import sql, writer
from viewing.heartbeats.beats import ANSWERED, COUNTED_AS, REFUSED, Verdict

# Other words of the statements' CASE expressions: the intent to begin, and why a session ended.
NO_VERDICTS = {"begin", "taken_over", "day_turned", "switched"}


def test_every_verdict_of_the_statements_is_a_member():
    text = sql._CONTINUE_WITH_EVENT + sql._BEGIN_WITH_EVENT

    words = set(re.findall(r"(?:THEN|ELSE)\s+'([a-z_]+)'", text)) - NO_VERDICTS
    compared = set(re.findall(r"verdict = '([a-z_]+)'", text)) | {
        word for words in re.findall(r"verdict IN \(([^)]+)\)", text) for word in re.findall(r"'([a-z_]+)'", words)
    }

    assert {"counted", "switch", "nothing_left", "lost", "ended"} <= words
    assert words | compared <= set(Verdict)


def test_every_verdict_is_either_answered_or_refused():
    assert set(Verdict) == ANSWERED | REFUSED
    assert not ANSWERED & REFUSED


def test_every_verdict_is_counted():
    assert set(metrics.heartbeats) == set(Verdict)
    assert {metrics.heartbeats[verdict] for verdict in COUNTED_AS} == {metrics.heartbeats["unavailable"]}


@pytest.fixture
def continue_as(monkeypatch):
    """Makes the statement that continues sessions return another verdict than it committed."""
    run = sql.continue_sessions

    def patch(verdict):
        monkeypatch.setattr(
            sql,
            "continue_sessions",
            lambda rows, **options: [decision._replace(verdict=verdict) for decision in run(rows, **options)],
        )

    return patch


def test_a_verdict_that_nobody_registered_leaves_the_committed_answer(http, continue_as, caplog):
    child = make_child()
    session_id = child.watch(http, 1)
    continue_as("bedtime")

    answer = child.beat(http, session_id=session_id).json()

    assert (answer["enforcement"], answer["used_minutes"]) == ("allowed", 1.0)
    assert child.balance().used_seconds == 60
    assert [record.getMessage() for record in caplog.records] == ["heartbeat_outcome_not_registered"]


def test_an_unregistered_verdict_does_not_keep_others_from_being_counted():
    before = metrics.heartbeats[Verdict.COUNTED]._value.get()

    metrics.count_batch(["bedtime", Verdict.COUNTED], waited_seconds=0.01)

    assert metrics.heartbeats[Verdict.COUNTED]._value.get() == before + 1


def test_a_batch_that_cannot_be_counted_is_answered_as_committed(http, monkeypatch, caplog):
    children = [make_child() for _ in range(3)]
    ids = [child.watch(http, 1) for child in children]

    def fail(_outcomes, *, waited_seconds):
        raise RuntimeError(f"no space left on the device, after {waited_seconds}")

    monkeypatch.setattr(writer.metrics, "count_batch", fail)

    answers = [child.beat(http, session_id=id_).json() for child, id_ in zip(children, ids, strict=True)]

    assert [answer["enforcement"] for answer in answers] == ["allowed"] * 3
    assert [child.balance().used_seconds for child in children] == [60] * 3
    assert [record.getMessage() for record in caplog.records] == ["heartbeats_not_counted"] * 3


@pytest.mark.parametrize("verdict", [Verdict.SWITCH, Verdict.LOST])
def test_a_switch_that_could_not_be_made_is_blocked(http, monkeypatch, verdict):
    child = make_child()
    session_id = child.watch(http, 1)
    monkeypatch.setattr(writer, "decide", lambda beats: [writer.Decision(n, verdict) for n, _ in enumerate(beats)])

    answer = child.beat(http, session_id=session_id).json()

    assert (answer["enforcement"], answer["reason"]) == ("blocked", "unavailable")
