"""The period of a history page: its default, its quick links, its form, and what is wrong with it."""

import re
from html import unescape

import pytest

from tests.families import make_child
from tests.parental.pages.histories import days_on, page_of, path_of, quick_links
from tests.viewing.watched import add_session


@pytest.fixture(autouse=True)
def wednesday(clock):
    clock.set("2026-03-04T10:00:00Z")


@pytest.fixture
def child(server):
    return make_child()


def test_without_a_period_it_is_the_last_30_days(browse, child):
    for day in ("2026-02-02", "2026-02-03", "2026-03-04"):
        add_session(child, f"{day}T12:00:00Z")

    page = page_of(browse, child)

    assert [day for day, _, _ in days_on(page)] == ["2026-03-04", "2026-02-03"]
    assert quick_links(page) == [
        ("?from_date=2026-02-26&to_date=2026-03-04", False),
        ("?from_date=2026-02-03&to_date=2026-03-04", True),
        ("?from_date=2025-12-05&to_date=2026-03-04", False),
    ]
    assert re.findall(r'<input type="date"[^>]*value="([^"]*)"', page.text) == ["2026-02-03", "2026-03-04"]


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [("from_date=2026-01-01", "2026-01-01", "2026-01-31"), ("to_date=2026-01-31", "2026-01-01", "2026-01-31")],
)
def test_one_day_alone_has_the_other_30_days_off_as_in_the_api(browse, child, query, first, last):
    page = page_of(browse, child, query)

    assert re.findall(r'<input type="date"[^>]*value="([^"]*)"', page.text) == [first, last]


def test_every_quick_link_leads_to_its_days(browse, child):
    visitor = browse(child.profile.user)

    for query, _ in quick_links(visitor.get(path_of(child))):
        page = visitor.get(path_of(child) + query)
        assert page.status_code == 200
        assert (query, True) in quick_links(page)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("from_date=2026-03-02&to_date=2026-03-01", "The start date must not be after the end date."),
        ("from_date=2025-12-03&to_date=2026-03-04", "Choose 90 days or fewer."),
        ("from_date=2026-02-30&to_date=2026-03-01", "Enter a date like 2026-03-31."),
        ("from_date=1999-12-31&to_date=2000-01-01", "Enter a date from 2000 onward."),
        ("from_date=2026-03-01&to_date=10000-01-01", "Enter a date like 2026-03-31."),
        ("from_date=2026-03-01&to_date=1", "Enter a date like 2026-03-31."),
    ],
)
@pytest.mark.parametrize("form", ["", ".csv"])
def test_a_wrong_period_is_reported_next_to_the_input(browse, child, form, query, sentence):
    add_session(child, "2026-03-01T12:00:00Z")

    page = browse(child.profile.user).get(f"{path_of(child, form=form)}?{query}")

    assert page.status_code == 422
    errors = re.findall(r'<p class="field__error"[^>]*>(.*?)</p>|role="alert"><p>(.*?)</p>', page.text)
    assert [unescape("".join(error)) for error in errors] == [sentence]
    for entered in query.split("&"):
        name, _, value = entered.partition("=")
        assert re.search(rf'<input type="date" name="{name}" value="{value}"', page.text)
    assert 'class="day"' not in page.text


def test_90_days_may_be_asked_for(browse, child):
    assert page_of(browse, child, "from_date=2025-12-04&to_date=2026-03-04").status_code == 200
