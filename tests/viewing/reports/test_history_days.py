"""History's dates: what may be asked, what is the default, and that a day is the profile's viewing day."""

from datetime import date, timedelta

import pytest

from tests.families import make_player
from tests.parental.cast import fields_of, make_parent
from tests.viewing.watched import add_session, at, days_of, history
from viewing import rules
from viewing.models import ViewingTimeConfig
from viewing.reports.periods import Period, asked_period


@pytest.fixture
def parent(server):
    return make_parent()


@pytest.fixture
def child(parent):
    return make_player(parent.user)


def dates(days):
    return [day["date"] for day in days]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("2026-02-02", "2026-03-04")),
        ({"to_date": "2026-01-31"}, ("2026-01-01", "2026-01-31")),
        ({"from_date": "2026-01-01"}, ("2026-01-01", "2026-01-31")),
        ({"from_date": "2026-05-01"}, ("2026-05-01", "2026-05-31")),
        ({"from_date": "2026-01-01", "to_date": "2026-01-01"}, ("2026-01-01", "2026-01-01")),
        ({"from_date": "2026-01-01", "to_date": "2026-04-01"}, ("2026-01-01", "2026-04-01")),
        ({"from_date": "9999-12-31"}, ("9999-12-31", "9999-12-31")),
        ({"to_date": "0001-01-01"}, ("0001-01-01", "0001-01-01")),
    ],
)
def test_dates_that_are_missing_lie_30_days_off(given, expected):
    asked = {"from_date": None, "to_date": None, **{name: date.fromisoformat(value) for name, value in given.items()}}

    period = asked_period(**asked, today=date(2026, 3, 4))

    assert (str(period.from_date), str(period.to_date)) == expected


def test_both_ends_are_within(http, parent, child):
    for day in range(1, 6):
        add_session(child, f"2026-03-0{day}T12:00:00Z")

    days = days_of(http, parent, child, from_date="2026-03-02", to_date="2026-03-04")

    assert dates(days) == ["2026-03-04", "2026-03-03", "2026-03-02"]


def test_by_default_today_and_30_days_before_it(http, clock, parent):
    clock.set("2026-03-04T23:30:00Z")  # 5 March in Tokyo, before its reset at 12
    child = make_player(parent.user, timezone="Asia/Tokyo", reset_hour=12)
    for day in ("2026-02-01", "2026-02-02", "2026-03-04", "2026-03-05"):
        add_session(child, f"{day}T12:00:00Z")

    assert dates(days_of(http, parent, child)) == ["2026-03-04", "2026-02-02"]
    clock.set("2026-03-05T03:00:00Z")  # the reset
    assert dates(days_of(http, parent, child)) == ["2026-03-05", "2026-03-04"]


@pytest.mark.parametrize("given", [{"from_date": "0001-01-01"}, {"to_date": "0001-01-01"}, {"from_date": "9999-12-31"}])
def test_the_calendars_ends_are_no_failure(http, parent, child, given):
    assert days_of(http, parent, child, **given) == []
    assert history(http, parent, child, **given, format="csv").status_code == 200


@pytest.mark.parametrize(
    ("dates", "detail"),
    [
        ("2026-01-01 2026-04-02", "Date range must not exceed 90 days"),
        ("0001-01-01 9999-12-31", "Date range must not exceed 90 days"),
        ("2026-01-02 2026-01-01", "from_date must not be after to_date"),
    ],
)
def test_rules_over_both_dates_are_422_with_a_sentence(http, parent, child, dates, detail):
    from_date, to_date = dates.split()
    for form in ("json", "csv"):
        response = history(http, parent, child, from_date=from_date, to_date=to_date, format=form)

        assert (response.status_code, response.json()) == (422, {"detail": detail, "code": "invalid"})


