"""/report: a week of all children, that agrees with the API."""

import csv
import re
from datetime import date, timedelta
from html import unescape
from io import StringIO

import pytest

from tests.families import make_family, make_player, make_title, make_user
from tests.parental.cast import log_in
from tests.parental.pages.visitors import text_of
from tests.statements import statements
from tests.viewing.watched import add_session, weekly_report
from viewing.models import Profile


@pytest.fixture(autouse=True)
def wednesday(clock):
    clock.set("2026-03-04T10:00:00Z")


@pytest.fixture
def user(server):
    return make_user()


def cards(response):
    """The part of the page about each child."""
    assert response.status_code == 200, text_of(response)
    return re.findall(r'<section class="card week-of-child".*?</section>', response.text, re.DOTALL)


def figures(html):
    """The exact values within."""
    return [float(value) for value in re.findall(r'<data value="([^"]*)">', html)]


def rows(card):
    """The figures of each day, once: the table is there twice."""
    first, second = re.findall(r"<tbody>.*?</tbody>", card, re.DOTALL)
    assert first == second
    return [figures(row) for row in re.findall(r"<tr>.*?</tr>", first, re.DOTALL)]


def test_the_page_agrees_with_the_api(http, browse, user):
    lesson = make_title("Volcanoes", is_educational=True)
    for limits in ({"weekday_limit_minutes": 45, "weekend_limit_minutes": None}, {"weekday_limit_minutes": 300}):
        child = make_player(user, **limits)
        for n in range(9):
            add_session(
                child, f"2026-02-{20 + n}T12:00:00Z", counted_seconds=1470 + 30 * n, title=make_title(f"Film {n}")
            )
            add_session(child, f"2026-02-{20 + n}T15:00:00Z", title=lesson, is_educational=True, exempt_seconds=90 * n)

    page = browse(user).get("/report")

    by_api = weekly_report(http, log_in(user)).json()
    assert len(by_api["profiles"]) == 2
    for card, theirs in zip(cards(page), by_api["profiles"], strict=True):
        facts = figures(re.search(r'<dl class="facts">.*?</dl>', card, re.DOTALL)[0])
        names = ("total_minutes", "average_daily_minutes", "educational_minutes")
        assert facts == [theirs[name] for name in names]
        columns = ("counted_minutes", "limit_minutes", "educational_minutes", "minutes")
        expected = [[day[name] for name in columns if day[name] is not None] for day in theirs["daily_totals"]]
        assert [row[:-1] for row in rows(card)] == expected  # the last column is the week before
        tops = re.search(r'<ol class="tops">.*?</ol>', card, re.DOTALL)[0]
        assert figures(tops) == [title["total_minutes"] for title in theirs["top_titles"]]
        assert re.findall(r"<li><span><bdi>(.*?)</bdi></span>", tops) == [
            title["title_name"] for title in theirs["top_titles"]
        ]


def test_the_chart_is_an_image_with_title_and_description(browse, user):
    child = make_player(user)
    add_session(child, "2026-03-03T12:00:00Z", counted_seconds=7260)
    add_session(child, "2026-03-02T12:00:00Z", counted_seconds=600)

    (card,) = cards(browse(user).get("/report"))

    svg = re.search(r'<svg class="chart__drawing".*?</svg>', card, re.DOTALL)[0]
    names = re.search(r'role="img" aria-labelledby="(\S+) (\S+)"', svg)
    title = re.search(rf'<title id="{names[1]}">(.*?)</title>', svg)[1]
    description = re.search(rf'<desc id="{names[2]}">(.*?)</desc>', svg, re.DOTALL)[1]
    assert title == "What Mia watched each day"
    assert "2 h 11 min in total. Most on Tuesday: 2 h 01 min." in description
    assert "Over the limit on 1 day." in description
    assert svg.count('class="chart__counted"') == 7
    assert 'class="chart__limit"' in svg
    assert "style=" not in card


def test_the_chart_of_a_week_without_anything_says_so(browse, user):
    make_player(user, weekday_limit_minutes=None, weekend_limit_minutes=None)

    (card,) = cards(browse(user).get("/report"))

    assert "Nothing was watched. No day has a limit." in re.search(r"<desc[^>]*>(.*?)</desc>", card, re.DOTALL)[1]
    assert "chart__limit" not in card


def test_every_id_of_the_page_is_there_once(browse, user):
    for _ in range(3):
        add_session(make_player(user), "2026-03-03T12:00:00Z")

    ids = re.findall(r'\bid="([^"]*)"', browse(user).get("/report").text)

    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("now", "before", "sentence"),
    [
        (60, 30, "30 min more than the week before (30 min)."),
        (30, 90, "1 h less than the week before (1 h 30 min)."),
        (30, 30, "Same as the week before."),
        (0, 0, "Nothing was watched this week or the week before."),
        (0, 20, "20 min less than the week before (20 min)."),
    ],
)
def test_the_week_is_compared_with_the_one_before(browse, user, now, before, sentence):
    child = make_player(user)
    for day, minutes in (("2026-02-26", now), ("2026-02-25", before)):
        if minutes:
            add_session(child, f"{day}T12:00:00Z", counted_seconds=minutes * 60)

    page = browse(user).get("/report")

    assert sentence in text_of(page)
    (card,) = cards(page)
    assert rows(card)[-1][-1] == before  # 25 February, next to 4 March
    assert rows(card)[0][-2] == now


