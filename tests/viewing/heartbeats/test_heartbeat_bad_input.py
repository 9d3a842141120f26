"""What a player may send wrong: a documented status, a detail that names the field, and nothing written."""

import json
import uuid

import pytest

from tests.families import make_child
from tests.viewing.heartbeats.invalid import INVALID

HEARTBEAT = "/api/v1/viewing-time/heartbeat"
UNPARSABLE = {"detail": "Cannot parse request body", "code": "broken_body"}


def send(http, child, content):
    """One beat with this very body: bytes, or what Python's JSON makes of it (lone surrogates escaped, NaN)."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return http.post(HEARTBEAT, content=body, headers={**child.headers, "Content-Type": "application/json"})


def body_with(child, field, literal):
    """A beat's body in which a field has this text of JSON for a value."""
    return json.dumps(child.body(**{field: "@"})).replace('"@"', literal).encode()


def errors_of(response):
    """The validation errors of a 422, each of the documented form."""
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/json"
    assert set(response.json()) == {"detail", "code"}
    errors = response.json()["detail"]
    assert [set(error) for error in errors] == [{"type", "loc", "msg"}] * len(errors)
    return errors


@pytest.mark.parametrize(("field", "value", "kind", "message"), INVALID)
def test_a_wrong_field_is_422_and_named(http, field, value, kind, message):
    child = make_child()

    (error,) = errors_of(send(http, child, child.body(**{field: value})))

    assert (error["type"], error["loc"]) == (kind, ["body", field])
    assert error["msg"].startswith(message)
    assert child.has_written_nothing()


def test_every_wrong_field_is_named_in_one_response(http):
    child = make_child()

    errors = errors_of(send(http, child, {"device_id": "", "sequence": -1}))

    assert [error["loc"] for error in errors] == [
        ["body", "profile_id"],
        ["body", "title_id"],
        ["body", "device_id"],
        ["body", "sequence"],
    ]


@pytest.mark.parametrize("device_id", ["x", "x" * 100, "📺" * 100, " ", "'; -- \\u0000 \n\t"])
def test_a_device_id_of_1_to_100_characters_is_kept_as_it_came(http, device_id):
    child = make_child()

    assert child.beat(http, device_id=device_id).status_code == 200

    assert [session.device_id for session in child.sessions()] == [device_id]


@pytest.mark.parametrize("sequence", [0, 2**53 - 1])
def test_a_sequence_at_its_bounds_is_kept(http, sequence):
    child = make_child()

    assert child.beat(http, sequence=sequence).status_code == 200

    assert [session.last_sequence for session in child.sessions()] == [sequence]


def test_an_id_may_be_written_in_any_of_its_forms(http):
    child = make_child()

    response = child.beat(http, profile_id=child.profile.id.hex, title_id=str(child.title.id).upper())

    assert response.status_code == 200
    assert len(child.sessions()) == 1


@pytest.mark.parametrize("content", [b"[]", b"[{}]", b'"beat"', b'""', b"0", b"7.5", b"null", b"true", b"false"])
def test_a_body_that_is_no_object_is_422_and_says_so(http, content):
    child = make_child()

    errors = errors_of(send(http, child, content))

    assert errors == [{"type": "model_attributes_type", "loc": ["body"], "msg": "Input should be a JSON object"}]


def test_a_missing_body_is_422_and_says_so(http):
    child = make_child()

    errors = errors_of(send(http, child, b""))

    assert errors == [{"type": "missing", "loc": ["body"], "msg": "Field required"}]


@pytest.mark.parametrize(
    "content",
    [b"{", b"beat", b" ", b'{"profile_id": "x",}', b'{"device_id": "\xff"}', b"{'device_id': 'x'}", b"{}{}"],
)
def test_broken_json_is_400(http, content):
    child = make_child()

    response = send(http, child, content)

    assert (response.status_code, response.json()) == (400, UNPARSABLE)
    assert response.headers["content-type"] == "application/json"


def test_the_parsers_message_is_not_returned_under_debug_either(http, settings):
    settings.DEBUG = True
    child = make_child()

    assert send(http, child, b'{"device_id": oops}').json() == UNPARSABLE


@pytest.mark.parametrize("field", ["device_id", "session_id", "unknown"])
def test_json_nested_too_deeply_is_400(http, field):
    child = make_child()

    response = send(http, child, body_with(child, field, "[" * 30_000 + "]" * 30_000))

    assert (response.status_code, response.json()) == (400, UNPARSABLE)
    assert child.has_written_nothing()


def test_a_nested_value_that_the_parser_takes_is_422(http):
    child = make_child()

    (error,) = errors_of(send(http, child, body_with(child, "device_id", "[" * 500 + "]" * 500)))

    assert error["loc"] == ["body", "device_id"]


@pytest.mark.parametrize("field", ["sequence", "unknown"])
def test_an_integer_of_5000_digits_is_400(http, field):
    child = make_child()

    response = send(http, child, body_with(child, field, "1" * 5_000))

    assert (response.status_code, response.json()) == (400, UNPARSABLE)
    assert child.has_written_nothing()


def test_a_number_beyond_a_float_is_422(http):
    child = make_child()

    (error,) = errors_of(send(http, child, body_with(child, "sequence", "1e400")))

    assert (error["type"], error["loc"]) == ("finite_number", ["body", "sequence"])


def test_the_last_of_a_repeated_key_counts(http):
    child = make_child()
    content = json.dumps(child.body()).encode().replace(b'"device_id"', b'"device_id": "first", "device_id"')

    assert send(http, child, content).status_code == 200

    assert [session.device_id for session in child.sessions()] == [child.device_id]


def test_fields_that_the_contract_does_not_know_are_ignored(http):
    child = make_child()
    unknown = {
        "counted_seconds": 9,
        "day": "2020-01-01",
        "seconds": -30,
        "_obj": {},
        "__class__": 1,
        "\ud800": "\ud800",
    }

    response = send(http, child, {**child.body(), **unknown})

    assert (response.status_code, response.json()["used_minutes"]) == (200, 0.5)


def test_wrong_input_of_one_player_harms_no_other(http):
    child, other = make_child(), make_child()
    session_id = other.watch(http, 1)

    for field, value, *_ in INVALID:
        send(http, child, child.body(**{field: value}))
        assert other.beat(http, session_id=session_id).json()["enforcement"] == "allowed"


@pytest.mark.parametrize("content", [b"[" * 60_000, b"", b"7", b'{"session_id": 7}', b'{"session_id": "x"}'])
def test_what_no_one_can_authenticate_is_blocked_whatever_its_body(http, monkeypatch, content):
    async def fail(token):
        raise RuntimeError("unexpected")

    monkeypatch.setattr("config.api.callers.authenticate", fail)

    response = send(http, make_child(), content)

    assert response.status_code == 200
    assert (response.json()["enforcement"], response.json()["reason"]) == ("blocked", "unavailable")
    assert response.json()["session_id"] == str(uuid.UUID(int=0))