@pytest.mark.parametrize("field", ["from_date", "to_date"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "2026-02-30",
        "2026-1-1",
        "20260101",
        "0",
        "1700000000",
        "inf",
        "2026-01-01T00:00:00Z",
        "2026-01-01\0",
        "２０２６-01-01",
        "10000-01-01",
        "0000-01-01",
        " 2026-01-01",
    ],
)
def test_an_invalid_date_is_422_and_named(http, parent, child, field, value):
    ((loc, kind),) = fields_of(history(http, parent, child, **{field: value}))

    assert loc == ["query", field]
    assert kind.startswith("date")


@pytest.mark.parametrize("form", ["xml", "CSV", "", "csv\0"])
def test_an_unknown_format_is_422_and_named(http, parent, child, form):
    assert fields_of(history(http, parent, child, format=form)) == [(["query", "format"], "literal_error")]


@pytest.mark.parametrize(
    ("zone", "reset_hour", "reset"),
    [
        ("UTC", 6, "2026-03-04T06:00:00Z"),
        ("Europe/Berlin", 4, "2026-03-04T03:00:00Z"),
        ("Pacific/Kiritimati", 0, "2026-03-03T10:00:00Z"),
        ("Etc/GMT+12", 23, "2026-03-05T11:00:00Z"),
        ("America/St_Johns", 5, "2026-03-04T08:30:00Z"),
    ],
)
def test_what_is_watched_before_the_reset_belongs_to_the_day_before(http, clock, zone, reset_hour, reset):
    parent = make_parent()
    child = make_player(parent.user, timezone=zone, reset_hour=reset_hour)
    clock.set(reset)
    clock.forward(seconds=-1)
    child.watch(http, 1)
    clock.set(reset)
    child.watch(http, 2)

    days = days_of(http, parent, child, from_date="2026-03-03", to_date="2026-03-04")

    assert [(day["date"], day["total_minutes"]) for day in days] == [("2026-03-04", 1.0), ("2026-03-03", 0.5)]
    # Each is found by its day alone, however far its instants lie from that date in UTC.
    for day in days:
        assert days_of(http, parent, child, from_date=day["date"], to_date=day["date"]) == [day]


def test_a_held_day_is_one_day_however_long(http, clock, parent):
    clock.set("2026-03-03T11:00:00Z")
    child = make_player(parent.user, timezone="Pacific/Kiritimati")  # it is 4 March there, since 10:00
    schedule = rules.Schedule("Pacific/Kiritimati", 0)
    child.watch(http, 1)
    clock.set("2026-03-04T09:59:00Z")
    held = rules.hold(schedule, timezone="Etc/GMT+12", reset_hour=23, now=clock.now).held
    ViewingTimeConfig.objects.filter(profile=child.profile).update(
        timezone="Etc/GMT+12", reset_hour=23, held_day=held.day, held_since=held.since, held_until=held.until
    )
    add_session(child, "2026-03-06T10:59:00Z", day="2026-03-04")

    assert held.until == at("2026-03-06T11:00:00Z")
    (day,) = days_of(http, parent, child, from_date="2026-03-04", to_date="2026-03-04")
    assert [session["started_at"] for session in day["sessions"]] == ["2026-03-06T10:59:00Z", "2026-03-03T11:00:00Z"]
    assert day["total_minutes"] == 1.5


def test_no_viewing_day_begins_or_ends_outside_of_the_instants_that_are_looked_through():
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(0, 365, 30)]
    for zone in sorted(rules.timezones()):
        for day in days:
            period = Period(day, day)
            began = rules.day_start(timezone=zone, reset_hour=0, day=day)
            ended = rules.day_start(timezone=zone, reset_hour=23, day=day + timedelta(days=1))
            assert period.since <= began
            # A day that is held may end days later.
            assert ended + timedelta(days=5) <= period.until


def test_a_profile_without_settings_has_its_days_by_the_defaults(http, clock, parent, child):
    child.profile.config.delete()
    clock.set("2026-03-04T05:59:00Z")  # the reset is at 6
    child.watch(http, 1)

    assert dates(days_of(http, parent, child)) == ["2026-03-03"]
