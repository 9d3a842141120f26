"""/children/<id>/history: every session of a period, by viewing day."""

import re
import uuid
from datetime import date, timedelta
from html import unescape

import pytest

from tests.families import make_child, make_family, make_player, make_title, make_user
from tests.parental.cast import log_in
from tests.parental.pages.histories import FEBRUARY_MARCH, days_on, page_of, path_of, sums_of
from tests.parental.pages.visitors import text_of
from tests.statements import statements
from tests.viewing.watched import add_many, add_session, at, days_of, history
from viewing.models import Profile


@pytest.fixture(autouse=True)
def wednesday(clock):
    clock.set("2026-03-04T10:00:00Z")


@pytest.fixture
def child(server):
    return make_child()


def test_the_page_agrees_with_the_api(http, browse, child):
    lesson = make_title("Volcanoes", is_educational=True)
    for n in range(6):
        day = f"2026-02-{10 + n}"
        add_session(child, f"{day}T12:00:00Z", counted_seconds=1470 + 30 * n)
        add_session(child, f"{day}T15:00:00Z", title=lesson, is_educational=True, counted_seconds=0, exempt_seconds=90)

    page = page_of(browse, child, FEBRUARY_MARCH)

    by_api = days_of(http, log_in(child.profile.user), child, from_date="2026-02-01", to_date="2026-03-04")
    assert days_on(page) == [
        (
            day["date"],
            [day["total_minutes"], day["counted_minutes"], day["educational_minutes"]],
            [session["duration_minutes"] for session in day["sessions"]],
        )
        for day in by_api
    ]
    names = ("total_minutes", "counted_minutes", "educational_minutes")
    assert sums_of(page) == [sum(day[name] for day in by_api) for name in names]


def test_a_session_shows_what_where_when_and_how_long(browse, child):
    film = make_title("Volcanoes <b>& more</b>", is_educational=True)
    add_session(
        child, "2026-03-03T12:34:00Z", title=film, is_educational=True, device_type="mobile", counted_seconds=4500
    )

    page = page_of(browse, child)

    assert "12:34 Volcanoes <b>& more</b> phone educational 1 h 15 min" in text_of(page)
    assert "<b>" not in page.text


def test_times_are_those_of_the_childs_zone_and_nights_belong_to_the_day_before(browse):
    child = make_child(timezone="Asia/Tokyo", reset_hour=6)
    add_session(child, "2026-03-02T16:30:00Z", day="2026-03-02")  # 01:30 on 3 March
    add_session(child, "2026-03-02T08:00:00Z", day="2026-03-02")

    said = text_of(page_of(browse, child))

    assert "Monday 2 March" in said
    assert "01:30 Tue The Sandpit" in said
    assert "17:00 The Sandpit" in said
    assert "Asia/Tokyo" in said


def test_what_runs_is_marked(browse, child):
    add_session(child, "2026-03-04T09:59:00Z", ended_at=None, end_reason="")

    said = text_of(page_of(browse, child))

    assert "Wednesday 4 March today" in said
    assert "The Sandpit TV in progress 1 min" in said


def test_pages_lead_through_everything(browse, child):
    add_many(child, 250, until="2026-03-03T20:00:00Z", every=timedelta(minutes=1))
    for n in range(9):
        add_session(child, f"2026-02-{10 + n}T12:00:00Z")
    visitor = browse(child.profile.user)

    pages, link = [], f"?{FEBRUARY_MARCH}"
    while link:
        pages.append(visitor.get(path_of(child) + link))
        older = re.search(r'rel="next" href="([^"]*)"', pages[-1].text)
        link = unescape(older[1]) if older else ""

    assert [[(day, len(sessions)) for day, _, sessions in days_on(page)] for page in pages] == [
        [("2026-03-03", 100)],
        [("2026-03-03", 100)],
        [("2026-03-03", 50)],
        [(f"2026-02-{day}", 1) for day in range(18, 11, -1)],
        [("2026-02-11", 1), ("2026-02-10", 1)],
    ]
    assert all(sums_of(page)[0] == 259.0 for page in pages)
    assert "Sessions 101–200 of 250 on this day" in text_of(pages[1])
    assert "Page 2 of 5" in text_of(pages[1])
    newer = unescape(re.search(r'rel="prev" href="([^"]*)"', pages[1].text)[1])
    assert days_on(visitor.get(path_of(child) + newer)) == days_on(pages[0])


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "1.5", "99999999999999999999", "%00", "٢"])
def test_a_page_that_is_none_is_the_first(browse, child, number):
    for n in range(8):
        add_session(child, f"2026-02-{10 + n}T12:00:00Z")

    assert days_on(page_of(browse, child, f"page={number}"))[0][0] == "2026-02-17"


def test_beyond_the_last_page_is_the_last(browse, child):
    for n in range(8):
        add_session(child, f"2026-02-{10 + n}T12:00:00Z")

    assert [day for day, _, _ in days_on(page_of(browse, child, "page=7"))] == ["2026-02-10"]


