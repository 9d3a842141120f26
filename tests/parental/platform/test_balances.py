"""Balances of many profiles at once, of any accounts."""

import uuid

import pytest

from tests.families import make_child, make_family, make_player, make_service, make_user
from tests.parental.cast import fields_of
from tests.statements import statements

BALANCES = "/api/v1/platform/balances"


@pytest.fixture
def service(server):
    return make_service("read")


def ask(http, service, profiles):
    response = http.post(BALANCES, json={"profiles": profiles}, headers=service.headers)
    assert response.status_code == 200, response.text
    return response.json()["balances"]


def test_each_is_what_the_single_call_answers(http, service, clock):
    clock.set("2026-03-04T12:00:00+00:00")
    watched, unwatched, unlimited = make_child(), make_child(), make_child(weekday_limit_minutes=None)
    adult, tokyo = make_family(adult=True).adult, make_child(timezone="Asia/Tokyo", reset_hour=23)
    watched.watch(http, 3)
    tokyo.watch(http, 2)
    everyone = [tokyo, adult, unlimited, watched, unwatched]

    found = ask(http, service, [str(player.profile.id) for player in everyone])

    alone = [
        http.get(f"/api/v1/viewing-time/balance/{player.profile.id}", headers=player.headers).json()
        for player in everyone
    ]
    assert found == alone
    assert [one["used_minutes"] for one in found] == [1.0, 0, 0, 1.5, 0]


def test_unknown_ids_are_marked_and_the_order_is_kept(http, service):
    child, gone, key = make_child(), str(uuid.uuid4()), uuid.uuid4().hex
    make_service("accounts").put_account(http, key, profiles=[{"external_id": "mia", "name": "Mia", "is_kids": True}])
    named, strange = {"account": key, "profile": "mia"}, {"account": key, "profile": "leo"}

    found = ask(http, service, [gone, named, str(child.profile.id), strange, str(child.profile.id)])

    assert found[0] == {"profile_id": gone, "account": None, "profile": None, "status": 404}
    assert found[1]["limit_minutes"] == 120
    assert found[2] == found[4]
    assert found[2]["profile_id"] == str(child.profile.id)
    assert found[3] == {"profile_id": None, **strange, "status": 404}


def test_a_thousand_take_the_same_statements_as_a_hundred_each_turn(http, service):
    user, title = make_user(), make_child().title
    ids = [str(make_player(user, title=title).profile.id) for _ in range(250)]
    ask(http, service, ids[:1])  # the token is cached

    with statements() as asked:
        found = ask(http, service, ids)

    assert [one["profile_id"] for one in found] == ids
    assert len(asked) == 2 * 3


@pytest.mark.parametrize(
    "profiles",
    [[], ["x"], [{"account": "a"}], [{"account": "a b", "profile": "p"}], [str(uuid.uuid4())] * 1001],
)
def test_a_wrong_body_is_422(http, service, profiles):
    response = http.post(BALANCES, json={"profiles": profiles}, headers=service.headers)

    assert fields_of(response)
