"""POST /viewing-time/heartbeats: many beats in one request, each decided, counted and answered as it would be alone."""

import json
import uuid
from datetime import UTC, datetime

import pytest

from tests.families import NIL, make_child, make_family, make_gateway, make_player, make_title, make_user
from tests.viewing.heartbeats.invalid import INVALID

BULK = "/api/v1/viewing-time/heartbeats"


@pytest.fixture
def gateway(server):
    return make_gateway()


def post(http, gateway, content):
    return http.post(BULK, content=content, headers={**gateway.headers, "Content-Type": "application/json"})


def test_every_answer_has_its_documented_form(http, gateway, clock):
    """Written from docs/contract.md, one of each kind."""
    clock.set("2026-03-04T12:00:00+00:00")
    good, blocked, over, taken = make_child(), make_child(), make_child(), make_child()
    adult = make_family(adult=True).adult
    blocked.use_up(7200, day=clock.now.date())
    over_id, taken_id = over.watch(http, 1), taken.watch(http, 1)
    http.post(f"/api/v1/viewing-time/session/{over_id}/end", headers=over.headers)
    taken.beat(http, device_id="bedroom")
    gone = str(uuid.uuid4())

    response = gateway.send(
        http,
        [
            good.body(session_id=None, sequence=1),
            adult.body(),
            blocked.body(),
            good.body(session_id=gone),
            good.body(session_id=taken_id),
            good.body(title_id=gone),
            good.body(profile_id=gone),
            over.body(session_id=over_id),
            taken.body(session_id=taken_id),
            good.body(device_id=""),
        ],
    )

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert "X-Process-Time" in response.headers
    results = response.json()["results"]
    first, second = results[0]["body"].pop("session_id"), results[1]["body"].pop("session_id")
    assert [str(session.id) for session in good.sessions() + adult.sessions()] == [first, second]
    state = {"enforcement": "allowed", "remaining_minutes": 119.5, "used_minutes": 0.5, "is_educational": False}
    assert results == [
        {"status": 200, "body": state},
        {"status": 200, "body": {**state, "remaining_minutes": None, "used_minutes": 0.0}},
        {
            "status": 200,
            "body": {
                "session_id": NIL,
                "enforcement": "blocked",
                "remaining_minutes": 0.0,
                "used_minutes": 120.0,
                "is_educational": False,
                "reason": "limit_reached",
                "next_reset_at": "2026-03-05T00:00:00Z",
            },
        },
        {"status": 404, "detail": "Session not found", "code": "session_unknown"},
        {"status": 403, "detail": "Session does not belong to this profile", "code": "session_foreign"},
        {"status": 404, "detail": "Title not found", "code": "title_unknown"},
        {"status": 403, "detail": "Profile not found or access denied", "code": "access_denied"},
        {"status": 409, "detail": "Session has ended", "code": "session_ended", "reason": "session_ended"},
        {"status": 409, "detail": "Session has ended", "code": "taken_over", "reason": "taken_over"},
        {
            "status": 422,
            "detail": [
                {
                    "type": "string_too_short",
                    "loc": ["body", "device_id"],
                    "msg": "String should have at least 1 character",
                }
            ],
            "code": "invalid",
        },
    ]


def test_each_answer_is_what_the_single_call_answers(http, gateway):
    title = make_title(is_educational=True)
    for _ in range(3):
        one, many = make_child(title=title), make_child(title=title)

        alone = one.beat(http, sequence=1).json()
        (together,) = gateway.results(http, [many.body(sequence=1)])

        assert together["status"] == 200
        assert {**together["body"], "session_id": ""} == {**alone, "session_id": ""}


def test_1000_beats_of_1000_profiles_are_answered_in_their_order(http, gateway):
    user, title = make_user(), make_title()
    children = [make_player(user, title=title) for _ in range(1000)]

    first = gateway.results(http, [child.body() for child in children])
    ids = [result["body"]["session_id"] for result in first]
    backwards = list(zip(children, ids, strict=True))[::-1]
    second = gateway.results(http, [child.body(session_id=session_id) for child, session_id in backwards])

    assert [result["body"]["session_id"] for result in second] == ids[::-1]
    assert {result["body"]["used_minutes"] for result in second} == {1.0}
    assert {tuple(session.id for session in child.sessions()) for child in children} == {
        (uuid.UUID(id_),) for id_ in ids
    }


def test_beats_of_one_session_apply_in_order(http, gateway):
    child, other = make_child(), make_child()
    session_id = child.watch(http, 1, sequence=1)
    bodies = [child.body(session_id=session_id, sequence=sequence) for sequence in range(2, 40)]

    results = gateway.results(http, [*bodies[:20], other.body(), *bodies[20:]])

    used = [result["body"]["used_minutes"] for result in results if result["body"]["session_id"] == session_id]
    assert used == [1 + n / 2 for n in range(38)]
    assert child.balance().used_seconds == 39 * 30


def test_a_low_sequence_after_a_high_one_counts_nothing(http, gateway):
    child = make_child()
    session_id = child.watch(http, 1, sequence=1)

    results = gateway.results(http, [child.body(session_id=session_id, sequence=n) for n in (3, 2, 3, 4)])

    assert [result["body"]["used_minutes"] for result in results] == [1.0, 1.0, 1.0, 1.5]


