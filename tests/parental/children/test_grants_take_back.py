"""DELETE …/viewing-time/grant/{grant_id}: what of it is unused goes, once, while its day runs."""

import uuid
from datetime import timedelta

import pytest

from parental.models import TimeGrant
from tests.families import make_player
from tests.http import status_and_body
from tests.parental.cast import fields_of
from tests.parental.homes import DENIED, NO_PLAYER, NO_TOKEN, grant_url, make_home
from tests.statements import statements
from viewing.models import ViewingTimeBalance

NOT_FOUND = (404, {"detail": "Grant not found", "code": "not_found"})
AGAIN = (409, {"detail": "Grant has already been taken back", "code": "taken_back"})
OVER = (409, {"detail": "The viewing day of the grant is over", "code": "day_over"})


pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def home(server):
    return make_home()


def give(home, http, minutes):
    return home.grant(http, minutes).json()["grant_id"]


def balance_of(home):
    balance = ViewingTimeBalance.objects.get(profile=home.child.profile)
    return balance.used_seconds // 60, balance.granted_seconds // 60, balance.is_unlimited_override


@pytest.mark.parametrize(
    ("used", "granted", "remaining"),
    [
        (100, 0, 20),  # unused
        (120, 0, 0),  # unused, the limit is not
        (130, 10, 0),  # ten minutes of it are watched
        (150, 30, 0),  # all of it is
        (170, 30, 0),  # and more
    ],
)
def test_what_is_unused_goes(http, home, used, granted, remaining):
    grant_id = give(home, http, 30)
    home.child.use_up(used * 60)

    answer = home.take_back(http, grant_id)

    assert status_and_body(answer) == (200, {"remaining_minutes": remaining})
    assert balance_of(home) == (used, granted, False)
    assert home.balance(http)["remaining_minutes"] == remaining


def test_only_that_grant_goes(http, home):
    first, second = give(home, http, 60), give(home, http, 30)
    home.child.use_up(150 * 60)

    assert home.take_back(http, second).json() == {"remaining_minutes": 30}
    assert home.take_back(http, first).json() == {"remaining_minutes": 0}
    assert balance_of(home) == (150, 30, False)


def test_the_next_heartbeat_knows(http, home):
    grant_id = give(home, http, 30)
    home.child.use_up(119 * 60)
    session_id = home.child.watch(http, 1)

    home.take_back(http, grant_id)

    assert home.child.beat(http, session_id=session_id).json()["enforcement"] == "blocked"


def test_without_a_limit_all_of_it_goes(http):
    home = make_home(weekday_limit_minutes=None)
    grant_id = give(home, http, 30)
    home.child.use_up(300 * 60)

    assert home.take_back(http, grant_id).json() == {"remaining_minutes": None}
    assert balance_of(home) == (300, 0, False)


def test_unlimited_goes(http, home):
    grant_id = give(home, http, None)
    home.child.use_up(100 * 60)

    assert home.take_back(http, grant_id).json() == {"remaining_minutes": 20}
    assert balance_of(home) == (100, 0, False)


def test_what_was_watched_of_unlimited_stays_granted_so_that_a_later_grant_counts(http, home):
    grant_id = give(home, http, None)
    home.child.use_up(180 * 60)

    assert home.take_back(http, grant_id).json() == {"remaining_minutes": 0}
    assert balance_of(home) == (180, 60, False)
    assert home.grant(http, 30).json()["remaining_minutes"] == 30


def test_unlimited_stays_while_another_unlimited_grant_does(http, home):
    first, second = give(home, http, None), give(home, http, None)

    assert home.take_back(http, first).json() == {"remaining_minutes": None}
    assert home.take_back(http, second).json() == {"remaining_minutes": 120}


def test_an_unlimited_grant_of_another_child_or_day_does_not_count(http, home, noon):
    sister = make_player(home.parent.user)
    http.post(grant_url(sister.profile.id), json={"minutes": None}, headers=home.parent.headers)
    give(home, http, None)
    noon.forward(days=1)
    grant_id = give(home, http, None)

    assert home.take_back(http, grant_id).json() == {"remaining_minutes": 120}


