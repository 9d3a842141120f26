"""Each page, visited by each kind of visitor (`visitors.py`), answers as its row says (`pages.py`)."""

import re
from urllib.parse import urlsplit

import pytest
from django.urls import get_resolver, reverse

from tests.matrix.pages import LOGIN, PAGES
from tests.matrix.visitors import CSRF, OWN, make_visits
from tests.statements import statements

WRITES = re.compile(r"\s*(?:WITH\b.*)?\b(INSERT INTO|UPDATE|DELETE FROM)\s", re.IGNORECASE | re.DOTALL)
# The session's own bookkeeping; and the time of a login's last use.
NOTED = re.compile(r"django_session|parental_tokenfamily|viewing_playertoken\b.*last_used")
# Their own matrices: the admin's in tests/parental/test_admin_matrix.py, the API's in test_operations.py.
ELSEWHERE = ("admin/", "api/", "health", "metrics")


def named_pages():
    patterns = get_resolver().url_patterns
    pages = [one for pattern in patterns for one in getattr(pattern, "url_patterns", [pattern]) if _is_page(pattern)]
    return {page.name for page in pages}


def _is_page(pattern):
    return not str(pattern.pattern).startswith(ELSEWHERE)


def path_of(name, ids):
    (_, parameters), *_ = get_resolver().reverse_dict.getlist(name)[0][0]
    known = {**ids, "token": "unknown"}
    if name == "password_reset_link":
        known["user_id"] = ids["profile_id"]
    missing = set(parameters) - known.keys()
    assert not missing, f"{name}: add {missing} to Family.ids in tests/matrix/cast.py"
    return reverse(name, kwargs={parameter: known[parameter] for parameter in parameters})


def answered(response):
    location = response.headers.get("location", "")
    is_to_login = response.status_code == 302 and urlsplit(location).path == "/login" and "next=" in location
    return LOGIN if is_to_login else response.status_code


def written(asked):
    return [text for text in asked.all if WRITES.match(text) and not NOTED.search(text)]


def test_every_page_has_a_row():
    assert not named_pages() - PAGES.keys(), "Add a row to PAGES in tests/matrix/pages.py: whom is it for?"
    assert not PAGES.keys() - named_pages(), "Rows without a page"
    assert len(PAGES) > 25


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_each_visitor_is_answered_as_the_row_says(http, name):
    page = PAGES[name]
    found, expected = {}, {}

    for visitor, (role, visit) in make_visits(http).items():
        path = path_of(name, visit.family.ids)
        shown = visit.send(http, "GET", path)
        with statements() as asked:
            form = {"csrfmiddlewaretoken": CSRF, **page.sent(visit.family.ids)}
            sent = visit.send(http, "POST", path, form)
        writes = page.must_write(role)
        has_written = None if writes is None else bool(written(asked))
        found[visitor] = (answered(shown), answered(sent), has_written)
        expected[visitor] = (page.expected(role, "GET"), page.expected(role, "POST"), writes)

    assert found == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if page.post != 405])
def test_no_form_is_taken_without_its_token(http, name):
    for role, visit in make_visits(http).values():
        path = path_of(name, visit.family.ids)
        with statements() as asked:
            sent = visit.send(http, "POST", path, PAGES[name].sent(visit.family.ids))
        assert (sent.status_code, written(asked)) == (403, []), role


CHILDS = [name for name in PAGES if PAGES[name].refusals.get("another family's") == 404]


@pytest.mark.slow
@pytest.mark.parametrize("name", CHILDS)
def test_an_id_of_another_family_is_the_same_page_as_one_that_nobody_has(http, name):
    visits = make_visits(http)
    theirs, own = visits["parent of another family"][1], next(v for role, v in visits.values() if role == OWN)
    form = {"csrfmiddlewaretoken": CSRF, **PAGES[name].sent(own.family.ids)}
    method = "POST" if PAGES[name].get == 405 else "GET"
    unknown_ids = dict.fromkeys(own.family.ids, "00000000-0000-4000-8000-000000000007")
    theirs.send(http, method, path_of(name, unknown_ids), form if method == "POST" else None)

    with statements() as for_theirs:
        foreign = theirs.send(http, method, path_of(name, own.family.ids), form if method == "POST" else None)
    with statements() as for_unknown:
        nobodys = theirs.send(http, method, path_of(name, unknown_ids), form if method == "POST" else None)

    assert foreign.status_code == nobodys.status_code == 404
    assert foreign.text.count("<form") == nobodys.text.count("<form")
    assert len(for_theirs) == len(for_unknown), (for_theirs.all, for_unknown.all)
