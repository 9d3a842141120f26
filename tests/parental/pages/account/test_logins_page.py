"""/logins: where the account is logged in; and how long sessions of the pages and of staff last."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session

from parental.models import TokenFamily
from parental.tokens.sessions import stored_key
from tests.families import make_user
from tests.parental.cast import PASSWORD, log_in
from tests.parental.pages.visitors import text_after, text_of
from tests.statements import statements

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def user(server):
    return make_user()


def ends_of(page):
    return re.findall(r'action="(/logins/[0-9a-f-]{36}/end)"', page.text)


def is_in(visitor, path="/"):
    return visitor.get(path).status_code == 200


def test_lists_apps_and_browsers_and_marks_this_one(browse, user):
    log_in(user)
    visitor = browse(user)
    visitor.get("/", **{"User-Agent": FIREFOX})

    page = text_of(visitor.get("/logins"))

    assert "Firefox (Linux) This browser" in page
    assert "An app" in page
    assert "Log out everywhere else" in page


def test_one_other_is_ended(browse, user):
    here, there = browse(user), browse(user)
    assert is_in(here)
    assert is_in(there)
    (login,) = [row.pk for row in TokenFamily.objects.filter(session_key=stored_key(there.http.cookies["sessionid"]))]

    assert "Logged out there." in text_after(here, here.post(f"/logins/{login}/end"))

    assert not is_in(there)
    assert is_in(here)
    assert "Log out everywhere else" not in text_of(here.get("/logins"))


def test_this_one_is_ended_as_by_logging_out(browse, user):
    visitor = browse(user)
    visitor.get("/")
    (own,) = ends_of(visitor.get("/logins"))

    assert visitor.post(own).headers["location"] == "/login"

    assert not is_in(visitor)
    assert TokenFamily.objects.get(user=user).ended_at is not None


def test_all_others_are_ended(http, browse, user):
    here, there, app = browse(user), browse(user), log_in(user)
    assert is_in(here)
    assert is_in(there)

    assert "Logged out of 2 other places." in text_after(here, here.post("/logins/others/end"))

    assert (is_in(here), is_in(there)) == (True, False)
    assert http.get("/api/v1/auth/me", headers=app.headers).status_code == 401


def test_another_accounts_login_is_not_found(browse, user):
    other = log_in(make_user())
    visitor = browse(user)
    visitor.get("/")

    assert visitor.post(f"/logins/{other.login.pk}/end").status_code == 404
    assert other.login.ended_at is None


def test_a_session_of_before_gets_its_row_once(browse, user):
    visitor = browse(user)

    for _ in range(3):
        assert is_in(visitor)

    assert TokenFamily.objects.filter(user=user).count() == 1


def test_a_changed_password_leaves_one_login_this_one(browse, quick_hashes):
    user = make_user(password=PASSWORD)
    visitor, other = browse(user), browse(user)
    assert is_in(visitor)
    assert is_in(other)

    assert visitor.post("/password", current=PASSWORD, new="another good password").status_code == 302

    assert (is_in(visitor), is_in(other)) == (True, False)
    (login,) = TokenFamily.objects.filter(user=user, ended_at=None)
    assert login.session_key == stored_key(visitor.http.cookies["sessionid"])


def test_use_renews_a_session_once_an_hour(browse, user, clock):
    visitor = browse(user)
    is_in(visitor)
    key = stored_key(visitor.http.cookies["sessionid"])
    first = Session.objects.get(pk=key).expire_date

    clock.forward(minutes=30)
    with statements() as sent:
        assert is_in(visitor)
    assert not [text for text in sent.all if text.startswith("UPDATE")]

    clock.forward(minutes=31)
    answer = visitor.get("/")
    assert Session.objects.get(pk=key).expire_date == first + timedelta(minutes=61)
    assert "Max-Age=1209600" in answer.headers["set-cookie"]

    for _ in range(30):
        clock.forward(days=10)
        assert is_in(visitor), "it ends 14 days after its last use"
    clock.forward(days=14, seconds=1)
    assert not is_in(visitor)


class TestStaff:
    @pytest.fixture
    def staff(self, server, clock):
        return make_user(is_staff=True)

    def test_ends_after_half_an_hour_without_use(self, browse, staff, clock, events):
        visitor = browse(staff)
        assert is_in(visitor, "/admin/")
        for _ in range(3):
            clock.forward(minutes=29)
            assert is_in(visitor, "/admin/")

        clock.forward(minutes=30)
        assert not is_in(visitor, "/admin/")

        assert TokenFamily.objects.get(user=staff).ended_at == clock.now
        (line,) = events("logins_ended")
        assert (line["by"], line["user_id"]) == ("system", staff.pk)

    def test_ends_after_twelve_hours_of_use(self, browse, staff, clock):
        visitor = browse(staff)
        assert is_in(visitor, "/admin/")
        for _ in range(35):
            clock.forward(minutes=20)
            assert is_in(visitor, "/admin/")

        clock.forward(minutes=20)
        assert not is_in(visitor, "/admin/")
        assert not is_in(visitor, "/")

    def test_a_page_that_asks_for_news_by_itself_is_not_used(self, browse, staff, clock):
        visitor = browse(staff)
        assert is_in(visitor, "/admin/")
        for _ in range(3):
            clock.forward(minutes=9)
            live = visitor.get("/admin/perfmetrics/minutefigures/live/", **{"Sec-Fetch-Mode": "cors"})
            assert live.status_code == 200

        clock.forward(minutes=3)
        assert not is_in(visitor, "/admin/")

    def test_the_api_for_staffs_sessions_has_the_same_end(self, browse, staff, clock):
        visitor = browse(staff)
        assert is_in(visitor, "/admin/")
        assert visitor.get("/api/v1/admin/metrics").status_code == 200

        clock.forward(minutes=30)

        assert visitor.get("/api/v1/admin/metrics").status_code == 401

    def test_parents_have_no_such_end(self, browse, user, clock):
        visitor = browse(user)
        assert is_in(visitor)
        clock.forward(hours=13)
        assert is_in(visitor)
