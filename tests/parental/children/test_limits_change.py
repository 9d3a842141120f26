"""PUT /parental-controls/profiles/{profile_id}/viewing-time: what changes, and what is refused."""

import httpx
import pytest

from tests.http import status_and_body
from tests.parental.cast import fields_of
from tests.parental.homes import limits_url, make_home
from tests.races import in_parallel
from tests.statements import statements

WEDNESDAY = "2026-03-04T10:00:00+00:00"
ALL = {
    "weekday_limit_minutes": 90,
    "weekend_limit_minutes": 480,
    "reset_hour": 23,
    "educational_exempt": False,
    "timezone": "America/St_Johns",
}


@pytest.fixture
def home(server):
    return make_home()


def settings(home, http):
    """All but the time."""
    answer = home.limits(http).json()
    del answer["updated_at"]
    return answer


def test_changes_every_setting_and_answers_the_whole(http, clock):
    clock.set(WEDNESDAY)
    home = make_home()
    clock.forward(minutes=1)

    answer = home.change(http, **ALL, pin_token=home.pin_token())

    whole = {"profile_id": str(home.child.profile.id), **ALL, "updated_at": "2026-03-04T10:01:00Z"}
    assert status_and_body(answer) == (200, whole)
    assert home.limits(http).json() == whole


@pytest.mark.parametrize("name", ALL)
def test_only_what_is_sent_changes(http, home, name):
    before = settings(home, http)

    home.change_with_pin(http, **{name: ALL[name]})

    assert settings(home, http) == {**before, name: ALL[name]}


@pytest.mark.parametrize("name", ["weekday_limit_minutes", "weekend_limit_minutes"])
@pytest.mark.parametrize("minutes", [None, 15, 30, 465, 480])
def test_limits_need_no_pin_and_null_is_no_limit(http, home, name, minutes):
    assert home.change(http, **{name: minutes}).json()[name] == minutes
    assert settings(home, http)[name] == minutes


def test_makes_the_settings_when_missing(http, home):
    home.config.delete()

    assert home.change(http, weekday_limit_minutes=30).json()["weekday_limit_minutes"] == 30
    assert settings(home, http)["weekend_limit_minutes"] == 180


@pytest.mark.parametrize("body", [{}, {"weekday_limit_minutes": 120, "reset_hour": 0, "timezone": "UTC"}])
def test_present_values_are_no_change(http, home, body):
    before = home.limits(http).json()

    with statements() as sent:
        answer = home.change(http, **body)

    assert status_and_body(answer) == (200, before)
    # 1. the settings, locked
    assert len(sent) == 1, sent


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("weekday_limit_minutes", 0, "greater_than_equal"),
        ("weekday_limit_minutes", 14, "greater_than_equal"),
        ("weekend_limit_minutes", 481, "less_than_equal"),
        ("weekend_limit_minutes", 10**30, "less_than_equal"),
        ("weekend_limit_minutes", 22.5, "int_from_float"),
        ("weekday_limit_minutes", "much", "int_parsing"),
        ("reset_hour", -1, "greater_than_equal"),
        ("reset_hour", 24, "less_than_equal"),
        ("reset_hour", None, "int_type"),
        ("educational_exempt", None, "bool_type"),
        ("educational_exempt", "perhaps", "bool_parsing"),
        ("timezone", None, "string_type"),
        ("timezone", "Mars/Olympus", "timezone"),
        ("timezone", "../etc/passwd", "timezone"),
        ("timezone", "europe/berlin", "timezone"),
        ("timezone", "x" * 65, "string_too_long"),
        ("timezone", "UTC\0", "nul_character"),
        ("pin_token", "x" * 501, "string_too_long"),
        ("pin_token", 5, "string_type"),
    ],
)
def test_bad_fields_are_named_and_nothing_changes(http, home, field, value, kind):
    before = home.limits(http).json()

    answer = home.change(http, **{"weekday_limit_minutes": 30, "pin_token": home.pin_token(), field: value})

    assert fields_of(answer) == [(["body", field], kind)]
    assert home.limits(http).json() == before


@pytest.mark.parametrize("name", ["weekday_limit_minutes", "weekend_limit_minutes"])
@pytest.mark.parametrize("minutes", [16, 20, 479])
def test_between_the_steps_is_422_with_a_sentence(http, home, name, minutes):
    before = home.limits(http).json()

    answer = home.change(http, educational_exempt=False, pin_token=home.pin_token(), **{name: minutes})

    assert status_and_body(answer) == (422, {"detail": "Limits are set in steps of 15 minutes", "code": "invalid"})
    assert home.limits(http).json() == before


def test_broken_json_and_a_list(http, home):
    url = limits_url(home.child.profile.id)

    assert status_and_body(http.put(url, content=b"{", headers=home.parent.headers)) == (
        400,
        {"detail": "Cannot parse request body", "code": "broken_body"},
    )
    assert http.put(url, json=[], headers=home.parent.headers).status_code == 422


def test_the_next_heartbeat_obeys_a_new_limit(http, home, clock):
    clock.set(WEDNESDAY)
    session_id = home.child.watch(http, 3)

    home.change(http, weekday_limit_minutes=15)
    assert home.child.beat(http, session_id=session_id).json()["remaining_minutes"] == 13
    home.child.use_up(15 * 60, day=clock.now.date())
    assert home.child.beat(http, session_id=session_id).json()["enforcement"] == "blocked"
    home.change(http, weekday_limit_minutes=None)
    assert home.child.beat(http, session_id=session_id).json()["remaining_minutes"] is None


def test_the_next_heartbeat_obeys_a_new_exemption(http, home):
    home.child.title.is_educational = True
    home.child.title.save(update_fields=["is_educational"])
    session_id = home.child.watch(http, 2)
    assert home.child.balance().used_seconds == 0

    home.change_with_pin(http, educational_exempt=False)

    assert home.child.beat(http, session_id=session_id).json()["used_minutes"] == 0.5


def test_parallel_changes_of_different_settings_all_hold(server, home):
    url = server + limits_url(home.child.profile.id)
    bodies = [{name: value, "pin_token": home.pin_token()} for name, value in ALL.items()]

    answers = in_parallel(
        len(bodies), lambda n: httpx.put(url, json=bodies[n], headers=home.parent.headers, timeout=30)
    )

    assert {answer.status_code for answer in answers} == {200}
    changed = {name: getattr(home.config, name) for name in ALL}
    assert changed == ALL


def test_what_a_change_costs(http, home):
    home.limits(http)
    token = home.pin_token()

    with statements() as sent:
        home.change(http, **ALL, pin_token=token)

    # 1. the settings, locked  2. was the timezone ever changed  3. the PIN  4. the audit rows  5. the new settings
    # 6. the notification of other processes  7. the event in the outbox
    assert len(sent) == 7, sent
    home.limits(http)
    with statements() as sent:
        home.change(http, weekend_limit_minutes=30)
    # 1. the settings, locked  2. the audit row  3. the new settings  4. the notification of other processes
    # 5. the event in the outbox
    assert len(sent) == 5, sent
