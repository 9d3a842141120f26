"""A parent answers a request: once, and with exactly one grant or none."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from parental.models import AuditEntry, TimeGrant
from tests.families import make_player
from tests.http import status_and_body
from tests.parental.asked import REQUESTS, make_asking_home
from tests.parental.cast import make_parent
from tests.races import in_parallel
from viewing.models import Profile

pytestmark = pytest.mark.usefixtures("noon")
UNKNOWN = (404, {"detail": "Request not found", "code": "not_found"})


@pytest.fixture
def home(server):
    return make_asking_home()


def grants(home):
    return list(TimeGrant.objects.filter(profile=home.child.profile))


def test_a_grant_as_asked(http, home, noon):
    request_id = home.ask(http, reason="please").json()["id"]
    noon.forward(seconds=40)

    answer = home.answer(http, request_id, note="then dinner")

    (grant,) = grants(home)
    asked = {"reason": "please", "created_at": "2026-03-04T12:00:00Z", "expires_at": "2026-03-04T13:00:00Z"}
    request = {
        "id": request_id,
        "profile_id": str(home.child.profile.id),
        "minutes": 30,
        **asked,
        "state": "granted",
        "answered_at": "2026-03-04T12:00:40Z",
        "answered_by": {"kind": "parent", "name": home.parent.user.email},
        "granted_minutes": 30,
        "note": "then dinner",
    }
    expected = {"grant_id": str(grant.id), "remaining_minutes": 30.0, "is_unlimited_override": False}
    assert status_and_body(answer) == (200, {"request": request, **expected})
    assert (grant.minutes, grant.is_remote, grant.granted_by) == (30, True, home.parent.user)
    assert home.rows()[0].grant_id == grant.id
    assert home.event_types() == ["request.created", "grant.made", "request.answered"]
    # The child learns who by kind only.
    seen = home.seen_by_the_child(http)["requests"][0]
    assert seen == {**request, "answered_by": {"kind": "parent", "name": None}}


def test_what_is_recorded(http, home, noon, events):
    request_id = home.ask(http, reason="secret").json()["id"]
    noon.forward(seconds=40)
    home.answer(http, request_id, minutes=None, note="private")

    (entry,) = AuditEntry.objects.filter(family=home.parent.user, kind="request_answered")
    assert entry.profile_id == home.child.profile.id
    assert entry.data == {
        "profile_id": str(home.child.profile.id),
        "request_id": request_id,
        "minutes": 30,
        "day": "2026-03-04",
        "decision": "grant",
        "granted_minutes": None,
        "via": "app",
        "waited_seconds": 40,
    }
    (line,) = events("request_answered")
    assert (line["request_id"], line["waited_seconds"]) == (uuid.UUID(request_id), 40)
    assert not {"secret", "private"} & {str(value) for value in line.values()}


@pytest.mark.parametrize(("minutes", "remaining"), [(15, 15), (60, 60), (None, None)])
def test_another_amount(http, home, minutes, remaining):
    answer = home.answer(http, home.ask(http).json()["id"], minutes=minutes).json()

    assert (answer["request"]["granted_minutes"], answer["remaining_minutes"]) == (minutes, remaining)
    assert answer["is_unlimited_override"] is (minutes is None)


def test_declining(http, home):
    answer = home.answer(http, home.ask(http).json()["id"], "decline", note="bedtime").json()

    assert (answer["request"]["state"], answer["request"]["note"]) == ("declined", "bedtime")
    assert (answer["grant_id"], answer["remaining_minutes"], answer["is_unlimited_override"]) == (None, None, None)
    assert grants(home) == []
    assert home.event_types() == ["request.created", "request.answered"]


def test_two_parents_in_parallel_give_one_grant(http, home):
    request_id = home.ask(http).json()["id"]

    answers = in_parallel(2, lambda n: home.answer(http, request_id, minutes=30 + 30 * n))

    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code, lost.json()["code"]) == (200, 409, "answered")
    assert lost.json()["request"] == won.json()["request"]
    assert [grant.minutes for grant in grants(home)] == [won.json()["request"]["granted_minutes"]]
    assert home.child.balance().granted_seconds == grants(home)[0].minutes * 60


def test_an_answer_that_is_sent_again_finds_the_first(http, home):
    request_id = home.ask(http).json()["id"]
    home.answer(http, request_id)

    again = home.answer(http, request_id)

    assert (again.status_code, again.json()["code"]) == (409, "answered")
    assert (again.json()["request"]["granted_minutes"], len(grants(home))) == (30, 1)


def test_a_held_day_is_the_requests_day(http, noon):
    home = make_asking_home()
    home.change_with_pin(http, timezone="Pacific/Kiritimati")  # already tomorrow there: today is held
    request_id = home.ask(http).json()["id"]
    home.answer(http, request_id)

    assert home.rows()[0].day == grants(home)[0].day == noon.now.date()


def test_while_locked_a_child_may_ask_and_a_grant_does_not_unlock(http, home):
    lock = {"profile_ids": [str(home.child.profile.id)]}
    http.post("/api/v1/parental-controls/lock", json=lock, headers=home.parent.headers)

    answer = home.answer(http, home.ask(http).json()["id"])

    assert (answer.status_code, answer.json()["remaining_minutes"]) == (200, 0)
    assert home.balance(http)["locked"]["note"] == ""


def test_a_revoked_device_leaves_its_request(http, home):
    request_id = home.ask(http).json()["id"]
    http.delete(f"/api/v1/auth/player-tokens/{home.child.token_id}", headers=home.parent.headers)

    assert home.answer(http, request_id).status_code == 200


def test_not_yours_and_not_there_are_the_same(http, home):
    stranger = make_asking_home()
    theirs = stranger.ask(http).json()["id"]

    assert status_and_body(home.answer(http, theirs)) == UNKNOWN
    assert status_and_body(home.answer(http, uuid.uuid4())) == UNKNOWN
    by_child = http.post(f"{REQUESTS}/answer/{theirs}", json={"decision": "grant"}, headers=stranger.child.headers)
    assert (by_child.status_code, by_child.json()["code"]) == (403, "caller")


@pytest.mark.parametrize(
    "fields",
    [
        {"decision": "decline", "minutes": 30},
        {"decision": "decline", "despite_hours": True},
        {"decision": "grant", "mute": True},
        {"decision": "grant", "minutes": 14},
        {"decision": "maybe"},
        {"decision": "decline", "note": "a\u2066b"},
    ],
)
def test_bad_answers_change_nothing(http, home, fields):
    request_id = home.ask(http).json()["id"]

    assert home.answer(http, request_id, **fields).status_code == 422
    assert home.rows()[0].state == "open"


def test_the_familys_requests(http, home, noon):
    sibling = make_player(home.parent.user)
    sibling.use_up(120 * 60)
    other = make_asking_home()
    other.child, other.parent = sibling, home.parent
    first = home.ask(http).json()["id"]
    home.answer(http, first, "decline")
    noon.forward(minutes=1)
    second = other.ask(http).json()["id"]

    def listed(**query):
        body = http.get(REQUESTS, params=query, headers=home.parent.headers).json()
        return [(request["id"], request["state"]) for request in body["requests"]]

    assert listed() == [(second, "open"), (first, "declined")]
    assert listed(state="open") == [(second, "open")]
    assert http.get(REQUESTS, headers=make_parent().headers).json() == {"requests": []}
    assert http.get(REQUESTS, headers=home.child.headers).status_code == 403


def test_a_child_that_waits_to_be_erased_asks_nobody(http, home):
    request_id = home.ask(http).json()["id"]
    Profile.everyone.filter(pk=home.child.profile.id).update(erase_at=timezone.now() + timedelta(days=1))

    assert http.get(REQUESTS, headers=home.parent.headers).json() == {"requests": []}
    assert status_and_body(home.answer(http, request_id)) == UNKNOWN
    assert grants(home) == []
