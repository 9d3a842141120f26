"""The express lane and the ordinary way are one: what both answer, count, log and write to generated requests."""

import os
import random
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from django.db import OperationalError

from perfmetrics.counting import cache
from tests.config.server.twins import Twin, by_header, counts
from tests.viewing.heartbeats.invalid import INVALID
from tests.viewing.heartbeats.trouble import fail
from viewing.heartbeats import writer
from viewing.heartbeats.beats import Decision
from viewing.hotpath import lookup, site

NIGHTLY = os.environ.get("NIGHTLY") == "true"
STEPS = 15_000 if NIGHTLY else 400
HEARTBEAT = "POST /api/v1/viewing-time/heartbeat"
AUTHORIZATION = "Authorization: Bearer TOKEN"
JSON = "Content-Type: application/json"

LINES = [
    "GET /api/v1/viewing-time/heartbeat",
    "HEAD /api/v1/viewing-time/heartbeat",
    "PUT /api/v1/viewing-time/heartbeat",
    "OPTIONS /api/v1/viewing-time/heartbeat",
    "POST /api/v1/viewing-time/heartbea%74",
    "POST /api/v1/viewing-time/heartbeat?",
    "POST /api/v1/viewing-time/heartbeat?a=1",
    "POST /api/v1/viewing-time/heartbeat?a=%ff",
    "POST /api/v1/viewing-time/heartbeat/",
]
HEADERS = [
    [AUTHORIZATION],
    [AUTHORIZATION, "Content-Type: application/json; charset=utf-8"],
    [AUTHORIZATION, "Content-Type: application/json; charset=latin-1"],
    [AUTHORIZATION, "Content-Type: text/plain"],
    [AUTHORIZATION, JSON, "Cookie: a=b", "Accept: text/html", "X-HTTP-Method-Override: GET"],
    [AUTHORIZATION, JSON, "Origin: https://player.example"],
    [AUTHORIZATION, JSON, "Origin: https://evil.example"],
    [AUTHORIZATION, JSON, "X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.1"],
    [JSON],
    [JSON, "Authorization: bearer TOKEN"],
    [JSON, "Authorization: Bearer  TOKEN"],
    [JSON, "Authorization: Bearer\tTOKEN"],
    [JSON, "Authorization: Bearer"],
    [JSON, "Authorization: Basic TOKEN"],
    [JSON, "Authorization: TOKEN"],
    [AUTHORIZATION, AUTHORIZATION, JSON],
    [AUTHORIZATION, JSON, "Authorization: Basic eA=="],
    [AUTHORIZATION, JSON, "Connection: close"],
]
MANGLES = [
    lambda body: b"",
    lambda body: body[:-1],
    lambda body: body + b"\n",
    lambda body: body + b"x",
    lambda body: b"\xef\xbb\xbf" + body,
    lambda body: body.decode().encode("utf-16"),
    lambda body: b"[" + body + b"]",
    lambda body: b"null",
    lambda body: b'"text"',
    lambda body: body.replace(b'"living-room"', b'"\xff"'),
    lambda body: body.replace(b"{", b'{"device_id":"first","x":[{"x":NaN}],', 1),
    lambda body: body.replace(b"{", b'{"x":"\xed\xa0\x80",', 1),
    lambda body: body.replace(b"{", b'{"x":' + b"[" * 300 + b"]" * 300 + b",", 1),
    lambda body: body.replace(b"{", b'{"x":' + b"1" * 5000 + b",", 1),
    lambda body: body + b" " * 70_000,
]


def request(dice):
    """About a request, most often a plain heartbeat."""
    player = dice.choices((0, 1, 2, 3), (6, 3, 1, 1))[0]
    fields = {}
    if dice.random() < 0.5:
        fields["sequence"] = dice.randrange(12)
    if dice.random() < 0.15:
        fields["is_paused"] = dice.random() < 0.7
    if dice.random() < 0.1:
        fields |= dice.choice(
            [{"device_type": "mobile"}, {"sequence": "3"}, {"device_id": "📺"}, {"more": {"a": None}}]
        )
    if dice.random() < 0.1:
        name, value, *_ = dice.choice(INVALID)
        fields[name] = value
    return {
        "line": dice.choice(LINES) if dice.random() < 0.04 else HEARTBEAT,
        "headers": dice.choice(HEADERS) if dice.random() < 0.2 else [AUTHORIZATION, JSON],
        "player": player,
        "token": dice.randrange(20) if dice.random() < 0.15 else player,
        "title": dice.choices((0, 1, 2, None), (12, 2, 1, 1))[0],
        "session": dice.randrange(100) if dice.random() < 0.15 else None,
        "fields": fields,
        "mangle": dice.choice(MANGLES) if dice.random() < 0.08 else bytes,
        "is_chunked": dice.random() < 0.05,
    }