def test_minutes_taken_back_leave_unlimited_alone(http, home):
    give(home, http, None)
    grant_id = give(home, http, 30)

    assert home.take_back(http, grant_id).json() == {"remaining_minutes": None}
    assert balance_of(home) == (0, 0, True)


def test_a_second_time_is_409_and_takes_nothing(http, home):
    give(home, http, 30)
    grant_id = give(home, http, 30)
    home.take_back(http, grant_id)

    assert status_and_body(home.take_back(http, grant_id)) == AGAIN
    assert balance_of(home) == (0, 30, False)


def test_once_the_day_turned_it_is_409(http, home, noon):
    grant_id = give(home, http, 30)
    noon.set("2026-03-05T00:00:00+00:00")

    assert status_and_body(home.take_back(http, grant_id)) == OVER
    assert balance_of(home) == (0, 30, False)
    assert TimeGrant.objects.get(pk=grant_id).taken_back_at is None


def test_a_held_day_has_not_turned(http, home, noon):
    grant_id = give(home, http, 30)
    home.change_with_pin(http, reset_hour=5)
    noon.set("2026-03-05T04:59:59+00:00")

    assert home.take_back(http, grant_id).status_code == 200


def test_the_row_records_when_it_was_taken_back(http, home, noon):
    grant_id = give(home, http, 30)
    noon.forward(minutes=5)

    home.take_back(http, grant_id)

    grant = TimeGrant.objects.get(pk=grant_id)
    assert (grant.taken_back_at - grant.granted_at, grant.minutes) == (timedelta(minutes=5), 30)


@pytest.mark.parametrize("whose", ["sibling", "stranger", "nobody"])
def test_a_grant_of_another_child_and_an_unknown_one_are_404(http, home, whose):
    sister = make_player(home.parent.user)
    answer = http.post(grant_url(sister.profile.id), json={"minutes": 30}, headers=home.parent.headers)
    ids = {"sibling": answer.json()["grant_id"], "stranger": give(make_home(), http, 30), "nobody": uuid.uuid4()}

    assert status_and_body(home.take_back(http, ids[whose])) == NOT_FOUND


@pytest.mark.parametrize("whose", ["stranger", "nobody"])
def test_another_familys_profile_is_403_whether_or_not_it_exists(http, home, whose):
    other = make_home()
    grant_id = give(other, http, 30)
    profile_id = other.child.profile.id if whose == "stranger" else uuid.uuid4()

    assert status_and_body(http.delete(grant_url(profile_id, grant_id), headers=home.parent.headers)) == DENIED
    assert TimeGrant.objects.get(pk=grant_id).taken_back_at is None


def test_a_player_may_not_and_no_token_is_401(http, home):
    grant_id = give(home, http, 30)
    url = grant_url(home.child.profile.id, grant_id)

    assert status_and_body(http.delete(url, headers=home.child.headers)) == NO_PLAYER
    assert status_and_body(http.delete(url)) == NO_TOKEN


def test_malformed_ids_are_named(http, home):
    answer = http.delete(grant_url("me", "mine"), headers=home.parent.headers)

    assert fields_of(answer) == [(["path", name], "uuid_parsing") for name in ("profile_id", "grant_id")]


def test_what_it_costs(http, home):
    grant_id, unlimited_id = give(home, http, 30), give(home, http, None)

    with statements() as sent:
        home.take_back(http, grant_id)
    # 1. the grant, locked  2. the settings  3. it is taken back  4. the balance, locked  5. the balance
    # 6. the event in the outbox  7. the notification for live events
    assert len(sent) == 7, sent
    with statements() as sent:
        home.take_back(http, unlimited_id)
    # 5. is another unlimited grant left, before the balance is written
    assert len(sent) == 8, sent
