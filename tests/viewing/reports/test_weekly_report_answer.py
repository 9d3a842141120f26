"""GET /parental-controls/weekly-report: the whole answer, and who gets it (docs/contract.md#weekly-report)."""

import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

import viewing.reports.history
import viewing.reports.sql
from tests.families import make_child, make_player, make_title
from tests.parental.cast import fields_of, make_parent
from tests.viewing.watched import add_session, history, weekly_report
from viewing.models import Profile, ViewingSession, ViewingTimeConfig
from viewing.reports.schemas import WeeklyReportOut

WEDNESDAY = "2026-03-04T10:00:00Z"


@pytest.fixture
def wednesday(clock):
    clock.set(WEDNESDAY)
    return clock


@pytest.fixture
def parent(server):
    return make_parent()


def reports(http, parent):
    response = weekly_report(http, parent)
    assert response.status_code == 200, response.text
    return response.json()["profiles"]


def day(date, minutes=0, **differing):
    return {
        "date": date,
        "minutes": minutes,
        "counted_minutes": minutes,
        "educational_minutes": 0,
        "limit_minutes": 120,
        **differing,
    }


def test_the_whole_answer(http, wednesday, parent):
    child = make_player(parent.user, weekday_limit_minutes=60, weekend_limit_minutes=90)
    lesson = make_title("Volcanoes 🌋", is_educational=True)
    add_session(child, "2026-02-25T23:00:00Z", counted_seconds=6000)  # the day before the week
    add_session(child, "2026-02-26T00:00:00Z", counted_seconds=3600)
    add_session(child, "2026-02-28T09:00:00Z", title=lesson, is_educational=True, counted_seconds=0, exempt_seconds=800)
    add_session(child, "2026-02-28T10:00:00Z", title=lesson, is_educational=True, counted_seconds=100)
    add_session(child, "2026-03-04T09:59:00Z", counted_seconds=30, ended_at=None, end_reason="")

    response = weekly_report(http, parent)

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    assert response.json() == {
        "week_start": "2026-02-26",
        "week_end": "2026-03-04",
        "profiles": [
            {
                "profile_id": str(child.profile.id),
                "profile_name": "Mia",
                "daily_totals": [
                    day("2026-02-26", 60.0, limit_minutes=60),
                    day("2026-02-27", limit_minutes=60),
                    day("2026-02-28", 15.0, counted_minutes=1.67, educational_minutes=15.0, limit_minutes=90),
                    day("2026-03-01", limit_minutes=90),
                    day("2026-03-02", limit_minutes=60),
                    day("2026-03-03", limit_minutes=60),
                    day("2026-03-04", 0.5, limit_minutes=60),
                ],
                "average_daily_minutes": 10.79,
                "total_minutes": 75.5,
                "educational_minutes": 15.0,
                "limit_usage_percent": 15.7,  # of 5 × 60 + 2 × 90
                "top_titles": [
                    {"title_id": str(child.title.id), "title_name": "The Sandpit", "total_minutes": 60.5},
                    {"title_id": str(lesson.id), "title_name": "Volcanoes 🌋", "total_minutes": 15.0},
                ],
            }
        ],
    }


def test_without_children_the_week_ends_today_in_utc(http, clock, parent):
    make_player(parent.user, is_kids=False, timezone="Pacific/Kiritimati").watch(http, 1)
    clock.set("2026-03-04T23:59:59Z")

    assert weekly_report(http, parent).json() == {
        "week_start": "2026-02-26",
        "week_end": "2026-03-04",
        "profiles": [],
    }


def test_a_child_that_watched_nothing(http, wednesday, parent):
    make_player(parent.user)

    (report,) = reports(http, parent)

    assert report["daily_totals"] == [day(f"2026-02-{n}") for n in (26, 27, 28)] + [
        day(f"2026-03-0{n}") for n in (1, 2, 3, 4)
    ]
    assert (report["total_minutes"], report["average_daily_minutes"], report["limit_usage_percent"]) == (0, 0, 0)
    assert report["top_titles"] == []


def test_kids_profiles_of_the_account_alone_in_the_order_they_were_made(http, wednesday, parent):
    now = timezone.now()
    adult = make_player(parent.user, is_kids=False)
    adult.watch(http, 1)
    make_child().watch(http, 1)
    for name, minutes in (("second", 2), ("third", 3), ("first", 1)):
        Profile.objects.create(user=parent.user, name=name, is_kids=True, created_at=now + timedelta(minutes=minutes))

    assert [report["profile_name"] for report in reports(http, parent)] == ["first", "second", "third"]


def test_ten_children_each_have_their_own_figures(http, wednesday, parent):
    children = [make_player(parent.user) for _ in range(10)]
    for n, child in enumerate(children):
        add_session(child, "2026-03-03T08:00:00Z", counted_seconds=60 * n)

    assert [report["total_minutes"] for report in reports(http, parent)] == list(range(10))
    assert [report["daily_totals"][5]["minutes"] for report in reports(http, parent)] == list(range(10))


def test_what_players_sent_adds_up_to_the_balances(http, wednesday, parent):
    child = make_player(parent.user)
    child.watch(http, 3)
    child.watch(http, 2, title_id=str(make_title(is_educational=True).id))
    wednesday.forward(days=1)
    child.watch(http, 5)

    (report,) = reports(http, parent)

    balances = {str(balance.day): balance for balance in child.profile.balances.all()}
    assert set(balances) == {"2026-03-04", "2026-03-05"}
    for listed in report["daily_totals"]:
        balance = balances.get(listed["date"])
        assert listed["counted_minutes"] == (balance.used_seconds / 60 if balance else 0)
        assert listed["educational_minutes"] == (balance.educational_seconds / 60 if balance else 0)
    assert report["total_minutes"] == 5.0
    assert report["educational_minutes"] == 1.0


