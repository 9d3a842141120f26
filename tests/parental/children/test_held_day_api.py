"""PUT …/viewing-time that moves the reset: the running viewing day goes on (docs/contract.md#limits)."""

import uuid
from datetime import UTC, datetime

import httpx
import pytest

from parental.models import SettingsChange
from tests.parental.homes import limits_url, make_home
from tests.races import in_parallel
from viewing.models import ViewingTimeBalance

WEDNESDAY = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture
def home(server, noon):
    """Wednesday began at 6:00 UTC; 100 of its 120 minutes are used."""
    home = make_home(reset_hour=6)
    home.child.use_up(100 * 60, day=WEDNESDAY.date())
    return home


def days(home):
    return [balance.day for balance in ViewingTimeBalance.objects.filter(profile=home.child.profile).order_by("day")]


def state(home, http):
    balance = home.balance(http)
    return balance["used_minutes"], balance["remaining_minutes"], balance["next_reset_at"]


@pytest.mark.parametrize(
    ("settings", "next_reset_at"),
    [
        ({"timezone": "Pacific/Kiritimati"}, "2026-03-05T16:00:00Z"),  # Thursday 02:00 there; a fresh day by its clock
        ({"timezone": "Pacific/Pago_Pago"}, "2026-03-05T17:00:00Z"),  # Wednesday 01:00 there, before its reset
        ({"reset_hour": 13}, "2026-03-05T13:00:00Z"),  # not in an hour
        ({"reset_hour": 2}, "2026-03-05T02:00:00Z"),  # 20 h after the day began
        ({"reset_hour": 1}, "2026-03-06T01:00:00Z"),  # tomorrow 1:00 would be 19 h
        ({"reset_hour": 20, "timezone": "Asia/Tokyo"}, "2026-03-05T11:00:00Z"),
    ],
)
def test_the_running_day_continues(http, home, noon, settings, next_reset_at):
    session_id = home.child.watch(http, 2)

    home.change_with_pin(http, **settings)

    assert state(home, http) == (101, 19, next_reset_at)
    assert home.child.beat(http, session_id=session_id).json()["session_id"] == session_id
    noon.now = datetime.fromisoformat(next_reset_at)
    assert state(home, http)[:2] == (0, 120)


def test_a_timezone_where_it_is_another_day_gives_no_fresh_allowance(http, home):
    home.child.use_up(120 * 60, day=WEDNESDAY.date())

    home.change_with_pin(http, timezone="Pacific/Kiritimati")

    beat = home.child.beat(http).json()
    assert (beat["enforcement"], beat["next_reset_at"]) == ("blocked", "2026-03-05T16:00:00Z")
    assert days(home) == [WEDNESDAY.date()]


def test_granted_time_goes_on_too(http, home):
    home.grant(http, 30)

    home.change_with_pin(http, timezone="Pacific/Kiritimati")

    assert state(home, http)[:2] == (100, 50)
    assert home.grant(http, 15).json()["remaining_minutes"] == 65
    home.grant(http, None)
    home.change_with_pin(http, reset_hour=13)
    assert home.balance(http)["is_unlimited_override"] is True


def test_the_limit_of_the_running_day_continues(http, noon):
    noon.set("2026-03-06T23:00:00+00:00")
    home = make_home(weekday_limit_minutes=60, weekend_limit_minutes=180, reset_hour=6)  # Friday

    home.change_with_pin(http, timezone="Asia/Tokyo")  # Saturday there

    assert home.balance(http)["limit_minutes"] == 60
    noon.set("2026-03-07T21:00:00+00:00")
    assert home.balance(http)["limit_minutes"] == 180  # Sunday 6:00 in Tokyo


def test_the_old_values_restore_the_old_reset(http, home, noon):
    home.change_with_pin(http, timezone="Pacific/Kiritimati", reset_hour=1)
    noon.forward(hours=10)

    home.change_with_pin(http, timezone="UTC", reset_hour=6)

    assert state(home, http) == (100, 20, "2026-03-05T06:00:00Z")
    assert home.config.held_day is None


def test_a_second_move_counts_from_when_the_day_really_began(http, home, noon):
    home.change_with_pin(http, reset_hour=5)
    noon.forward(hours=1)

    home.change_with_pin(http, reset_hour=1)

    assert state(home, http) == (100, 20, "2026-03-06T01:00:00Z")
    config = home.config
    assert (config.held_day, config.held_since) == (WEDNESDAY.date(), WEDNESDAY.replace(hour=6))


def test_another_setting_leaves_a_held_day_alone(http, home):
    home.change_with_pin(http, reset_hour=13)
    held = home.config.held_until

    home.change_with_pin(http, educational_exempt=False, weekday_limit_minutes=180, reset_hour=13)

    assert home.config.held_until == held
    assert state(home, http) == (100, 80, "2026-03-05T13:00:00Z")


def test_a_refused_move_moves_nothing(http, home):
    before = state(home, http)

    assert home.change(http, reset_hour=13, pin_token=str(uuid.uuid4())).status_code == 403

    assert state(home, http) == before
    assert home.config.held_day is None


def test_the_free_first_move_holds_the_day_too(http, home):
    assert home.change(http, timezone="Pacific/Kiritimati").status_code == 200

    assert state(home, http) == (100, 20, "2026-03-05T16:00:00Z")


def test_20_parallel_moves_end_as_one_of_them_and_one_day_runs(server, http, home):
    url, token = server + limits_url(home.child.profile.id), home.pin_token()

    def move(n):
        return httpx.put(url, json={"reset_hour": n, "pin_token": token}, headers=home.parent.headers, timeout=30)

    answers = in_parallel(20, move)

    assert {answer.status_code for answer in answers} == {200}
    assert state(home, http)[:2] == (100, 20)
    assert home.config.held_since in (None, WEDNESDAY.replace(hour=6))
    # Each found what the one before it left: a chain of changes without a gap. (6 was no change if it came first.)
    rows = SettingsChange.objects.filter(profile=home.child.profile).order_by("id")
    steps = [(row.old_value, row.new_value) for row in rows]
    assert len(steps) in (19, 20)
    assert [old for old, _ in steps] == [6, *(new for _, new in steps[:-1])]
    assert steps[-1][1] == home.config.reset_hour
