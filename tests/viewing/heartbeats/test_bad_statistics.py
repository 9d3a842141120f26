"""The hot statements read as many rows as they have beats, whatever the statistics say.

ANALYZE while hardly anyone watches (a nightly VACUUM ANALYZE, a restore, an upgrade) makes the partial index of running
sessions look like one row. A planner that believes so reads the whole index for every beat of the next evening.
"""

import uuid
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from tests.families import make_child, make_gateway, make_title
from tests.plans import nodes, sent_by
from viewing import rules
from viewing.heartbeats import sql
from viewing.heartbeats.beats import Beat
from viewing.hotpath import sql as hotpath_sql
from viewing.hotpath import threads
from viewing.hotpath.entries import Title
from viewing.playback import balances
from viewing.playback import sql as playback_sql
from viewing.profile import Profile

CHILDREN = 2_000
LARGE = {"viewing_viewingsession", "viewing_viewingtimebalance", "viewing_profile", "viewing_playertoken"}
BATCH = 64

_CHILDREN = """
INSERT INTO viewing_profile (id, user_id, name, avatar_url, is_kids, created_at)
SELECT gen_random_uuid(), %(user_id)s, 'Mia', '', true, now() FROM generate_series(1, %(count)s) RETURNING id
"""
_TOKENS = """
INSERT INTO viewing_playertoken (id, profile_id, device_name, token_hash, created_at, last_used_at, expires_at)
SELECT gen_random_uuid(), id, 'TV', sha256(id::text::bytea), %(now)s, %(now)s, %(now)s + interval '90 days'
FROM unnest(%(ids)s::uuid[]) id
"""
# Ten ended ones each, or one that runs.
_SESSIONS = """
INSERT INTO viewing_viewingsession (
    id, profile_id, title_id, device_id, device_type, is_educational, day, started_at, last_heartbeat_at, ended_at,
    end_reason, counted_seconds, exempt_seconds, first_sequence, last_sequence)
SELECT gen_random_uuid(), profile_id, %(title_id)s, 'living-room', 'tv', false, at::date, at, at,
    CASE WHEN NOT %(run)s THEN at END, CASE WHEN %(run)s THEN '' ELSE 'ended' END, 30, 0, 0, 0
FROM unnest(%(ids)s::uuid[]) profile_id, generate_series(1, CASE WHEN %(run)s THEN 1 ELSE 10 END) n,
    LATERAL (SELECT %(now)s - (CASE WHEN %(run)s THEN 0 ELSE n END) * interval '1 day') s(at)
"""
_BALANCES = """
INSERT INTO viewing_viewingtimebalance (
    profile_id, day, used_seconds, educational_seconds, granted_seconds, is_unlimited_override)
SELECT profile_id, day, sum(counted_seconds), 0, 0, false FROM viewing_viewingsession
WHERE profile_id = ANY(%(ids)s::uuid[]) GROUP BY profile_id, day
"""


@pytest.fixture
def evening(committed):
    """2,000 sessions begin after an ANALYZE that saw none run; taken back after the test.

    (profile ids, title id, now, running session by profile)
    """
    now = timezone.now()
    with transaction.atomic():
        title_id = make_title().id
        with connection.cursor() as cursor:
            cursor.execute(_CHILDREN, {"user_id": make_child().profile.user_id, "count": CHILDREN})
            ids = [id_ for (id_,) in cursor.fetchall()]
            values = {"ids": ids, "title_id": title_id, "now": now}
            cursor.execute(_TOKENS, values)
            cursor.execute(_SESSIONS, values | {"run": False})
            cursor.execute(_BALANCES, values)
            cursor.execute("ANALYZE")
            cursor.execute(_SESSIONS, values | {"run": True})
            cursor.execute("SELECT profile_id, id FROM viewing_viewingsession WHERE ended_at IS NULL")
            running = dict(cursor.fetchall())
        yield ids, title_id, now, running
        transaction.set_rollback(True)
    for alias in ("default", threads.ALIAS):
        connections[alias].close()


def make_row(n, profile_id, session_id, title_id, now, **changes):
    beat = {
        "profile": Profile(id=profile_id, user_id=title_id, is_kids=True),
        "title_id": title_id,
        "title": Title(id=title_id, is_educational=False),
        "session_id": session_id,
        "device_id": "living-room",
        "device_type": "tv",
        "is_paused": False,
        "sequence": 1,
        "pause_grace_seconds": rules.PAUSE_GRACE_SECONDS,
        "day": now.date(),
        "now": now,
    }
    return Beat(**(beat | changes)).as_row(n)


def hot_statements(ids, title_id, now, running):
    """Every statement of the players' and the gateways' path, by what it does, and how many rows it is about."""
    some = ids[:: CHILDREN // BATCH][:BATCH]
    warm = [make_row(n, id_, running[id_], title_id, now) for n, id_ in enumerate(some)]
    paused = [make_row(n, id_, running[id_], title_id, now, is_paused=True) for n, id_ in enumerate(some)]
    first = [make_row(n, id_, None, title_id, now) for n, id_ in enumerate(some)]
    switching = [make_row(n, id_, running[id_], title_id, now) for n, id_ in enumerate(some)]
    hashes = [sha256(str(id_).encode()).digest() for id_ in some]
    session = {"session_id": running[ids[0]], "user_id": uuid.uuid4(), "profile_id": None, "now": now}
    tokens = {"hashes": hashes, "now": now + timedelta(hours=2), "expires_at": now + timedelta(days=90)}
    gateways = [sha256(make_gateway().token.encode()).digest()]
    child = Profile(id=ids[0], user_id=title_id, is_kids=True)
    return {
        "warm beats": (BATCH, lambda: sql.continue_sessions(warm)),
        "paused beats": (BATCH, lambda: sql.continue_sessions(paused)),
        "one warm beat": (1, lambda: sql.continue_sessions(warm[:1])),
        "first beats": (BATCH, lambda: sql.begin_sessions(first)),
        "switches": (BATCH, lambda: sql.begin_sessions(switching)),
        "one first beat": (1, lambda: sql.begin_sessions(first[:1])),
        "entries": (
            BATCH,
            lambda: hotpath_sql.read_beat_entries(profile_ids=some, title_ids=[title_id], with_site=True),
        ),
        "player tokens": (BATCH, lambda: hotpath_sql.read_player_tokens(**tokens)),
        "a gateway token": (1, lambda: hotpath_sql.read_gateway_tokens(hashes=gateways, now=now)),
        "the end of a session": (1, lambda: playback_sql.end_session(**session)),
        "a balance": (1, lambda: balances.read_balance(child, now=now)),
    }


def test_no_hot_statement_reads_more_rows_than_it_has_beats(evening):
    read = {}
    for name, (beats, call) in hot_statements(*evening).items():
        statement, parameters = sent_by(call)
        for node in nodes(connection.connection, statement, parameters):
            what = node.get("Index Name") or node.get("Relation Name") or node["Node Type"]
            # A small table may be read once: the site's settings, or the settings of the few profiles that have some.
            is_read_once = node["Node Type"] == "Seq Scan" and node["Actual Loops"] == 1
            if node["rows"] > max(2 * beats, 16) and not (is_read_once and what not in LARGE):
                read[name, what] = node["rows"]

    assert read == {}