def test_nothing_watched_is_said(browse, child):
    page = page_of(browse, child)

    assert "Nothing was watched during this period." in text_of(page)
    assert "history.csv" not in page.text


def test_the_csv_is_the_apis_with_a_mark_that_it_is_utf_8(http, browse, child):
    add_many(child, 700, until="2026-03-03T20:00:00Z", every=timedelta(minutes=1))
    visitor = browse(child.profile.user)
    link = unescape(re.search(r'href="([^"]*history\.csv[^"]*)"', visitor.get(path_of(child)).text)[1])

    by_page = visitor.get(link)

    span = {"from_date": "2026-02-03", "to_date": "2026-03-04"}
    by_api = history(http, log_in(child.profile.user), child, format="csv", **span)
    assert len(by_page.text.splitlines()) == 701
    assert by_page.content == b"\xef\xbb\xbf" + by_api.content
    assert by_page.headers["content-disposition"] == by_api.headers["content-disposition"]


def test_an_adults_history_counts_nothing(browse):
    family = make_family(adult=True)
    add_session(family.adult, "2026-03-03T12:00:00Z", counted_seconds=0, exempt_seconds=600)

    page = page_of(browse, family.adult)

    assert "Robin's history" in text_of(page)
    assert "Counted" not in text_of(page)
    assert days_on(page) == [("2026-03-03", [10.0], [10.0])]


def test_from_one_profile_to_the_others_of_the_account_for_the_same_days(browse):
    family, other = make_family(children=2, adult=True), make_family()
    visitor = browse(family.user)

    page = visitor.get(f"{path_of(family.children[0])}?{FEBRUARY_MARCH}")

    links = re.findall(r'<a href="(/children/[^"]*/history\?[^"]*)"', page.text)
    assert [unescape(link) for link in links] == [
        f"{path_of(player)}?{FEBRUARY_MARCH}" for player in (*family.children, family.adult)
    ]
    assert str(other.children[0].profile.id) not in page.text


@pytest.mark.parametrize("form", ["", ".csv"])
def test_not_yours_and_not_there_answer_alike(browse, child, form):
    visitor = browse(make_user())
    add_session(child, "2026-03-03T12:00:00Z")

    answers = [
        visitor.get(path_of(child, form=form)),
        visitor.get(path_of(child, form=form) + "?from_date=x"),
        visitor.get(f"/children/{uuid.uuid4()}/history{form}"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({text_of(answer) for answer in answers}) == 1
    assert "Mia" not in answers[0].text


def test_a_profile_that_was_just_removed_is_not_there(browse, child):
    visitor = browse(child.profile.user)
    visitor.get(path_of(child))  # the cache knows it
    Profile.objects.filter(pk=child.profile.pk).delete()

    assert visitor.get(path_of(child)).status_code == 404


@pytest.mark.parametrize("form", ["", ".csv"])
def test_who_is_not_logged_in_is_sent_to_the_log_in(browse, child, form):
    answer = browse().get(path_of(child, form=form))

    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/login?next=")


def test_it_is_read_only(browse, child):
    assert browse(child.profile.user).post(path_of(child)).status_code == 405


@pytest.mark.parametrize("children", [1, 10])
def test_the_same_statements_for_one_child_or_ten(browse, children):
    user = make_user()
    family = [make_player(user) for _ in range(children)]
    for n in range(20):
        add_session(family[0], f"{date(2026, 2, 10) + timedelta(days=n)}T12:00:00Z", title=make_title())
    visitor = browse(user)
    visitor.get(path_of(family[0]))

    with statements() as sent:
        page = visitor.get(path_of(family[0]))

    assert len(days_on(page)) == 7
    # 1. the session  2. the account  3. the profiles  4. the sums of each day  5. the sessions with their titles
    # 6. how many children ask for time
    assert len(sent) == 6, sent


@pytest.mark.parametrize("minutes", [5, 6])
def test_an_open_session_that_is_silent_for_more_than_5_minutes_has_stopped(clock, browse, child, minutes):
    clock.set("2026-03-04T10:00:00Z")
    add_session(child, "2026-03-04T10:00:00Z", ended_at=None, end_reason="")
    clock.forward(minutes=minutes)

    page = text_of(page_of(browse, child))

    assert ("stopped without notice" in page, "in progress" in page) == (minutes > 5, minutes == 5)


def test_an_abandoned_session_shows_when_it_stopped_in_the_childs_zone(clock, browse):
    clock.set("2026-03-05T12:00:00Z")
    child = make_player(make_user(), timezone="Europe/Berlin")
    add_session(child, "2026-03-04T10:00:00Z", ended_at=at("2026-03-05T06:00:00Z"))

    assert "stopped without notice at 11:00" in text_of(page_of(browse, child))
