"""POST …/viewing-time/grant: what a grant is worth, and the row that it leaves."""

import uuid

import pytest

from parental.models import TimeGrant
from tests.families import make_child, make_player
from tests.http import status_and_body
from tests.parental.cast import fields_of
from tests.parental.homes import DENIED, NO_CHILD, NO_TOKEN, grant_url, make_home
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def home(server):
    return make_home()


def only_grant(home):
    return TimeGrant.objects.get(profile=home.child.profile)


@pytest.mark.parametrize(
    ("limit", "used", "minutes", "remaining"),
    [(120, 120, 30, 30), (15, 21, 60, 54), (120, 0, 15, 135), (120, 119.5, 120, 120.5), (120, 200, 60, 0)],
)
def test_granted_time_adds_to_the_allowance(http, limit, used, minutes, remaining):
    home = make_home(weekday_limit_minutes=limit)
    home.child.use_up(int(used * 60))

    answer = home.grant(http, minutes)

    assert status_and_body(answer) == (
        200,
        {
            "granted_minutes": minutes,
            "remaining_minutes": remaining,
            "is_unlimited_override": False,
            "grant_id": str(only_grant(home).id),
        },
    )
    balance = home.child.balance()
    assert (balance.used_seconds, balance.granted_seconds) == (used * 60, minutes * 60)


def test_unlimited_today(http, home):
    home.child.use_up(130 * 60)

    answer = home.grant(http, None)

    assert status_and_body(answer) == (
        200,
        {
            "granted_minutes": None,
            "remaining_minutes": None,
            "is_unlimited_override": True,
            "grant_id": str(only_grant(home).id),
        },
    )
    assert home.child.beat(http).json()["enforcement"] == "allowed"


def test_grants_add_up_and_unlimited_stays(http, home):
    assert home.grant(http, 15).json()["remaining_minutes"] == 135
    assert home.grant(http, 30).json()["remaining_minutes"] == 165
    home.grant(http, None)

    answer = home.grant(http, 60).json()

    assert (answer["granted_minutes"], answer["remaining_minutes"], answer["is_unlimited_override"]) == (60, None, True)
    assert home.balance(http)["granted_minutes"] == 105


def test_where_nothing_limits_no_remaining_time_is_returned(http):
    home = make_home(weekday_limit_minutes=None)

    answer = home.grant(http, 30).json()

    assert (answer["remaining_minutes"], answer["is_unlimited_override"]) == (None, False)


def test_a_blocked_session_goes_on_after_a_grant(http, home):
    session_id = home.child.watch(http, 1)
    home.child.use_up(120 * 60)
    assert home.child.beat(http, session_id=session_id, is_paused=True).json()["enforcement"] == "blocked"

    home.grant(http, 15)

    beat = home.child.beat(http, session_id=session_id).json()
    assert (beat["enforcement"], beat["remaining_minutes"]) == ("warning_15", 14.5)
    assert beat["session_id"] == session_id


def test_it_lasts_until_the_next_reset(http, home, noon):
    home.grant(http, 60)
    home.grant(http, None)
    noon.forward(days=1)

    assert (home.balance(http)["remaining_minutes"], home.balance(http)["granted_minutes"]) == (120, 0)
    assert home.balance(http)["is_unlimited_override"] is False


def test_it_belongs_to_the_viewing_day(http, noon):
    home = make_home(timezone="Asia/Tokyo", reset_hour=6)
    noon.set("2026-03-05T20:59:00+00:00")  # Friday 5:59 in Tokyo

    home.grant(http, 30)

    assert only_grant(home).day.isoformat() == "2026-03-05"
    assert home.balance(http)["remaining_minutes"] == 150


def test_it_leaves_an_audit_row(http, home, noon):
    home.grant(http, 45)

    grant = only_grant(home)
    assert (grant.granted_by, grant.player_token, grant.is_remote) == (home.parent.user, None, True)
    assert (grant.minutes, grant.day, grant.taken_back_at) == (45, noon.now.date(), None)
    assert grant.granted_at == noon.now


def test_without_settings_the_defaults_are_granted_upon(http, home):
    home.config.delete()

    assert home.grant(http, 30).json()["remaining_minutes"] == 150


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("minutes", ..., "missing"),
        ("minutes", 14, "greater_than_equal"),
        ("minutes", 0, "greater_than_equal"),
        ("minutes", -30, "greater_than_equal"),
        ("minutes", 121, "less_than_equal"),
        ("minutes", 30.5, "int_from_float"),
        ("minutes", "unlimited", "int_parsing"),
        ("pin", "12345", "string_pattern_mismatch"),
        ("pin", "12a4", "string_pattern_mismatch"),
        ("pin", "١٢٣٤", "string_pattern_mismatch"),
        ("pin", 1234, "string_type"),
        ("pin_token", "x" * 501, "string_too_long"),
        ("pin_token", "a\0", "nul_character"),
    ],
)
def test_bad_fields_are_named_and_nothing_is_granted(http, home, field, value, kind):
    body = {key: sent for key, sent in {"minutes": 30, field: value}.items() if sent is not ...}

    answer = http.post(grant_url(home.child.profile.id), json=body, headers=home.parent.headers)

    assert fields_of(answer) == [(["body", field], kind)]
    assert not TimeGrant.objects.filter(profile=home.child.profile).exists()
    assert home.child.has_written_nothing()


def test_broken_json_and_no_token(http, home):
    url = grant_url(home.child.profile.id)

    assert status_and_body(http.post(url, content=b"{", headers=home.parent.headers)) == (
        400,
        {"detail": "Cannot parse request body", "code": "broken_body"},
    )
    assert status_and_body(http.post(url, json={"minutes": 30})) == NO_TOKEN


def test_an_adult_is_granted_nothing(http, home):
    adult = make_player(home.parent.user, is_kids=False)

    answer = http.post(grant_url(adult.profile.id), json={"minutes": 30}, headers=home.parent.headers)

    assert status_and_body(answer) == NO_CHILD


@pytest.mark.parametrize("whose", ["stranger", "nobody"])
def test_another_familys_profile_is_403_whether_or_not_it_exists(http, home, whose):
    profile_id = make_child().profile.id if whose == "stranger" else uuid.uuid4()

    assert (
        status_and_body(http.post(grant_url(profile_id), json={"minutes": 30}, headers=home.parent.headers)) == DENIED
    )


def test_a_remote_grant_is_five_statements(http, home):
    home.balance(http)

    with statements() as sent:
        home.grant(http, 30)

    # 1. the settings, which another process may have changed  2. the audit row  3. add to the balance and read it
    # 4. the event in the outbox  5. the notification for live events
    assert len(sent) == 5, sent
