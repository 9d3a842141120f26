"""The events of PINs, grants and logins that operators look for: what each says, and of which request."""

import pytest

from tests.parental.cast import make_parent
from tests.parental.homes import PIN, make_home

pytestmark = pytest.mark.usefixtures("quick_hashes", "no_waiting")

VERIFY = "/api/v1/parental-controls/pin/verify"


def test_only_the_fifth_wrong_pin_is_logged(http, events):
    home = make_home()
    home.set_pin()
    wrong = {"pin": "0000"}

    for _ in range(4):
        assert http.post(VERIFY, json=wrong, headers=home.parent.headers).status_code == 403
    assert not events("pin_locked")
    last = http.post(VERIFY, json=wrong, headers=home.parent.headers)
    http.post(VERIFY, json=wrong, headers=home.parent.headers)

    (line,) = events("pin_locked")
    assert (line["level"], line["by"], line["user_id"]) == ("warning", "parent", home.parent.user.id)
    assert line["request_id"] == last.headers["X-Request-ID"]
    assert line["locked_until"] is not None


def test_a_right_fifth_attempt_is_not_logged(http, events):
    home = make_home()
    home.set_pin()
    for _ in range(4):
        http.post(VERIFY, json={"pin": "0000"}, headers=home.parent.headers)

    assert http.post(VERIFY, json={"pin": PIN}, headers=home.parent.headers).status_code == 200

    assert not events("pin_locked")


def test_a_grant_and_its_end_are_logged(http, events):
    home = make_home()

    given = home.grant(http, 30)
    taken = home.take_back(http, given.json()["grant_id"])

    (line,) = events("time_granted")
    assert str(line.pop("grant_id")) == given.json()["grant_id"]
    assert line == {
        "level": "info",
        "profile_id": home.child.profile.id,
        "user_id": home.parent.user.id,
        "minutes": 30,
        "is_remote": True,
        "request_id": given.headers["X-Request-ID"],
    }
    (line,) = events("grant_taken_back")
    assert line["request_id"] == taken.headers["X-Request-ID"]


def test_a_refused_grant_is_not_logged(http, events):
    home = make_home()

    assert home.grant_on_the_device(http, 30).status_code == 403

    assert not events("time_granted")


def test_a_reused_refresh_token_is_logged(http, events):
    parent = make_parent()
    body = {"refresh_token": parent.refresh_token}
    assert http.post("/api/v1/auth/refresh", json=body).status_code == 200

    assert http.post("/api/v1/auth/refresh", json=body).status_code == 401

    (line,) = events("refresh_token_reused")
    assert (line["level"], line["user_id"]) == ("warning", parent.user.id)