def test_an_exemption_switched_off_while_a_lesson_runs_counts_the_rest(http, wednesday, parent):
    child = make_player(parent.user)
    add_session(child, "2026-03-04T08:00:00Z", is_educational=True, counted_seconds=60, exempt_seconds=120)

    (report,) = reports(http, parent)

    assert report["daily_totals"][-1] == day("2026-03-04", 3.0, counted_minutes=1.0, educational_minutes=3.0)
    assert report["limit_usage_percent"] == 0.4  # 3 of 840: the total, not what the limit was charged


def test_the_three_most_watched_titles_and_of_equals_the_first_by_name_then_id(http, wednesday, parent):
    child = make_player(parent.user)
    for name, seconds in (("b", 60), ("a", 60), ("Z", 60), ("most", 61), ("unwatched", 0)):
        add_session(child, "2026-03-04T08:00:00Z", title=make_title(name), counted_seconds=seconds)

    (report,) = reports(http, parent)

    assert [title["title_name"] for title in report["top_titles"]] == ["most", "Z", "a"]
    ViewingSession.objects.filter(profile=child.profile).exclude(title__name="unwatched").delete()
    assert reports(http, parent)[0]["top_titles"] == []


def test_titles_of_one_name_are_distinguished_by_their_ids(http, wednesday, parent):
    child = make_player(parent.user)
    twins = [make_title("Twins") for _ in range(4)]
    for title in twins:
        add_session(child, "2026-03-03T08:00:00Z", title=title)
        add_session(child, "2026-03-04T08:00:00Z", title=title)

    (report,) = reports(http, parent)

    assert [title["title_id"] for title in report["top_titles"]] == sorted(str(title.id) for title in twins)[:3]
    assert {title["total_minutes"] for title in report["top_titles"]} == {2.0}


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"weekday_limit_minutes": 120, "weekend_limit_minutes": 120}, ([120] * 7, 10.0)),
        ({"weekday_limit_minutes": 120, "weekend_limit_minutes": None}, ([120, 120, None, None, 120, 120, 120], 14.0)),
        ({"weekday_limit_minutes": None, "weekend_limit_minutes": 60}, ([None, None, 60, 60, None, None, None], 70.0)),
        ({"weekday_limit_minutes": None, "weekend_limit_minutes": None}, ([None] * 7, None)),
        ({"weekday_limit_minutes": 15, "weekend_limit_minutes": 15}, ([15] * 7, 80.0)),
    ],
)
def test_a_day_without_a_limit_adds_nothing_to_the_divisor(http, wednesday, parent, limits, expected):
    child = make_player(parent.user, **limits)
    add_session(child, "2026-03-04T08:00:00Z", counted_seconds=84 * 60)

    (report,) = reports(http, parent)

    assert ([listed["limit_minutes"] for listed in report["daily_totals"]], report["limit_usage_percent"]) == expected


def test_a_child_without_settings_has_the_defaults(http, wednesday, parent):
    child = make_player(parent.user)
    ViewingTimeConfig.objects.filter(profile=child.profile).delete()

    (report,) = reports(http, parent)

    assert [listed["limit_minutes"] for listed in report["daily_totals"]] == [120, 120, 180, 180, 120, 120, 120]


def test_the_limits_are_those_set_now(http, wednesday, parent):
    child = make_player(parent.user)
    add_session(child, "2026-03-03T08:00:00Z", counted_seconds=84 * 60)
    assert reports(http, parent)[0]["limit_usage_percent"] == 10.0

    ViewingTimeConfig.objects.filter(profile=child.profile).update(weekday_limit_minutes=60, weekend_limit_minutes=60)

    assert reports(http, parent)[0]["limit_usage_percent"] == 20.0


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_player_token_is_403(http, parent, form):
    response = weekly_report(http, make_player(parent.user), format=form)

    assert (response.status_code, response.json()) == (
        403,
        {"detail": "A player token cannot do this", "code": "caller"},
    )


def test_without_a_token_it_is_401(http):
    response = http.get("/api/v1/parental-controls/weekly-report")

    assert (response.status_code, response.json()) == (
        401,
        {"detail": "Invalid or missing token", "code": "unauthenticated"},
    )


def test_an_unknown_format_is_422_and_named(http, parent):
    assert fields_of(weekly_report(http, parent, format="xml")) == [(["query", "format"], "literal_error")]


def test_the_answer_is_as_the_schema_says(http, wednesday, parent):
    add_session(make_player(parent.user), "2026-03-04T08:00:00Z", id=uuid.uuid4())

    answer = weekly_report(http, parent).json()

    assert WeeklyReportOut.model_validate(answer).model_dump(mode="json", exclude_unset=True) == answer


def test_without_its_database_it_is_503(http, parent, monkeypatch):
    def fail(*_args, **_kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr(viewing.reports.sql, "week_sums", fail)
    monkeypatch.setattr(viewing.reports.history, "history", fail)
    child = make_player(parent.user)

    for response in (weekly_report(http, parent), history(http, parent, child)):
        assert response.status_code == 503
        assert response.json() == {"detail": "The database cannot be reached. Try again.", "code": "database"}
        assert response.headers["retry-after"] == "1"
