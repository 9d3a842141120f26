"""GET …/profiles/{profile_id}/history: the whole answer, and who gets it (docs/contract.md#history)."""

import json
import uuid
from datetime import timedelta

import pytest

import viewing.reports.history
from tests.families import make_child, make_family, make_player, make_title
from tests.parental.cast import log_in, make_parent
from tests.viewing.watched import add_many, add_session, at, days_of, history
from viewing.reports.schemas import HistoryOut

TODAY = "2026-03-04T10:00:00Z"


@pytest.fixture
def today(clock):
    clock.set(TODAY)
    return clock


@pytest.fixture
def parent(server):
    return make_parent()


@pytest.fixture
def child(parent):
    return make_player(parent.user)


def test_the_whole_answer(http, today, parent, child):
    lesson = make_title("Volcanoes 🌋", is_educational=True)
    first = add_session(child, "2026-03-03T08:00:00Z", counted_seconds=100, device_type="mobile")
    second = add_session(
        child, "2026-03-03T09:00:00.123456Z", title=lesson, is_educational=True, counted_seconds=30, exempt_seconds=60
    )
    running = add_session(child, "2026-03-04T09:59:00Z", ended_at=None, end_reason="")

    response = history(http, parent, child)

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    assert response.json() == {
        "profile_id": str(child.profile.id),
        "days": [
            {
                "date": "2026-03-04",
                "total_minutes": 1.0,
                "educational_minutes": 0.0,
                "counted_minutes": 1.0,
                "sessions": [
                    {
                        "session_id": str(running.id),
                        "title_id": str(child.title.id),
                        "title_name": "The Sandpit",
                        "device_type": "tv",
                        "is_educational": False,
                        "started_at": "2026-03-04T09:59:00Z",
                        "ended_at": None,
                        "duration_minutes": 1.0,
                    }
                ],
            },
            {
                "date": "2026-03-03",
                "total_minutes": 3.17,
                "educational_minutes": 1.5,
                "counted_minutes": 2.17,
                "sessions": [
                    {
                        "session_id": str(second.id),
                        "title_id": str(lesson.id),
                        "title_name": "Volcanoes 🌋",
                        "device_type": "tv",
                        "is_educational": True,
                        "started_at": "2026-03-03T09:00:00.123Z",
                        "ended_at": "2026-03-03T09:01:00.123Z",
                        "duration_minutes": 1.5,
                    },
                    {
                        "session_id": str(first.id),
                        "title_id": str(child.title.id),
                        "title_name": "The Sandpit",
                        "device_type": "mobile",
                        "is_educational": False,
                        "started_at": "2026-03-03T08:00:00Z",
                        "ended_at": "2026-03-03T08:01:00Z",
                        "duration_minutes": 1.67,
                    },
                ],
            },
        ],
    }


def test_nothing_watched(http, parent, child):
    assert history(http, parent, child).json() == {"profile_id": str(child.profile.id), "days": []}


def test_what_players_sent_adds_up_to_the_balance(http, today, parent, child):
    child.watch(http, 4)
    today.forward(minutes=2)
    child.watch(http, 2, title_id=str(make_title(is_educational=True).id))
    today.forward(minutes=1)
    child.watch(http, 3, device_id="tablet")
    balance = child.balance()

    (day,) = days_of(http, parent, child)

    assert day["counted_minutes"] == balance.used_seconds / 60 == 3.5
    assert day["educational_minutes"] == balance.educational_seconds / 60 == 1.0
    assert day["total_minutes"] == sum(session["duration_minutes"] for session in day["sessions"]) == 4.5
    assert [session["ended_at"] is None for session in day["sessions"]] == [True, False, False]


def test_an_exemption_switched_off_while_a_lesson_runs_counts_the_rest(http, today):
    parent = make_parent()
    title = make_title(is_educational=True)
    exempt, charged = (make_player(parent.user, title=title, educational_exempt=exempt) for exempt in (True, False))
    add_session(exempt, "2026-03-04T08:00:00Z", is_educational=True, counted_seconds=90, exempt_seconds=60)
    charged.watch(http, 2)

    (mixed,), (overlapping,) = days_of(http, parent, exempt), days_of(http, parent, charged)

    assert [mixed[f"{name}_minutes"] for name in ("total", "educational", "counted")] == [2.5, 2.5, 1.5]
    assert [overlapping[f"{name}_minutes"] for name in ("total", "educational", "counted")] == [1.0, 1.0, 1.0]


