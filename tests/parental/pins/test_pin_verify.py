"""POST /parental-controls/pin/verify, and what its token is worth."""

import pytest

from parental.models import Pin
from tests.families import make_child, make_player
from tests.http import status_and_body
from tests.parental.cast import bearer, fields_of, log_in, make_parent
from tests.parental.pin_cast import INCORRECT, PIN, PLAYERS_MAY_NOT, URL, WRONG, parent_with_pin, set_pin, verify

pytestmark = pytest.mark.usefixtures("quick_hashes", "no_waiting")


@pytest.fixture
def parent(server, quick_hashes):
    return parent_with_pin()


def issue_player_token(http, parent, pin_token):
    profile_id = make_player(parent.user).profile.id
    body = {"device_name": "Tablet", "pin_token": pin_token}
    return http.post(f"/api/v1/auth/profiles/{profile_id}/player-token", json=body, headers=parent.headers)


def test_the_right_one_is_answered_with_a_token(http, parent):
    answer = verify(http, parent)

    assert answer.status_code == 200
    assert answer.json() == {"verified": True, "pin_token": answer.json()["pin_token"]}
    assert issue_player_token(http, parent, answer.json()["pin_token"]).status_code == 201


def test_a_wrong_password_reveals_nothing_more(http, parent):
    answer = verify(http, parent, WRONG)

    assert status_and_body(answer) == INCORRECT
    assert "X-Locked-Until" not in answer.headers
    assert status_and_body(verify(http, parent, WRONG)) == INCORRECT


def test_without_a_pin(http):
    assert status_and_body(verify(http, make_parent())) == (400, {"detail": "No PIN set", "code": "pin_none"})


def test_another_familys_pin_is_not_ours(http, parent):
    stranger = parent_with_pin("1234")

    assert status_and_body(verify(http, parent, "1234")) == INCORRECT
    assert verify(http, stranger, "1234").status_code == 200


def test_its_token_is_no_access_token(http, parent):
    token = verify(http, parent).json()["pin_token"]

    for method, path in (("GET", "/auth/me"), ("GET", "/parental-controls/pin/status"), ("POST", "/auth/profiles")):
        answer = http.request(method, f"/api/v1{path}", headers=bearer(token))
        assert status_and_body(answer) == (401, {"detail": "Invalid or missing token", "code": "unauthenticated"})


def test_its_token_is_invalid_after_a_change(http, parent):
    token = verify(http, parent).json()["pin_token"]
    assert set_pin(http, parent, new_pin=PIN, current_pin=PIN).status_code == 200  # even to the same digits

    assert status_and_body(issue_player_token(http, parent, token)) == (
        403,
        {"detail": "Valid PIN token required", "code": "pin_required"},
    )
    token = verify(http, parent).json()["pin_token"]
    assert issue_player_token(http, parent, token).status_code == 201


def test_every_login_of_the_account_may(http, parent):
    assert verify(http, log_in(parent.user)).status_code == 200


def test_the_pin_is_stored_as_bcrypt_of_cost_12(http, monkeypatch, settings):
    monkeypatch.undo()  # no quick hashes here
    parent = make_parent()
    set_pin(http, parent, new_pin="0815")

    assert Pin.objects.get(user=parent.user).pin_hash.startswith("bcrypt_sha256$$2b$12$")
    assert verify(http, parent, "0815").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/status", None),
        ("POST", "", {"new_pin": "8024"}),
        ("POST", "/verify", {"pin": PIN}),
        ("POST", "/reset", {"password": "12345678", "new_pin": "8024"}),
    ],
)
def test_parents_only(http, method, path, body):
    child = make_child()

    assert status_and_body(http.request(method, URL + path, json=body, headers=child.headers)) == PLAYERS_MAY_NOT
    for headers in ({}, bearer("sgp_unknown"), bearer("sga_x.y.z")):
        answer = http.request(method, URL + path, json=body, headers=headers)
        assert status_and_body(answer) == (401, {"detail": "Invalid or missing token", "code": "unauthenticated"})
    assert not Pin.objects.filter(user=child.profile.user).exists()


BAD_PINS = [
    ("123", "string_pattern_mismatch"),
    ("12345", "string_pattern_mismatch"),
    ("", "string_pattern_mismatch"),
    ("12a4", "string_pattern_mismatch"),
    ("1234\n", "string_pattern_mismatch"),
    ("\n1234", "string_pattern_mismatch"),
    ("12 4", "string_pattern_mismatch"),
    ("-123", "string_pattern_mismatch"),
    ("123\0", "string_pattern_mismatch"),
    ("١٢٣٤", "string_pattern_mismatch"),
    ("１２３４", "string_pattern_mismatch"),
    (1234, "string_type"),
    (["1234"], "string_type"),
]


@pytest.mark.parametrize(("value", "kind"), [*BAD_PINS, (None, "string_type")])
def test_only_four_ascii_digits_are_a_pin(http, parent, compared, value, kind):
    password = {"password": "correct horse"}

    assert fields_of(verify(http, parent, value)) == [(["body", "pin"], kind)]
    assert fields_of(set_pin(http, parent, new_pin=value, current_pin=PIN)) == [(["body", "new_pin"], kind)]
    answer = http.post(f"{URL}/reset", json={**password, "new_pin": value}, headers=parent.headers)
    assert fields_of(answer) == [(["body", "new_pin"], kind)]
    assert compared == []


@pytest.mark.parametrize(("value", "kind"), BAD_PINS)
def test_a_current_pin_has_the_same_bounds(http, parent, compared, value, kind):
    assert fields_of(set_pin(http, parent, new_pin="8024", current_pin=value)) == [(["body", "current_pin"], kind)]
    assert compared == []


@pytest.mark.parametrize("path", ["", "/verify", "/reset"])
def test_bodies_that_are_none(http, parent, path):
    missing = fields_of(http.post(URL + path, json={}, headers=parent.headers))
    assert {kind for _, kind in missing} == {"missing"}
    broken = http.post(URL + path, content=b"{", headers=parent.headers)
    assert status_and_body(broken) == (400, {"detail": "Cannot parse request body", "code": "broken_body"})
    assert http.post(URL + path, json=["1234"], headers=parent.headers).status_code == 422
    wrong_method = http.request("PUT", URL + path, json={}, headers=parent.headers)
    assert status_and_body(wrong_method) == (405, {"detail": "Method not allowed", "code": "method"})
