"""PINs that come at once: to one process, and to three that share nothing but the database."""

import collections

import httpx
import pytest

from parental.models import Pin
from tests.http import status_and_body
from tests.parental.cast import PASSWORD, make_parent
from tests.parental.pin_cast import (
    CURRENT_INCORRECT,
    INCORRECT,
    LOCKED,
    PIN,
    URL,
    WRONG,
    guard_of,
    parent_with_pin,
    verify,
)
from tests.races import in_parallel

pytestmark = pytest.mark.usefixtures("quick_hashes", "no_waiting")


# Of PIN at cost 12: each comparison takes as long as in production, so that the other tries come while it runs.
SLOW_HASH = "bcrypt_sha256$$2b$12$GTafi0wUf8lHIW/rocDdnO4Zdlt8mmVqArBb2nWCPllrO6MlXpHNe"


@pytest.fixture(params=["one process", "three processes"])
def base_url(request, server):
    return server if request.param == "one process" else request.getfixturevalue("three_workers").url


@pytest.fixture
def parent(server, quick_hashes):
    return parent_with_pin(password=PASSWORD)


def post_in_parallel(count, base_url, path, parent, body):
    """(status, JSON) counted, of calls on connections of their own, so that any worker may take each."""

    def post(n):
        json = body(n) if callable(body) else body
        return httpx.post(f"{base_url}{URL}{path}", json=json, headers=parent.headers, timeout=300)

    return in_parallel(count, post)


def counted(answers):
    return collections.Counter(answer.json()["detail"] for answer in answers)


def test_five_of_50_parallel_wrong_pins_are_compared(base_url, parent, compared, server):
    Pin.objects.filter(user=parent.user).update(pin_hash=SLOW_HASH)

    answers = post_in_parallel(50, base_url, "/verify", parent, {"pin": WRONG})

    assert {answer.status_code for answer in answers} == {403}
    assert counted(answers) == {INCORRECT[1]["detail"]: 5, LOCKED[1]["detail"]: 45}
    with_end = [status_and_body(answer) for answer in answers if "X-Locked-Until" in answer.headers]
    assert (with_end.count(LOCKED), with_end.count(INCORRECT)) == (45, 1)
    assert guard_of(parent).reserved == 5
    assert compared == ([WRONG] * 5 if base_url == server else [])


def test_five_of_50_parallel_wrong_current_pins_are_compared(base_url, parent):
    answers = post_in_parallel(50, base_url, "", parent, {"new_pin": "8024", "current_pin": WRONG})

    assert counted(answers) == {CURRENT_INCORRECT[1]["detail"]: 5, LOCKED[1]["detail"]: 45}
    assert guard_of(parent).reserved == 5


def test_a_right_one_among_the_first_five_succeeds(base_url, parent):
    Pin.objects.filter(user=parent.user).update(pin_hash=SLOW_HASH)

    answers = post_in_parallel(5, base_url, "/verify", parent, lambda n: {"pin": PIN if n == 2 else WRONG})

    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403, 403]
    assert guard_of(parent).locked_until is None
    with httpx.Client(base_url=base_url, timeout=300) as client:
        assert verify(client, parent).status_code == 200


def test_tries_of_two_paths_share_the_five(base_url, parent):
    verifying = {"pin": WRONG}
    changing = {"new_pin": "8024", "current_pin": WRONG}

    def post(n):
        path, body = ("/verify", verifying) if n % 2 else ("", changing)
        return httpx.post(f"{base_url}{URL}{path}", json=body, headers=parent.headers, timeout=300)

    answers = in_parallel(20, post)

    assert counted(answers)[LOCKED[1]["detail"]] == 15


def test_one_of_parallel_first_settings_wins(base_url):
    parent = make_parent()

    answers = post_in_parallel(6, base_url, "", parent, lambda n: {"new_pin": f"802{n}"})

    by_status = collections.Counter(answer.status_code for answer in answers)
    assert by_status == {200: 1, 400: 5}
    (winner,) = [n for n, answer in enumerate(answers) if answer.status_code == 200]
    with httpx.Client(base_url=base_url, timeout=300) as client:
        assert verify(client, parent, f"802{winner}").status_code == 200


def test_one_of_parallel_changes_wins(base_url, parent):
    answers = post_in_parallel(4, base_url, "", parent, lambda n: {"new_pin": f"802{n}", "current_pin": PIN})

    by_status = collections.Counter(answer.status_code for answer in answers)
    assert by_status == {200: 1, 400: 3}
    (winner,) = [n for n, answer in enumerate(answers) if answer.status_code == 200]
    with httpx.Client(base_url=base_url, timeout=300) as client:
        assert verify(client, parent, f"802{winner}").status_code == 200


def test_parallel_resets_and_first_settings_break_nothing(base_url, server):
    parent = parent_with_pin(password=PASSWORD)
    Pin.objects.filter(user=parent.user).delete()

    def post(n):
        path, body = ("/reset", {"password": PASSWORD, "new_pin": "8024"}) if n % 2 else ("", {"new_pin": "8024"})
        return httpx.post(f"{base_url}{URL}{path}", json=body, headers=parent.headers, timeout=300)

    answers = in_parallel(6, post)

    assert {answer.status_code for answer in answers} <= {200, 400}
    with httpx.Client(base_url=base_url, timeout=300) as client:
        assert verify(client, parent, "8024").status_code == 200


def test_a_lockout_holds_in_every_process(three_workers, server, parent):
    post_in_parallel(5, server, "/verify", parent, {"pin": WRONG})

    answers = post_in_parallel(9, three_workers.url, "/verify", parent, {"pin": PIN})

    assert [status_and_body(answer) for answer in answers] == [LOCKED] * 9