def test_an_adult_has_history_too(http, today):
    family = make_family(adult=True)
    family.adult.watch(http, 3)

    (day,) = days_of(http, log_in(family.user), family.adult)

    assert (day["total_minutes"], day["counted_minutes"]) == (1.5, 0.0)
    assert day["sessions"][0]["title_name"] == "The Sandpit"


def test_siblings_are_kept_apart(http, today, parent, child):
    sibling = make_player(parent.user)
    add_session(sibling, "2026-03-04T08:00:00Z")

    assert days_of(http, parent, child) == []
    assert len(days_of(http, parent, sibling)) == 1


def test_sessions_that_began_together_are_listed_in_one_order(http, today, parent, child):
    made = [add_session(child, "2026-03-04T08:00:00Z") for _ in range(10)]

    (day,) = days_of(http, parent, child)

    ids = [session["session_id"] for session in day["sessions"]]
    assert ids == sorted((str(session.id) for session in made), reverse=True)


@pytest.mark.parametrize("whose", ["stranger", "nobody"])
@pytest.mark.parametrize("form", ["json", "csv"])
def test_another_accounts_profile_is_403_whether_or_not_it_exists(http, parent, whose, form):
    stranger = make_child()
    if whose == "nobody":
        stranger.profile.id = uuid.uuid4()

    response = history(http, parent, stranger, format=form)

    assert (response.status_code, response.json()) == (
        403,
        {"detail": "Profile not found or access denied", "code": "access_denied"},
    )


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_player_token_is_403(http, child, form):
    response = history(http, child, child, format=form)

    assert (response.status_code, response.json()) == (
        403,
        {"detail": "A player token cannot do this", "code": "caller"},
    )


def test_without_a_token_it_is_401(http, child):
    response = http.get(f"/api/v1/parental-controls/profiles/{child.profile.id}/history")

    assert (response.status_code, response.json()) == (
        401,
        {"detail": "Invalid or missing token", "code": "unauthenticated"},
    )


def test_a_malformed_id_is_422_and_named(http, parent):
    response = http.get("/api/v1/parental-controls/profiles/me/history", headers=parent.headers)

    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["detail"]] == [["path", "profile_id"]]


def test_a_session_belongs_whole_to_the_day_on_which_it_began(http, today, parent, child):
    add_session(child, "2026-03-03T23:50:00Z", ended_at=at("2026-03-04T00:20:00Z"), counted_seconds=1800)

    (day,) = days_of(http, parent, child)

    assert (day["date"], day["total_minutes"]) == ("2026-03-03", 30.0)
    assert days_of(http, parent, child, from_date="2026-03-04") == []


def test_the_answer_is_as_the_schema_says(http, today, parent, child):
    add_session(child, "2026-03-04T08:00:00Z")
    add_many(child, 501, until="2026-03-02T20:00:00Z", every=timedelta(seconds=60))

    answer = history(http, parent, child).json()

    assert answer["truncated"] is True
    described = HistoryOut.model_validate(answer).model_dump(mode="json", exclude_unset=True)
    # As text, so that the order of the fields is compared too.
    assert json.dumps(described) == json.dumps(answer)


def test_sums_and_sessions_are_of_one_moment(http, today, parent, child, monkeypatch):
    session_id = child.watch(http, 1)
    today.forward(seconds=30)
    between = viewing.reports.history._days_that_fit

    def changed_first(sums):
        child.beat(http, session_id=session_id)
        child.beat(http, device_id="tablet")
        return between(sums)

    monkeypatch.setattr(viewing.reports.history, "_days_that_fit", changed_first)

    answer = history(http, parent, child).json()

    (day,) = answer["days"]
    assert (day["total_minutes"], [session["duration_minutes"] for session in day["sessions"]]) == (0.5, [0.5])
    assert "truncated" not in answer
    assert [session.total_seconds for session in child.sessions()] == [60, 30]
