"""Bulk and single beats at once, through three worker processes: nothing lost, nothing twice."""

import random
from collections import Counter

import pytest

from tests.families import make_child, make_gateway, make_title
from tests.http import any_worker
from tests.races import in_parallel
from viewing.models import ViewingSession


@pytest.fixture
def http(three_workers):
    with any_worker(three_workers.url) as client:
        yield client


def all_in_parallel(calls):
    return in_parallel(len(calls), lambda n: calls[n]())


def test_bulks_and_single_beats_of_the_same_sessions_all_count(http):
    title, gateway = make_title(), make_gateway()
    children = [make_child(title=title) for _ in range(20)]
    ids = [child.watch(http, 1) for child in children]

    def bulk():
        bodies = [child.body(session_id=id_) for child, id_ in zip(children, ids, strict=True)] * 2
        random.shuffle(bodies)
        return [(result["status"], result["body"]) for result in gateway.results(http, bodies)]

    def single(child, session_id):
        response = child.beat(http, session_id=session_id)
        return [(response.status_code, response.json())]

    singles = [lambda child=child, id_=id_: single(child, id_) for child, id_ in zip(children, ids, strict=True)]
    answers = [answer for found in all_in_parallel([bulk] * 4 + singles) for answer in found]

    assert {status for status, _ in answers} == {200}
    used = {id_: sorted(body["used_minutes"] for _, body in answers if body["session_id"] == id_) for id_ in ids}
    # 8 in bulk and one alone, after the first: each answer is the state right after its own beat.
    assert set(map(tuple, used.values())) == {tuple(1 + n / 2 for n in range(9))}
    assert {child.balance().used_seconds for child in children} == {300}
    assert {session.total_seconds for child in children for session in child.sessions()} == {300}


def test_first_beats_in_bulks_and_alone_leave_one_session_active(http):
    gateway = make_gateway()
    children = [make_child() for _ in range(10)]

    def bulk(n):
        return gateway.results(http, [child.body(device_id=f"bulk {n}") for child in children])

    def single(n):
        return [{"status": child.beat(http, device_id=f"own {n}").status_code} for child in children]

    calls = [lambda n=n: bulk(n) for n in range(5)] + [lambda n=n: single(n) for n in range(3)]
    results = [result for found in all_in_parallel(calls) for result in found]

    assert Counter(result["status"] for result in results) == {200: 80}
    for child in children:
        assert ViewingSession.objects.filter(profile=child.profile, ended_at=None).count() == 1
        assert sum(session.total_seconds for session in child.sessions()) == child.balance().used_seconds == 240


def test_a_bulk_request_sent_five_times_in_parallel_counts_once(http):
    gateway, title = make_gateway(), make_title()
    children = [make_child(title=title) for _ in range(50)]
    ids = [child.watch(http, 1, sequence=1) for child in children]
    bodies = [child.body(session_id=id_, sequence=2) for child, id_ in zip(children, ids, strict=True)]

    answers = all_in_parallel([lambda: gateway.results(http, bodies)] * 5)

    assert all(answer == answers[0] for answer in answers)
    assert {child.balance().used_seconds for child in children} == {60}
