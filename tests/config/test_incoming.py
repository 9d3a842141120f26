"""No cookie and no query makes a 500: values that the database cannot hold are values that nobody knows."""

import re
from urllib.parse import quote

import httpx
import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from config.web import incoming
from tests.families import make_family, make_user
from tests.parental.pages.visitors import Visitor

SAMPLES = {"uuid": "00000000-0000-0000-0000-000000000000", "int": "1", "str": "a", "slug": "a", "path": "a"}
NAMES = [
    "q",
    "p",
    "o",
    "e",
    "all",
    "after",
    "child",
    "email",
    "email__exact",
    "field_name",
    "from_date",
    "id",
    "id__exact",
    "last",
    "model_name",
    "name__icontains",
    "next",
    "page",
    "profile",
    "profile__exact",
    "term",
    "title",
    "to_date",
    "user",
    "user__id__exact",
    "is_kids__exact",
    "is_staff__exact",
    "_changelist_filters",
    "_popup",
    "_to_field",
]
COOKIES = (
    'sessionid="abcdefgh\\000"; csrftoken="a\\000b"; messages="\\000"',
    "sessionid=a%00bcdefgh; csrftoken=\\ud800",
)
QUERIES = ["&".join(f"{name}={value}" for name in NAMES) for value in ("a%00b", "%ED%A0%80", quote("\x00"))]
AUTOCOMPLETE = "/admin/autocomplete/?app_label=viewing&field_name=title"


def paths(patterns=None, prefix=""):
    """Every path of the resolver, with a sample for each value in it."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from paths(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            plain = re.sub(r"<(?:(\w+):)?\w+>", lambda match: SAMPLES[match[1] or "str"], route)
            plain = re.sub(r"\(\?P<\w+>[^)]*\)", "a", plain)
            yield "/" + re.sub(r"[\^$\\]", "", plain).replace("?", "")


ALL = sorted(set(paths()))


def test_the_list_has_the_pages_the_admin_and_the_api():
    assert {"/login", "/audit", "/admin/login/", "/api/v1/admin/metrics", "/api/v1/viewing-time/heartbeat"} <= set(ALL)
    assert len(ALL) > 100


@pytest.mark.slow
@pytest.mark.parametrize("cookie", COOKIES)
def test_a_cookie_that_nobody_knows_is_answered_as_none(server, cookie):
    with httpx.Client(base_url=server, timeout=30) as client:
        found = {path: client.get(path, headers={"Cookie": cookie}).status_code for path in ALL}
        without = {path: client.get(path).status_code for path in ALL}

    assert found == without
    assert not [path for path, status in found.items() if status >= 500]


@pytest.mark.slow
@pytest.mark.parametrize("query", QUERIES)
def test_a_query_that_nobody_knows_is_no_500_whoever_asks(server, query):
    staff = make_user(is_staff=True, is_superuser=True)
    family = make_family()
    own = {path.replace(SAMPLES["uuid"], str(family.children[0].profile.id)) for path in ALL}
    for visitor, asked in (
        (Visitor(server, staff), ALL),
        (Visitor(server, family.user), own),
        (Visitor(server, None), ALL),
    ):
        found = {path: visitor.http.get(f"{path}?{query}").status_code for path in asked if "logout" not in path}
        visitor.http.close()

        assert not {path: status for path, status in found.items() if status >= 500}


@pytest.mark.slow
@pytest.mark.parametrize("value", ["a%00b", "%00"])
def test_each_filter_of_the_admin_is_answered_as_for_any_unknown_value(server, value):
    # One by one: a list refuses its whole query where one filter is wrong.
    visitor = Visitor(server, make_user(is_staff=True, is_superuser=True))
    lists = [f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry]
    queries = [f"{name}={value}" for name in NAMES]
    queries += [f"{name}{lookup}={value}" for name in ("user__email", "name") for lookup in ("", "__contains")]
    addresses = [f"{path}?{query}" for path in lists for query in queries]
    addresses += [f"{AUTOCOMPLETE}&model_name={model}&term={value}" for model in ("viewingsession", "profile")]

    found = {address: visitor.http.get(address).status_code for address in addresses}
    visitor.http.close()

    assert not {address: status for address, status in found.items() if status not in {200, 302, 400, 403, 404}}


def test_nul_in_a_query_is_read_as_a_character_that_cannot_be_read():
    seen = []
    request = RequestFactory().get("/?q=a%00b&r=c")

    incoming.storable_values(seen.append)(request)

    assert seen == [request]
    assert request.GET.dict() == {"q": "a\ufffdb", "r": "c"}
