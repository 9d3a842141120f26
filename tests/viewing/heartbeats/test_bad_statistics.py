"""The hot statements read as many rows as they have beats, whatever the statistics say (`tests/evening.py`)."""

import uuid
from datetime import timedelta
from hashlib import sha256

import pytest

from parental.tokens.sql import read_accounts
from tests.evening import CHILDREN, evening, rows_over
from tests.families import make_gateway
from tests.plans import sent_by
from viewing import rules
from viewing.heartbeats import sql
from viewing.heartbeats.beats import Beat
from viewing.hotpath import sql as hotpath_sql
from viewing.hotpath.entries import Title
from viewing.hotpath.plans import UNKNOWN, Asked
from viewing.playback import balances
from viewing.playback import sql as playback_sql
from viewing.profile import Profile

BATCH = 64


@pytest.fixture
def crowd(committed):
    with evening() as found:
        yield found


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


def hot_statements(crowd):
    """Every statement of the players' and the gateways' path, by what it does, and how many rows it is about."""
    ids, title_id, now, running = crowd.ids, crowd.title_id, crowd.now, crowd.running
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
    asked, today = dict.fromkeys(some, Asked(UNKNOWN, with_past=True)), now.date()
    one = {some[0]: asked[some[0]]}
    return {
        "warm beats": (BATCH, lambda: sql.continue_sessions(warm)),
        "paused beats": (BATCH, lambda: sql.continue_sessions(paused)),
        "one warm beat": (1, lambda: sql.continue_sessions(warm[:1])),
        "first beats": (BATCH, lambda: sql.begin_sessions(first)),
        "switches": (BATCH, lambda: sql.begin_sessions(switching)),
        "one first beat": (1, lambda: sql.begin_sessions(first[:1])),
        "entries": (
            BATCH,
            lambda: hotpath_sql.read_beat_entries(profiles=asked, title_ids=[title_id], with_site=True, today=today),
        ),
        "player tokens": (BATCH, lambda: hotpath_sql.read_player_tokens(**tokens)),
        "a gateway token": (1, lambda: hotpath_sql.read_gateway_tokens(hashes=gateways, now=now)),
        "the end of a session": (1, lambda: playback_sql.end_session(**session)),
        "accounts": (BATCH, lambda: read_accounts(some)),
        "one profile": (
            1,
            lambda: hotpath_sql.read_beat_entries(profiles=one, title_ids=[title_id], with_site=False, today=today),
        ),
        "a balance": (1, lambda: balances.read_balance(child, now=now)),
    }


def test_no_hot_statement_reads_more_rows_than_it_has_beats(crowd):
    read = {}
    for name, (beats, call) in hot_statements(crowd).items():
        if found := rows_over(max(2 * beats, 16), [sent_by(call)]):
            read[name] = found

    assert read == {}


def test_the_bound_is_met_by_no_plain_join(crowd):
    """What the look-ups are for: a join reads all running sessions for each row, since it takes them for one."""
    join = """
        SELECT count(s.id) FROM unnest(%(ids)s::uuid[]) b(profile_id)
        LEFT JOIN viewing_viewingsession s ON s.profile_id = b.profile_id AND s.ended_at IS NULL
    """
    ids = crowd.ids[:BATCH]

    assert rows_over(2 * BATCH, [(join, {"ids": ids})])