def test_any_week_can_be_picked_and_the_neighbours_are_one_link_away(browse, user):
    add_session(make_player(user), "2026-02-18T12:00:00Z", counted_seconds=300)
    visitor = browse(user)

    page = visitor.get("/report?last=2026-02-21")

    assert "15 February – 21 February 2026" in text_of(page)
    assert 'value="2026-02-21"' in page.text
    assert figures(cards(page)[0])[0] == 5.0
    previous = unescape(re.search(r'href="([^"]*)" rel="prev"', page.text)[1])
    following = unescape(re.search(r'href="([^"]*)" rel="next"', page.text)[1])
    assert "8 February – 14 February 2026" in text_of(visitor.get(previous))
    assert "22 February – 28 February 2026" in text_of(visitor.get(following))


def test_the_next_week_ends_today_at_the_latest_and_after_today_there_is_none(browse, user):
    make_player(user)
    visitor = browse(user)

    following = re.search(r'href="([^"]*)" rel="next"', visitor.get("/report?last=2026-03-01").text)[1]
    newest = visitor.get(following)

    assert following.endswith("last=2026-03-04")
    assert 'rel="next"' not in newest.text
    assert "Last 7 days" not in text_of(newest)


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        ("2026-03-05", "That day is in the future."),
        ("9999-12-31", "Enter a date from 2000 onward."),
        ("1999-12-31", "Enter a date from 2000 onward."),
        ("0001-01-01", "Enter a date from 2000 onward."),
        ("yesterday", "Enter a date like 2026-03-31."),
        ("03/04/2026", "Enter a date like 2026-03-31."),
        ("2026-02-30", "Enter a date like 2026-03-31."),
        ("%00", "Enter a date like 2026-03-31."),
        ("%22%3E%3Cscript%3E", "Enter a date like 2026-03-31."),
    ],
)
@pytest.mark.parametrize("path", ["/report", "/report.csv"])
def test_an_invalid_week_is_reported_next_to_the_input(browse, user, path, last, sentence):
    make_player(user)

    page = browse(user).get(f"{path}?last={last}")

    assert page.status_code == 422
    error = re.search(r'<p class="field__error" id="(\S+)">(.*?)</p>', page.text)
    assert unescape(error[2]) == sentence
    (entered,) = re.findall(r'<input type="date"[^>]*>', page.text)
    assert f'aria-describedby="{error[1]}"' in entered
    assert 'aria-invalid="true"' in entered
    if last.isascii() and "%" not in last:
        assert f'value="{last}"' in entered
    assert "<script>" not in page.text.partition("<main")[2]


def test_the_first_and_the_last_day_that_may_be_asked_for_work(browse, user):
    make_player(user)
    visitor = browse(user)

    first = visitor.get("/report?last=2000-01-01")

    assert "26 December – 1 January 2000" in text_of(first)
    assert 'rel="prev"' not in first.text
    assert visitor.get("/report?last=2026-03-04").status_code == 200


def test_the_csv_is_the_apis_with_a_mark_that_it_is_utf_8(http, browse, user):
    child = make_player(user)
    add_session(child, "2026-03-03T12:00:00Z", counted_seconds=600)
    visitor = browse(user)
    link = unescape(re.search(r'href="(/report\.csv[^"]*)"', visitor.get("/report").text)[1])

    by_page, by_api = visitor.get(link), weekly_report(http, log_in(user), format="csv")

    assert by_page.content == b"\xef\xbb\xbf" + by_api.content
    assert by_page.headers["content-type"] == by_api.headers["content-type"]
    assert by_page.headers["content-disposition"] == by_api.headers["content-disposition"]


def test_the_csv_of_another_week_has_its_days(browse, user):
    make_player(user)

    lines = list(csv.DictReader(StringIO(browse(user).get("/report.csv?last=2026-02-21").content.decode("utf-8-sig"))))

    assert [line["date"] for line in lines] == [str(date(2026, 2, 15) + timedelta(days=n)) for n in range(7)]


def test_only_the_accounts_own_children_are_there(browse):
    family, other = make_family(adult=True), make_family()
    Profile.objects.filter(pk=other.children[0].profile.pk).update(name="Someone else")
    add_session(other.children[0], "2026-03-03T12:00:00Z")

    page = browse(family.user).get("/report")

    assert len(cards(page)) == 1
    assert "Someone else" not in page.text
    assert "Robin" not in page.text


def test_names_are_written_as_text(browse, user):
    child = make_player(user, title=make_title("<b>Bold & Brave</b>"))
    Profile.objects.filter(pk=child.profile.pk).update(name="<i>Mia</i>")
    add_session(child, "2026-03-03T12:00:00Z")

    page = browse(user).get("/report").text

    assert "&lt;i&gt;Mia&lt;/i&gt;" in page
    assert "&lt;b&gt;Bold &amp; Brave&lt;/b&gt;" in page
    assert "<i>" not in page
    assert "<b>" not in page


def test_without_children_it_says_so(browse, user):
    assert "No children yet" in text_of(browse(user).get("/report"))


@pytest.mark.parametrize("path", ["/report", "/report.csv"])
def test_who_is_not_logged_in_is_sent_to_the_log_in(browse, path):
    answer = browse().get(path)

    assert (answer.status_code, answer.headers["location"]) == (302, f"/login?next={path}")


@pytest.mark.parametrize("children", [1, 10])
def test_the_same_statements_for_one_child_or_ten(browse, user, children):
    for _ in range(children):
        add_session(make_player(user), "2026-03-03T12:00:00Z")
    visitor = browse(user)
    visitor.get("/report")

    with statements() as sent:
        page = visitor.get("/report")

    assert len(cards(page)) == children
    # 1. the session  2. the account  3. the profiles  4. their settings  5. their sessions  6. those of the week before
    # 7. how many children ask for time
    assert len(sent) == 7, sent
