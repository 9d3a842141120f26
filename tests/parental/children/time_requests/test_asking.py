"""A child asks for more time, withdraws, and is refused."""

import uuid

import pytest

from parental.children.time_requests import expiry
from parental.children.time_requests.models import TimeRequest
from tests.families import make_player
from tests.http import status_and_body
from tests.parental.asked import REQUESTS, make_asking_home
from tests.parental.homes import DENIED, NO_CHILD
from tests.races import in_parallel

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def home(server):
    return make_asking_home()


def refused(answer):
    return answer.status_code, answer.json()["code"], int(answer.headers.get("retry-after", 0))


def test_asking(http, home, noon):
    answer = home.ask(http, reason="  one more episode ")

    (row,) = home.rows()
    assert status_and_body(answer) == (
        201,
        {
            "id": str(row.id),
            "profile_id": str(home.child.profile.id),
            "minutes": 30,
            "reason": "one more episode",
            "state": "open",
            "created_at": "2026-03-04T12:00:00Z",
            "expires_at": "2026-03-04T13:00:00Z",
            "answered_at": None,
            "answered_by": None,
            "granted_minutes": None,
            "note": "",
        },
    )
    assert (row.player_token_id, row.day) == (home.child.token_id, noon.now.date())
    assert home.event_types() == ["request.created"]
    assert home.seen_by_the_child(http) == {"open": answer.json(), "may_ask_at": None, "requests": [answer.json()]}


def test_the_same_id_20_times_in_parallel_is_one_request(http, home):
    request_id = str(uuid.uuid4())

    answers = in_parallel(20, lambda _: home.ask(http, request_id=request_id))

    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert {answer.text for answer in answers} == {answers[0].text}
    assert [str(row.id) for row in home.rows()] == [request_id]
    assert home.event_types() == ["request.created"]


def test_of_two_devices_one_asks(http, home):
    answers = in_parallel(2, lambda n: home.ask(http, 15 + 15 * n))

    first, second = sorted(answers, key=lambda answer: answer.status_code)
    assert (first.status_code, refused(second)) == (201, (409, "request_open", 0))
    assert second.json()["request"] == first.json()


def test_another_childs_id_is_not_repeated(http, home):
    request_id = home.ask(http).json()["id"]

    answer = make_asking_home().ask(http, request_id=request_id)

    assert answer.status_code == 422
    assert "request" not in answer.json()


def test_it_ends_with_the_day(http, home, noon):
    noon.set("2026-03-04T23:30:00+00:00")
    request_id = home.ask(http).json()["id"]
    assert home.rows()[0].expires_at.isoformat() == "2026-03-05T00:00:00+00:00"

    noon.set("2026-03-05T00:01:00+00:00")

    assert refused(home.answer(http, request_id))[:2] == (409, "expired")
    assert home.balance(http)["granted_minutes"] == 0
    assert home.seen_by_the_child(http)["requests"][0]["state"] == "expired"
    # A new day, and no cooldown.
    home.child.use_up(120 * 60, day=noon.now.date())
    assert home.ask(http).status_code == 201
    assert home.event_types() == ["request.created", "request.expired", "request.created"]


def test_withdrawing(http, home, noon):
    request_id = home.ask(http).json()["id"]

    assert [home.withdraw(http, request_id).status_code for _ in range(2)] == [204, 204]

    assert home.seen_by_the_child(http)["open"] is None
    assert home.seen_by_the_child(http)["may_ask_at"] == "2026-03-04T12:02:00Z"
    assert refused(home.answer(http, request_id))[:2] == (409, "withdrawn")
    assert refused(home.ask(http)) == (429, "cooldown", 120)
    noon.forward(seconds=120)
    assert home.ask(http).status_code == 201
    assert home.event_types() == ["request.created", "request.withdrawn", "request.created"]


def test_what_was_answered_is_not_withdrawn(http, home):
    request_id = home.ask(http).json()["id"]
    home.answer(http, request_id)

    assert refused(home.withdraw(http, request_id))[:2] == (409, "answered")
    assert home.withdraw(http, uuid.uuid4()).status_code == 404
    stranger = make_asking_home()
    assert home.withdraw(http, stranger.ask(http).json()["id"]).status_code == 404


def test_refusals_say_when_to_ask_again(http, home, noon):
    for wait, retry_after in ((15, 900), (15, 900), (15, 900), (15, 900), (15, 900)):
        home.answer(http, home.ask(http).json()["id"], "decline")
        assert refused(home.ask(http)) == (429, "cooldown", retry_after)
        noon.forward(minutes=wait)
    home.answer(http, home.ask(http).json()["id"], "grant")
    seconds_left = (24 * 60 - (12 * 60 + 75)) * 60
    answer = home.ask(http)
    assert refused(answer) == (429, "too_many", seconds_left)
    assert answer.json()["detail"] == "No more requests today"
    noon.set("2026-03-05T00:00:00+00:00")
    assert home.ask(http).status_code == 201


def test_muted_for_the_day(http, home, noon):
    home.answer(http, home.ask(http).json()["id"], "decline", mute=True)

    assert refused(home.ask(http)) == (429, "muted", 12 * 60 * 60)
    assert home.seen_by_the_child(http)["may_ask_at"] == "2026-03-05T00:00:00Z"
    noon.set("2026-03-05T00:00:00+00:00")
    assert home.ask(http).status_code == 201


def test_where_nothing_limits_there_is_nothing_to_ask_for(http, home):
    home.grant(http, None)

    assert refused(home.ask(http))[:2] == (409, "not_limited")


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"minutes": 20}, "multiple_of"),
        ({"minutes": 135}, "less_than_equal"),
        ({"minutes": None}, "int_type"),
        ({"reason": "a\u202eb"}, "hidden_character"),
        ({"reason": "a\nb"}, "hidden_character"),
        ({"reason": "a\0"}, "nul_character"),
        ({"reason": "x" * 141}, "string_too_long"),
        ({"reason": "👨‍👩‍👧‍👦" * 140}, "string_too_long"),
    ],
)
def test_bad_fields_are_named(http, home, fields, kind):
    answer = home.ask(http, **fields)

    assert (answer.status_code, answer.json()["detail"][0]["type"]) == (422, kind)
    assert home.rows() == []


def test_emoji_of_several_characters_are_kept(http, home):
    reason = "👨‍👩‍👧‍👦" * 20

    assert home.ask(http, reason=reason).json()["reason"] == reason


def test_who_may_ask(http, home):
    url = f"{REQUESTS}/by/{home.child.profile.id}"
    adult = make_player(home.parent.user, is_kids=False)

    assert http.post(url, json={"minutes": 30}, headers=home.parent.headers).json()["code"] == "caller"
    assert status_and_body(http.post(url, json={"minutes": 30}, headers=adult.headers)) == DENIED
    own = f"{REQUESTS}/by/{adult.profile.id}"
    assert status_and_body(http.post(own, json={"minutes": 30}, headers=adult.headers)) == NO_CHILD


def test_expiries_are_written_and_reported_once(http, home, noon):
    home.ask(http)
    noon.forward(minutes=60)
    mine = TimeRequest.objects.filter(profile=home.child.profile)

    assert [expiry.expire(mine, now=noon.now) for _ in range(2)] == [1, 0]

    (row,) = home.rows()
    assert (row.state, row.ended_at) == ("expired", noon.now)
    assert home.event_types() == ["request.created", "request.expired"]
