"""Beats that come at once, from several players and through several worker processes: nothing lost, nothing twice."""

import asyncio

import pytest

from tests.families import make_child, make_family, make_title
from tests.http import any_worker
from tests.load import Connection, closed_loop
from tests.races import in_parallel
from viewing.models import ViewingSession, ViewingTimeBalance


@pytest.fixture
def http(three_workers):
    with any_worker(three_workers.url) as client:
        yield client


def active_sessions(child):
    return ViewingSession.objects.filter(profile=child.profile, ended_at=None)


def test_100_parallel_beats_of_one_session_all_count(http):
    child = make_child()
    session_id = child.watch(http, 1)

    answers = in_parallel(100, lambda _: child.beat(http, session_id=session_id))

    assert {answer.status_code for answer in answers} == {200}, [a.text for a in answers if a.status_code != 200]
    assert [session.counted_seconds for session in child.sessions()] == [3030]
    assert child.balance().used_seconds == 3030
    # Each answer is the state right after its own beat.
    assert sorted(answer.json()["used_minutes"] for answer in answers) == [1 + n / 2 for n in range(100)]


def test_a_beat_sent_20_times_in_parallel_counts_once(http):
    child = make_child()
    session_id = child.watch(http, 1, sequence=1)

    answers = in_parallel(20, lambda _: child.beat(http, session_id=session_id, sequence=2))

    assert {answer.json()["used_minutes"] for answer in answers} == {1.0}
    assert child.balance().used_seconds == 60


def test_20_parallel_first_beats_leave_one_session_active(http):
    child = make_child()

    answers = in_parallel(20, lambda n: child.beat(http, device_id=f"device {n}"))

    assert {answer.status_code for answer in answers} == {200}, [a.text for a in answers if a.status_code != 200]
    assert active_sessions(child).count() == 1
    assert len({answer.json()["session_id"] for answer in answers}) == 20
    assert child.balance().used_seconds == 600
    assert sum(session.total_seconds for session in child.sessions()) == 600


def test_a_first_beat_sent_20_times_in_parallel_begins_one_session(http):
    child = make_child()

    answers = in_parallel(20, lambda _: child.beat(http, sequence=1))

    assert len({answer.json()["session_id"] for answer in answers}) == 1
    assert len(child.sessions()) == 1
    assert child.balance().used_seconds == 30


def test_20_parallel_first_beats_of_a_profile_without_config_all_count(http):
    child = make_child()
    child.profile.config.delete()

    answers = in_parallel(20, lambda n: child.beat(http, device_id=f"device {n}"))

    assert {answer.status_code for answer in answers} == {200}, [a.text for a in answers if a.status_code != 200]
    assert child.balance().used_seconds == 600


def test_a_title_switch_sent_20_times_in_parallel_switches_once(http):
    child = make_child()
    session_id, other = child.watch(http, 1, sequence=1), str(make_title().id)

    answers = in_parallel(20, lambda _: child.beat(http, session_id=session_id, title_id=other, sequence=2))

    assert {answer.status_code for answer in answers} == {200}, [a.text for a in answers if a.status_code != 200]
    assert len({answer.json()["session_id"] for answer in answers}) == 1
    assert len(child.sessions()) == 2
    assert child.balance().used_seconds == 60


def test_parallel_switches_and_takeovers_lose_nothing(http):
    child = make_child()
    session_id, other = child.watch(http, 1), str(make_title().id)

    def send(n):
        if n % 2:
            return child.beat(http, session_id=session_id, title_id=other)
        return child.beat(http, device_id=f"device {n}")

    answers = in_parallel(20, send)

    counted = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert active_sessions(child).count() == 1
    assert child.balance().used_seconds == 30 + 30 * len(counted)
    assert sum(session.total_seconds for session in child.sessions()) == child.balance().used_seconds


def test_a_beat_and_the_end_of_its_session_in_parallel(http):
    for _ in range(5):
        child = make_child()
        session_id = child.watch(http, 1)

        def send(n, child=child, session_id=session_id):
            if n == 5:
                return http.post(f"/api/v1/viewing-time/session/{session_id}/end", headers=child.headers)
            return child.beat(http, session_id=session_id)

        answers = in_parallel(10, send)
        counted = sum(answer.status_code == 200 for n, answer in enumerate(answers) if n != 5)
        (session,) = child.sessions()
        assert session.total_seconds == child.balance().used_seconds == 30 + 30 * counted
        assert answers[5].status_code == 200


def test_a_mixed_load_adds_up(three_workers):
    """Many profiles on three workers, first beats, warm beats, replays and switches mixed in every batch."""
    titles = [make_title(), make_title(is_educational=True)]
    children = [make_child(title=titles[0]) for _ in range(60)]

    async def play(child, n):
        connection, session_id, answered = Connection(three_workers.url, child.token), None, 0
        for sequence in range(30):
            title = titles[(sequence // (5 + n % 7)) % 2]
            body = child.body(session_id=session_id, sequence=sequence, title_id=str(title.id))
            status, answer = await connection.post(body)
            if sequence % 4 == n % 4:
                status, answer = await connection.post(body)
            assert (status, answer.get("reason")) == (200, None), answer
            session_id, answered = answer["session_id"], answered + 1
        await connection.close()
        return answered

    async def play_all():
        return await asyncio.gather(*(play(child, n) for n, child in enumerate(children)))

    assert set(asyncio.run(play_all())) == {30}
    for child in children:
        sessions = child.sessions()
        assert sum(session.total_seconds for session in sessions) == 900
        assert child.balance().used_seconds == sum(session.counted_seconds for session in sessions)
        assert child.balance().educational_seconds == sum(session.exempt_seconds for session in sessions)
        assert active_sessions(child).count() == 1


def test_two_profiles_that_name_each_others_sessions_do_no_harm(http):
    one, other = make_family(children=2).children
    sessions = [one.watch(http, 1), other.watch(http, 1)]

    answers = in_parallel(20, lambda n: (one, other)[n % 2].beat(http, session_id=sessions[1 - n % 2]))

    assert {answer.status_code for answer in answers} == {403}
    assert {one.balance().used_seconds, other.balance().used_seconds} == {30}


def test_load_on_three_workers_counts_every_answered_beat(three_workers):
    title = make_title()
    children = [make_child(title=title) for _ in range(100)]

    load = asyncio.run(closed_loop(three_workers.url, children, beats_each=20))

    assert load.statuses == {200: 2000}
    profiles = [child.profile.id for child in children]
    balances = ViewingTimeBalance.objects.filter(profile__in=profiles)
    assert {balance.used_seconds for balance in balances} == {600}
    sessions = {str(session.id): session.total_seconds for child in children for session in child.sessions()}
    assert sessions == {session_id: 30 * beats for session_id, beats in load.answered.items()}
