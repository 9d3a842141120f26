"""Every page comes with a policy that lets nothing inline run (Content-Security-Policy)."""

import re

import pytest

from tests.families import make_user
from tests.parental.pages.visitors import Visitor

INLINE = re.compile(
    r"<style|<script(?![^>]*\bsrc=)(?![^>]*application/json)|\sstyle=|\son\w+=|javascript:", re.IGNORECASE
)
PAGES = ["/", "/login", "/register", "/password", "/password/forgotten", "/unknown"]
ADMIN = ["/admin/", "/admin/parental/user/", "/admin/viewing/profile/", "/admin/parental/user/add/"]


def policy_of(response):
    parts = response.headers["content-security-policy"].split("; ")
    return {name: set(values.split()) for name, _, values in (part.partition(" ") for part in parts)}


@pytest.fixture
def staff(server):
    visitor = Visitor(server, make_user(is_staff=True, is_superuser=True))
    yield visitor
    visitor.http.close()


@pytest.mark.parametrize("path", PAGES + ADMIN)
def test_a_page_may_load_what_is_ours_and_nothing_else(staff, path):
    assert policy_of(staff.get(path)) == {
        "default-src": {"'self'"},
        "base-uri": {"'none'"},
        "object-src": {"'none'"},
        "form-action": {"'self'"},
        "frame-ancestors": {"'none'"},
    }


@pytest.mark.parametrize("path", [*PAGES, *ADMIN, "/api/v1/docs"])
def test_a_page_has_nothing_inline(staff, path):
    assert not INLINE.findall(staff.get(path).text)


def test_the_docs_of_the_api_may_also_show_the_icons_of_their_style_sheet(http):
    policy = policy_of(http.get("/api/v1/docs"))

    assert policy["img-src"] == {"'self'", "data:"}
    assert policy["default-src"] == {"'self'"}