def change(dice, clock, twins):
    """What happens to both families between two requests."""
    clock.forward(seconds=dice.choice((0, 1, 30, 30, 30, 61, 400)))
    if dice.random() < 0.005:
        clock.forward(hours=24)
    player, minutes = dice.randrange(4), dice.choice((15, 30, 120, None))
    seconds = dice.choice((0, 60 * 14, 60 * 15, 60 * 110))
    what = dice.random()
    for twin in twins:
        if what < 0.04:
            twin.set_limit(player, minutes)
        elif what < 0.08:
            twin.use_up(player, seconds)
        elif what < 0.12:
            twin.latest.pop(player, None)


def decided(verdict, end_reason=""):
    return lambda beats: [Decision(n, verdict, None, False, end_reason) for n in range(len(beats))]


def make_trouble(dice, patch, settings):
    """Let something go wrong, now and then; whether the caches must be cold for it."""
    what = dice.random()
    error = dice.choice((OperationalError("no connection"), RuntimeError("a defect")))
    if what < 0.02:
        settings.HEARTBEAT_QUEUE_SIZE = 0
    elif what < 0.04:
        patch.setattr("viewing.heartbeats.sql.continue_sessions", fail(error))
        patch.setattr("viewing.heartbeats.sql.begin_sessions", fail(error))
    elif what < 0.05:
        patch.setattr(writer, "decide", fail(error))
    elif what < 0.06:
        patch.setattr("viewing.heartbeats.single.heartbeat_answer", fail(error))
    elif what < 0.07:
        patch.setattr(writer.metrics, "count_batch", fail(error))
    elif what < 0.08:
        verdict = dice.choice(
            ("ended", "unknown", "foreign", "no_title", "busy", "lost", "switch", "unavailable", "odd")
        )
        patch.setattr(writer, "decide", decided(verdict, dice.choice(("taken_over", "ended"))))
    elif what < 0.11:
        names = ("viewing.hotpath.sql.read_beat_entries", "viewing.hotpath.sql.read_player_tokens")
        patch.setattr(dice.choice((*names, "parental.tokens.sql.read_accounts")), fail(error))
        return True
    return dice.random() < 0.1


def forget_twins():
    """What the caches hold of the two families, but not what they share."""
    for alias in ("profiles", "titles", "players", "gateways", "accounts"):
        cache.counted(alias).clear()


@pytest.fixture
def stage(monkeypatch, caplog, clock, settings):
    """What the test moves; `taken`: whether each request that could take the lane did. Cached entries stay valid."""
    monkeypatch.setattr(cache, "time", SimpleNamespace(time=lambda: 1_000_000.0))
    lookup.invalidate_all()
    site.site_settings()
    for app in ("viewing", "parental", "perfmetrics", "config"):
        caplog.set_level("DEBUG", app)
    with ExitStack() as stack:
        enter = stack.enter_context
        yield SimpleNamespace(clock=clock, settings=settings, caplog=caplog, taken=by_header(monkeypatch), enter=enter)
    lookup.invalidate_all()  # else what was read in this test would be valid for ever


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(4 if NIGHTLY else 1))
def test_both_ways_answer_count_log_and_write_the_same(server, stage, seed):
    dice = random.Random(seed)
    twins = {way: stage.enter(Twin()) for way in ("express", "ordinary")}
    queue_size = stage.settings.HEARTBEAT_QUEUE_SIZE

    for step in range(STEPS // (4 if NIGHTLY else 1)):
        change(dice, stage.clock, twins.values())
        about, count = request(dice), dice.choices((1, 4), (30, 1))[0]
        found = {}
        with pytest.MonkeyPatch.context() as patch:
            stage.settings.HEARTBEAT_QUEUE_SIZE = queue_size
            is_cold = make_trouble(dice, patch, stage.settings)
            if is_cold:
                forget_twins()
            for way in dice.sample(list(twins), 2):
                before = counts()
                stage.caplog.clear()
                if count == 1:
                    answered = twins[way].send(server, about, way)
                else:
                    answered = twins[way].send_together(server, about, way, count)
                lines = sorted((line.name, line.levelname, line.getMessage()) for line in stage.caplog.records)
                found[way] = answered, +(counts() - before) if count == 1 else None, lines if count == 1 else None
        assert found["express"] == found["ordinary"], (seed, step, about)

    stage.settings.HEARTBEAT_QUEUE_SIZE = queue_size
    assert twins["express"].state() == twins["ordinary"].state()
    assert len(twins["express"].state()) > 10
    # Or else this test would compare the ordinary way with itself.
    assert 0.6 < sum(stage.taken) / len(stage.taken) < 0.95
