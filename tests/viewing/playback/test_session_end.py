"""Ending a session, by the player or the parent: the same answer every time (docs/contract.md#session-end)."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.utils import timezone

from parental.tokens import families
from tests.families import make_child, make_family, make_title
from viewing.models import EndReason


def end(http, session_id, headers):
    return http.post(f"/api/v1/viewing-time/session/{session_id}/end", headers=headers)


def parents_headers(family):
    pair = families.begin_family(family.user.id, now=timezone.now())
    return {"Authorization": f"Bearer {pair.access_token}"}


def test_ends_the_session_and_returns_its_time(http, clock):
    clock.set("2026-03-04T10:00:00Z")
    child = make_child()
    session_id = child.watch(http, 3)
    clock.forward(seconds=20)

    response = end(http, session_id, child.headers)

    assert response.status_code == 200
    assert response.json() == {"session_id": session_id, "total_seconds": 90, "ended_at": "2026-03-04T10:00:20Z"}
    (session,) = child.sessions()
    assert (session.ended_at, session.end_reason) == (clock.now, EndReason.ENDED)
    assert child.balance().used_seconds == 90


def test_exempt_time_is_part_of_the_total(http):
    child = make_child()
    session_id = child.watch(http, 2, title_id=str(make_title(is_educational=True).id))

    assert end(http, session_id, child.headers).json()["total_seconds"] == 60


def test_ended_again_it_answers_the_first_end(http, clock):
    child = make_child()
    session_id = child.watch(http, 2)
    first = end(http, session_id, child.headers).json()
    clock.forward(hours=1)

    again = end(http, session_id, child.headers)

    assert (again.status_code, again.json()) == (200, first)
    assert child.sessions()[0].end_reason == EndReason.ENDED


def test_a_session_that_was_taken_over_keeps_its_end_and_its_reason(http, clock):
    clock.set("2026-03-04T10:00:00Z")
    child = make_child()
    old = child.watch(http, 2)
    clock.forward(seconds=30)
    new = child.watch(http, 1, device_id="phone")
    clock.forward(seconds=30)

    response = end(http, old, child.headers)

    assert response.json() == {"session_id": old, "total_seconds": 60, "ended_at": "2026-03-04T10:00:30Z"}
    ended, running = child.sessions()
    assert (ended.end_reason, str(running.id), running.ended_at) == (EndReason.TAKEN_OVER, new, None)


def test_after_the_end_a_first_beat_begins_a_new_session(http):
    child = make_child()
    session_id = child.watch(http, 1)
    end(http, session_id, child.headers)

    child.watch(http, 1)

    ended, running = child.sessions()
    assert (str(ended.id), ended.end_reason, running.ended_at) == (session_id, EndReason.ENDED, None)


def test_an_adult_ends_its_session(http):
    adult = make_family(adult=True).adult
    session_id = adult.watch(http, 2)

    assert end(http, session_id, adult.headers).json()["total_seconds"] == 60


def test_a_parents_token_ends_the_session_of_any_of_its_profiles(http):
    family = make_family(children=2)
    headers = parents_headers(family)

    for child in family.children:
        assert end(http, child.watch(http, 1), headers).status_code == 200
        assert child.sessions()[0].end_reason == EndReason.ENDED


def test_an_unknown_session_is_404(http):
    family = make_family()

    for headers in (family.children[0].headers, parents_headers(family)):
        response = end(http, uuid.uuid4(), headers)
        assert (response.status_code, response.json()) == (
            404,
            {"detail": "Session not found", "code": "session_unknown"},
        )


@pytest.mark.parametrize("state", ["running", "ended"])
@pytest.mark.parametrize("caller", ["sibling", "stranger", "another parent"])
def test_anothers_session_is_403_and_goes_on(http, caller, state):
    child, sibling = make_family(children=2).children
    callers = {
        "sibling": sibling.headers,
        "stranger": make_child().headers,
        "another parent": parents_headers(make_family()),
    }
    session_id = child.watch(http, 1)
    if state == "ended":
        end(http, session_id, child.headers)
    before = child.sessions()[0].ended_at

    response = end(http, session_id, callers[caller])

    assert (response.status_code, response.json()) == (
        403,
        {"detail": "Session access denied", "code": "access_denied"},
    )
    assert child.sessions()[0].ended_at == before


@pytest.mark.parametrize("session_id", ["last", "123", "%00"])
def test_a_malformed_id_is_422_and_named(http, session_id):
    response = end(http, session_id, make_child().headers)

    assert response.status_code == 422
    (error,) = response.json()["detail"]
    assert (error["type"], error["loc"]) == ("uuid_parsing", ["path", "session_id"])
    assert set(error) == {"type", "loc", "msg"}


def test_without_a_token_it_is_401_and_the_session_goes_on(http):
    child = make_child()
    session_id = child.watch(http, 1)

    response = end(http, session_id, {})

    assert (response.status_code, response.json()) == (
        401,
        {"detail": "Invalid or missing token", "code": "unauthenticated"},
    )
    assert child.sessions()[0].ended_at is None


@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b"\xff"])
def test_a_body_is_not_looked_at(http, body):
    child = make_child()
    session_id = child.watch(http, 1)

    response = http.post(f"/api/v1/viewing-time/session/{session_id}/end", content=body, headers=child.headers)

    assert response.status_code == 200


def test_parallel_ends_get_the_same_answer(http):
    child = make_child()
    session_id = child.watch(http, 2)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: end(http, session_id, child.headers), range(8)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
