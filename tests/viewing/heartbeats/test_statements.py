"""What a heartbeat costs the database, read from PostgreSQL's log."""

import asyncio
import uuid

from perfmetrics.counting.cache import counted
from tests.families import make_child, make_title
from tests.load import closed_loop
from tests.statements import statements


def clear_caches():
    for alias in ("profiles", "titles", "players", "accounts"):
        counted(alias).clear()


def test_a_warm_beat_is_one_statement(http):
    child = make_child()
    session_id = child.watch(http, 1)

    with statements() as sent:
        answer = child.beat(http, session_id=session_id, sequence=1)

    # 1. continue the session, add to the balance and read it
    assert len(sent) == 1, sent
    assert answer.json()["used_minutes"] == 1.0
    assert sent.applications == ["sandglass-hotpath"]


def test_a_warm_first_beat_is_one_statement(http):
    child = make_child()
    child.beat(http)

    with statements() as sent:
        child.beat(http, device_id="tablet")

    # 1. end the running session, begin another
    assert len(sent) == 1, sent


def test_a_warm_switch_is_two_statements(http):
    child = make_child()
    session_id, other = child.watch(http, 1), make_title()
    child.beat(http, session_id=session_id, title_id=str(other.id))
    session_id = child.watch(http, 1)

    with statements() as sent:
        child.beat(http, session_id=session_id, title_id=str(other.id))

    # 1. it is another title  2. end the one, begin the other
    assert len(sent) == 2, sent


def test_a_cold_first_beat_is_three_statements(http):
    child = make_child()
    clear_caches()

    with statements() as sent:
        assert child.beat(http).status_code == 200

    # 1. the token  2. the profile with its limits, and the title  3. begin the session
    assert len(sent) == 3, sent


def test_a_cold_beat_of_a_running_session_is_three_statements(http):
    child = make_child()
    session_id = child.watch(http, 1)
    clear_caches()

    with statements() as sent:
        assert child.beat(http, session_id=session_id).status_code == 200

    # 1. the token  2. the profile with its limits, and the title  3. continue the session
    assert len(sent) == 3, sent


def test_the_limits_are_read_once_however_many_beats_come(http):
    child = make_child()
    clear_caches()

    with statements() as sent:
        child.watch(http, 20)

    assert sum("viewing_viewingtimeconfig" in statement for statement in sent.all) == 1


def test_unknown_ids_are_not_cached(http):
    child = make_child()
    unknown = str(uuid.uuid4())
    child.beat(http, title_id=unknown)

    with statements() as sent:
        child.beat(http, title_id=unknown)

    # 1. the title again; nothing is written
    assert len(sent) == 1, sent


def test_128_concurrent_players_cost_less_than_a_fifth_of_a_statement_a_beat(service):
    title = make_title()
    children = [make_child(title=title) for _ in range(128)]

    with statements() as sent:
        load = asyncio.run(closed_loop(service.url, children, beats_each=20))

    assert load.statuses == {200: 128 * 20}
    assert len(sent) / (128 * 20) < 0.2
    assert {child.balance().used_seconds for child in children} == {20 * 30}


def test_balance_and_eligibility_are_one_statement_warm(http):
    child = make_child()
    child.watch(http, 1)

    for path in ("balance", "playback-eligible"):
        with statements() as sent:
            response = http.get(f"/api/v1/viewing-time/{path}/{child.profile.id}", headers=child.headers)

        # 1. the balance: the profile that the access check loaded is handed on
        assert (response.status_code, len(sent)) == (200, 1), sent


def test_ending_a_session_is_one_statement(http):
    child = make_child()
    session_id = child.watch(http, 1)

    with statements() as sent:
        response = http.post(f"/api/v1/viewing-time/session/{session_id}/end", headers=child.headers)

    # 1. end it if it is the caller's
    assert (response.status_code, len(sent)) == (200, 1), sent


def test_titles_are_read_once(http):
    child = make_child()
    http.get("/api/v1/catalog/titles", headers=child.headers)

    with statements() as sent:
        assert http.get("/api/v1/catalog/titles", headers=child.headers).status_code == 200

    assert len(sent) == 0, sent