def test_the_last_of_20_first_beats_of_a_profile_wins(http, gateway):
    child = make_child()

    results = gateway.results(http, [child.body(device_id=f"device {n}") for n in range(20)])

    assert [result["body"]["used_minutes"] for result in results] == [(n + 1) / 2 for n in range(20)]
    (active,) = [session for session in child.sessions() if session.ended_at is None]
    assert str(active.id) == results[-1]["body"]["session_id"]
    assert active.device_id == "device 19"
    assert {session.end_reason for session in child.sessions() if session.ended_at} == {"taken_over"}
    assert sum(session.total_seconds for session in child.sessions()) == child.balance().used_seconds == 600


def test_the_same_first_beat_twice_begins_once(http, gateway):
    child = make_child()

    first, again = gateway.results(http, [child.body(sequence=1)] * 2)

    assert first == again
    assert len(child.sessions()) == 1


def test_a_switch_and_the_next_beat_in_one_request(http, gateway):
    child, other = make_child(), str(make_title().id)
    session_id = child.watch(http, 1, sequence=1)

    results = gateway.results(
        http,
        [
            child.body(session_id=session_id, sequence=2),
            child.body(session_id=session_id, sequence=3, title_id=other),
            child.body(session_id=session_id, sequence=4, title_id=other),
        ],
    )

    assert [result["status"] for result in results] == [200, 200, 409]
    assert len(child.sessions()) == 2
    assert child.balance().used_seconds == 90


def test_an_invalid_one_is_422_in_its_place_and_harms_no_neighbour(http, gateway):
    """Every wrong field that the single call's tests know."""
    child = make_child()
    bad = [child.body(**{field: value}) for field, value, *_ in INVALID]
    good = [make_child(title=child.title) for _ in bad]
    pairs = [body for wrong, player in zip(bad, good, strict=True) for body in (wrong, player.body())]

    response = post(http, gateway, json.dumps({"heartbeats": pairs}))

    results = response.json()["results"]
    for (field, _, kind, message), result in zip(INVALID, results[::2], strict=True):
        assert set(result) == {"status", "detail", "code"}
        (error,) = result["detail"]
        assert (result["status"], result["code"]) == (422, "invalid")
        assert (error["type"], error["loc"]) == (kind, ["body", field])
        assert error["msg"].startswith(message)
    assert [result["body"]["used_minutes"] for result in results[1::2]] == [0.5] * len(good)
    assert child.has_written_nothing()


@pytest.mark.parametrize("item", [None, 7, "beat", [], True])
def test_what_is_no_object_is_422_in_its_place(http, gateway, item):
    child = make_child()

    results = gateway.results(http, [item, child.body()])

    assert results[0] == {
        "status": 422,
        "detail": [{"type": "model_attributes_type", "loc": ["body"], "msg": "Input should be a JSON object"}],
        "code": "invalid",
    }
    assert results[1]["status"] == 200


@pytest.mark.parametrize(
    ("body", "loc", "kind"),
    [
        ({}, ["body", "heartbeats"], "missing"),
        ({"heartbeats": None}, ["body", "heartbeats"], "list_type"),
        ({"heartbeats": {}}, ["body", "heartbeats"], "list_type"),
        ({"heartbeats": []}, ["body", "heartbeats"], "too_short"),
        ({"heartbeats": [{}] * 1001}, ["body", "heartbeats"], "too_long"),
        ([], ["body"], "model_attributes_type"),
    ],
)
def test_a_wrong_request_is_422_as_a_whole(http, gateway, body, loc, kind):
    response = post(http, gateway, json.dumps(body))

    assert response.status_code == 422
    (error,) = response.json()["detail"]
    assert (error["loc"], error["type"]) == (loc, kind)
    assert set(error) == {"type", "loc", "msg"}


def test_one_too_many_counts_none(http, gateway):
    child = make_child()

    assert gateway.send(http, [child.body()] * 1001).status_code == 422

    assert child.has_written_nothing()


def test_broken_json_is_400(http, gateway):
    response = post(http, gateway, b'{"heartbeats": [')

    assert (response.status_code, response.json()) == (
        400,
        {"detail": "Cannot parse request body", "code": "broken_body"},
    )


@pytest.mark.parametrize("over", [0, 1])
def test_the_limit_of_the_body_is_its_own_and_exact(http, gateway, settings, over):
    child = make_child()
    content = json.dumps({"heartbeats": [child.body()]}).encode().ljust(settings.BULK_MAX_BODY_BYTES + over)

    response = post(http, gateway, content)

    assert response.status_code == (413 if over else 200)
    assert len(child.sessions()) == 1 - over
    if over:
        assert response.json() == {"detail": "Request body too large", "code": "too_large"}


def test_the_next_reset_is_in_utc(http, gateway, clock):
    clock.set("2026-03-04T12:00:00+00:00")
    child = make_child(timezone="America/New_York", reset_hour=6)
    child.use_up(7200, day=clock.now.date())

    (result,) = gateway.results(http, [child.body()])

    assert datetime.fromisoformat(result["body"]["next_reset_at"]) == datetime(2026, 3, 5, 11, tzinfo=UTC)
