"""Who may open which page: who is logged in, of their own family alone; nothing changes without a form's token."""

import uuid

import pytest

from parental.models import SettingsChange, TimeGrant
from tests.families import make_family, make_user
from tests.parental.pages.visitors import text_of
from tests.statements import statements
from viewing.models import PlayerToken, Profile

# Fixed: tests that run side by side must have the same names.
NOBODYS = "00000000-0000-4000-8000-000000000000"

OF_ACCOUNT = [
    "/",
    "/children/add",
    "/connect",
    "/exceptions",
    "/requests",
    "/pin",
    "/logins",
    "/automations",
    "/password",
]
OF_CHILD = ["", "/limits", "/plan", "/school-nights", "/devices", "/remove"]
CHANGES = [
    ("/grant", {"minutes": "15"}),
    ("/stop", {"session_id": NOBODYS}),
    ("/limits/confirm", {}),
    ("/limits", {"weekday_limit_minutes": "15", "reset_hour": "0", "timezone": "UTC"}),
    ("/plan", {"version": "0", "limit_monday": "15"}),
    ("/school-nights", {"weekday_limit_minutes": "15"}),
    ("/lock", {"until": "hour"}),
    ("/unlock", {}),
    ("/today", {"act": "weekend"}),
    (f"/today/{NOBODYS}/undo", {}),
    ("/devices", {"device_name": "Mine"}),
    ("/remove", {}),
    ("", {"name": "Taken over"}),
]
POST_ONLY = [
    "/grant",
    "/stop",
    "/lock",
    "/unlock",
    "/today",
    f"/today/{NOBODYS}/undo",
    "/limits/confirm",
    f"/grants/{NOBODYS}/take-back",
]


@pytest.fixture
def stranger(server):
    return make_family().children[0]


@pytest.fixture
def visitor(browse):
    return browse(make_user())


def unchanged(child):
    profile = Profile.objects.get(pk=child.profile.pk)
    return (
        profile.name == "Mia"
        and not TimeGrant.objects.filter(profile=profile).exists()
        and not SettingsChange.objects.filter(profile=profile).exists()
        and PlayerToken.objects.filter(profile=profile, revoked_at=None).count() == 1
    )


@pytest.mark.parametrize("path", OF_ACCOUNT)
def test_whoever_is_not_logged_in_is_sent_to_log_in_and_back(browse, path):
    answer = browse().get(path)

    assert (answer.status_code, answer.headers["location"]) == (302, f"/login?next={path}")


@pytest.mark.parametrize("page", OF_CHILD)
def test_the_pages_of_a_child_ask_for_a_login(browse, stranger, page):
    path = f"/children/{stranger.profile.id}{page}"

    assert browse().get(path).headers["location"] == f"/login?next={path}"


@pytest.mark.parametrize(("page", "form"), CHANGES)
def test_nothing_changes_for_whoever_is_not_logged_in(browse, stranger, page, form):
    answer = browse().post(f"/children/{stranger.profile.id}{page}", **form)

    assert (answer.status_code, unchanged(stranger)) == (302, True)


@pytest.mark.parametrize("page", OF_CHILD)
def test_another_familys_child_and_an_unknown_one_are_the_same_page(visitor, stranger, page):
    theirs = visitor.get(f"/children/{stranger.profile.id}{page}")
    unknown = visitor.get(f"/children/{uuid.uuid4()}{page}")

    assert theirs.status_code == unknown.status_code == 404
    assert text_of(theirs) == text_of(unknown)


@pytest.mark.parametrize(("page", "form"), CHANGES)
def test_another_familys_child_cannot_be_changed(visitor, stranger, page, form):
    theirs = visitor.post(f"/children/{stranger.profile.id}{page}", **form)
    unknown = visitor.post(f"/children/{uuid.uuid4()}{page}", **form)

    assert theirs.status_code == unknown.status_code == 404
    assert text_of(theirs) == text_of(unknown)
    assert unchanged(stranger)


@pytest.mark.parametrize(("page", "form"), CHANGES)
def test_a_form_from_elsewhere_changes_nothing(browse, stranger, page, form):
    visitor = browse(stranger.profile.user)

    answer = visitor.post_without_csrf(f"/children/{stranger.profile.id}{page}", **form)

    assert (answer.status_code, unchanged(stranger)) == (403, True)
    assert "Please try again" in text_of(answer)


@pytest.mark.parametrize("page", POST_ONLY)
def test_a_link_changes_nothing(browse, stranger, page):
    visitor = browse(stranger.profile.user)

    assert visitor.get(f"/children/{stranger.profile.id}{page}").status_code == 405


@pytest.mark.parametrize("path", OF_ACCOUNT)
def test_no_page_is_kept_by_a_browser_or_a_proxy(visitor, path):
    control = visitor.get(path).headers["cache-control"]

    assert {"no-store", "private"} <= set(control.split(", "))


def test_malformed_ids_are_not_found(visitor):
    assert visitor.get("/children/me/limits").status_code == 404


@pytest.mark.parametrize("page", ["/children/add", "/pin", "/password", *(f"CHILD{page}" for page in OF_CHILD)])
def test_no_page_asks_the_database_more_often_for_more_children(browse, server, page):
    costs = []
    for children in (1, 10):
        family = make_family(children=children)
        visitor, path = browse(family.user), page.replace("CHILD", f"/children/{family.children[0].profile.id}")
        assert visitor.get(path).status_code == 200
        with statements() as sent:
            visitor.get(path)
        costs.append(len(sent))

    assert costs[0] == costs[1] <= 10, sent.all
