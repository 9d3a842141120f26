"""POST …/viewing-time/grant with a `grant_id`: sent again, it grants once."""

import uuid

import pytest

from parental.models import TimeGrant
from tests.families import make_player
from tests.http import status_and_body
from tests.parental.cast import fields_of
from tests.parental.homes import Home, grant_url, make_home

pytestmark = pytest.mark.usefixtures("noon")

USED = (409, {"detail": "Grant id was used", "code": "grant_id_used"})


@pytest.fixture
def home(server):
    return make_home()


def an_id():
    return str(uuid.uuid4())


def granted_seconds(home):
    return home.child.balance().granted_seconds


@pytest.mark.parametrize("minutes", [30, None])
def test_sent_again_it_answers_the_same_and_grants_once(http, home, minutes):
    grant_id = an_id()

    first = home.grant(http, minutes, grant_id=grant_id)
    again = home.grant(http, minutes, grant_id=grant_id)

    assert status_and_body(first) == status_and_body(again)
    assert first.json()["grant_id"] == grant_id
    assert TimeGrant.objects.get(profile=home.child.profile).minutes == minutes
    assert granted_seconds(home) == (minutes or 0) * 60


def test_sent_again_later_it_answers_what_is_left_then(http, home):
    grant_id = an_id()
    home.grant(http, 30, grant_id=grant_id)
    home.child.watch(http, 2)

    assert home.grant(http, 30, grant_id=grant_id).json()["remaining_minutes"] == 149


def test_sent_again_on_the_next_day_it_grants_nothing(http, home, clock):
    grant_id = an_id()
    home.grant(http, 30, grant_id=grant_id)
    clock.forward(days=1)

    answer = home.grant(http, 30, grant_id=grant_id)

    assert (answer.status_code, answer.json()["remaining_minutes"]) == (200, 120)
    assert TimeGrant.objects.filter(profile=home.child.profile).count() == 1


@pytest.mark.parametrize(("first", "second"), [(30, 15), (30, None), (None, 30)])
def test_other_content_under_the_same_id_is_refused(http, home, first, second):
    grant_id = an_id()
    home.grant(http, first, grant_id=grant_id)

    assert status_and_body(home.grant(http, second, grant_id=grant_id)) == USED
    assert granted_seconds(home) == (first or 0) * 60


def test_the_same_id_for_a_sibling_is_refused(http, home):
    grant_id = an_id()
    home.grant(http, 30, grant_id=grant_id)
    sibling = Home(child=make_player(home.parent.user), parent=home.parent)

    assert status_and_body(sibling.grant(http, 30, grant_id=grant_id)) == USED
    assert not TimeGrant.objects.filter(profile=sibling.child.profile).exists()


def test_the_id_of_another_familys_grant_is_refused(http, home):
    grant_id = an_id()
    make_home().grant(http, 30, grant_id=grant_id)

    assert status_and_body(home.grant(http, 30, grant_id=grant_id)) == USED
    assert not TimeGrant.objects.filter(profile=home.child.profile).exists()


def test_the_id_of_a_grant_that_was_taken_back_is_refused(http, home):
    grant_id = an_id()
    home.grant(http, 30, grant_id=grant_id)
    home.take_back(http, grant_id)

    assert status_and_body(home.grant(http, 30, grant_id=grant_id)) == USED
    assert granted_seconds(home) == 0


def test_grants_without_an_id_add_up(http, home):
    for _ in range(2):
        home.grant(http, 30)
        home.grant(http, 30, grant_id=None)

    assert granted_seconds(home) == 4 * 30 * 60


def test_a_device_can_send_one_too(http, home):
    grant_id, proof = an_id(), home.pin_token()

    answers = [home.grant_on_the_device(http, 30, grant_id=grant_id, pin_token=proof) for _ in range(2)]

    assert [answer.json()["remaining_minutes"] for answer in answers] == [150, 150]


def test_the_id_proves_nothing(http, home):
    grant_id = an_id()
    home.grant(http, 30, grant_id=grant_id)

    assert home.grant_on_the_device(http, 30, grant_id=grant_id).status_code == 403


def test_an_id_is_a_uuid(http, home):
    body = {"minutes": 30, "grant_id": "mine"}

    answer = http.post(grant_url(home.child.profile.id), json=body, headers=home.parent.headers)

    assert fields_of(answer) == [(["body", "grant_id"], "uuid_parsing")]
