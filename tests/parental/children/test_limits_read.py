"""GET /parental-controls/profiles/{profile_id}/viewing-time."""

import uuid

import httpx
import pytest

from tests.families import make_child, make_player
from tests.http import status_and_body
from tests.parental.cast import fields_of
from tests.parental.homes import DENIED, NO_CHILD, NO_PLAYER, NO_TOKEN, limits_url, make_home
from tests.races import in_parallel
from tests.site import site
from tests.statements import statements
from viewing.models import Profile, ViewingTimeConfig

WEDNESDAY = "2026-03-04T10:00:00+00:00"


@pytest.fixture
def home(server):
    return make_home()


@pytest.fixture
def new_home(home):
    """The child has no row of settings yet."""
    home.config.delete()
    return home


@pytest.fixture
def other_defaults(server):
    with site(default_weekday_limit_minutes=45, default_weekend_limit_minutes=None, default_reset_hour=11):
        yield


def test_returns_every_setting(http, clock):
    clock.set(WEDNESDAY)
    home = make_home(
        weekday_limit_minutes=90,
        weekend_limit_minutes=None,
        reset_hour=5,
        educational_exempt=False,
        timezone="Asia/Tokyo",
    )

    assert status_and_body(home.limits(http)) == (
        200,
        {
            "profile_id": str(home.child.profile.id),
            "weekday_limit_minutes": 90,
            "weekend_limit_minutes": None,
            "reset_hour": 5,
            "educational_exempt": False,
            "timezone": "Asia/Tokyo",
            "updated_at": "2026-03-04T10:00:00Z",
        },
    )


def test_makes_them_with_the_defaults_when_missing(http, new_home, clock):
    clock.set(WEDNESDAY)

    answer = new_home.limits(http)

    assert status_and_body(answer) == (
        200,
        {
            "profile_id": str(new_home.child.profile.id),
            "weekday_limit_minutes": 120,
            "weekend_limit_minutes": 180,
            "reset_hour": 6,
            "educational_exempt": True,
            "timezone": "UTC",
            "updated_at": "2026-03-04T10:00:00Z",
        },
    )
    assert new_home.config.held_day is None
    clock.forward(hours=1)
    assert new_home.limits(http).json() == answer.json()


def test_the_sites_defaults_come_first(http, new_home, other_defaults):
    settings = new_home.limits(http).json()

    assert (settings["weekday_limit_minutes"], settings["weekend_limit_minutes"]) == (45, None)
    assert (settings["reset_hour"], settings["educational_exempt"], settings["timezone"]) == (11, True, "UTC")
    assert new_home.balance(http)["limit_minutes"] in (45, None)


def test_the_sites_other_hour_gives_no_second_allowance(http, new_home, other_defaults, clock):
    clock.set(WEDNESDAY)
    new_home.child.watch(http, 2)
    assert new_home.balance(http)["next_reset_at"] == "2026-03-05T06:00:00Z"

    new_home.limits(http)  # by a reset at 11 it would be Tuesday still

    assert new_home.balance(http)["used_minutes"] == 1.0
    assert new_home.balance(http)["next_reset_at"] == "2026-03-05T11:00:00Z"


def test_20_parallel_first_reads_all_succeed(server, new_home):
    url, headers = server + limits_url(new_home.child.profile.id), new_home.parent.headers

    answers = in_parallel(20, lambda _: httpx.get(url, headers=headers, timeout=30))

    assert [answer.status_code for answer in answers] == [200] * 20
    assert len({answer.text for answer in answers}) == 1
    assert ViewingTimeConfig.objects.filter(profile=new_home.child.profile).count() == 1


def test_a_profile_deleted_just_now_is_refused(http, new_home):
    new_home.balance(http)  # the cache knows the profile
    Profile.objects.filter(pk=new_home.child.profile.id).delete()

    assert status_and_body(new_home.limits(http)) == DENIED
    assert status_and_body(new_home.change(http, weekday_limit_minutes=30)) == DENIED
    assert status_and_body(new_home.grant(http, 30)) == DENIED


def test_warm_it_is_one_statement(http, home):
    home.limits(http)

    with statements() as sent:
        home.limits(http)

    # 1. the settings; the caller and whose the profile is are cached
    assert len(sent) == 1, sent


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("whose", ["stranger", "nobody"])
def test_another_familys_profile_is_403_whether_or_not_it_exists(http, home, method, whose):
    profile_id = make_child().profile.id if whose == "stranger" else uuid.uuid4()

    assert status_and_body(http.request(method, limits_url(profile_id), json={}, headers=home.parent.headers)) == DENIED


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_player_may_not(http, home, method):
    answer = http.request(method, limits_url(home.child.profile.id), json={}, headers=home.child.headers)

    assert status_and_body(answer) == NO_PLAYER


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_adult_has_no_limits(http, home, method):
    adult = make_player(home.parent.user, is_kids=False)

    answer = http.request(method, limits_url(adult.profile.id), json={}, headers=home.parent.headers)

    assert status_and_body(answer) == NO_CHILD


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_malformed_id_is_named_and_no_token_is_401(http, home, method):
    malformed = http.request(method, limits_url("me"), json={}, headers=home.parent.headers)

    assert fields_of(malformed) == [(["path", "profile_id"], "uuid_parsing")]
    assert status_and_body(http.request(method, limits_url(home.child.profile.id), json={})) == NO_TOKEN
