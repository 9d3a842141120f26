"""What children ask for, on the parents' pages: answered with one tap, and listed."""

import uuid

import pytest

from parental.models import TimeGrant
from tests.families import make_player, make_user
from tests.parental.asked import make_asking_home
from tests.parental.pages.visitors import text_after, text_of


@pytest.fixture
def home(server):
    return make_asking_home()


@pytest.fixture
def asked(http, home):
    return home.ask(http, reason="<b>please</b>").json()["id"]


@pytest.fixture
def visitor(browse, home):
    return browse(home.parent.user)


def answer(visitor, request_id, **form):
    return visitor.post(f"/requests/{request_id}/answer", **form)


def test_an_open_request_is_first_on_the_childs_card(visitor, home, asked):
    page = visitor.get("/")

    assert "<title>(1) Today" in page.text
    assert "&lt;b&gt;please&lt;/b&gt;" in page.text
    text = text_of(page)
    assert "Mia asks for 30 minutes today at" in text
    assert "1 open requests" in text_of(visitor.get("/report"))


def test_without_one_the_dashboard_says_nothing_of_requests(visitor):
    page = visitor.get("/")

    assert "<title>Today" in page.text
    assert "asks for" not in text_of(page)


@pytest.mark.parametrize(
    ("say", "minutes", "sentence"),
    [
        ("asked", 30, "30 more minutes today."),
        ("15", 15, "15 more minutes today."),
        ("unlimited", None, "No limit until the next reset."),
    ],
)
def test_one_tap_says_yes(  # noqa: PLR0917 — one case
    visitor, home, asked, say, minutes, sentence
):
    given = answer(visitor, asked, say=say, note=" then\n dinner ")

    assert given.headers["location"] == f"/#child-{home.child.profile.id}"
    assert sentence in text_after(visitor, given)
    (row,) = home.rows()
    assert (row.state, row.granted_minutes, row.note, row.answered_via) == ("granted", minutes, "then dinner", "page")
    assert TimeGrant.objects.get(profile=home.child.profile).minutes == minutes


@pytest.mark.parametrize(("say", "muted"), [("no", False), ("mute", True)])
def test_one_tap_says_no(visitor, home, asked, say, muted):
    assert "You said no." in text_after(visitor, answer(visitor, asked, say=say))

    (row,) = home.rows()
    assert (row.state, row.muted_until is not None) == ("declined", muted)


@pytest.mark.parametrize("form", [{}, {"say": "14"}, {"say": "x"}, {"say": "no", "note": "x" * 141}])
def test_what_is_no_answer_changes_nothing(visitor, home, asked, form):
    assert "Choose an answer." in text_after(visitor, answer(visitor, asked, **form))
    assert home.rows()[0].state == "open"


def test_a_second_tap_changes_nothing(visitor, home, asked):
    answer(visitor, asked, say="asked")

    assert "This request has already been answered." in text_after(visitor, answer(visitor, asked, say="asked"))
    assert TimeGrant.objects.filter(profile=home.child.profile).count() == 1


def test_what_the_child_took_back_cannot_be_answered(visitor, home, asked, http):
    home.withdraw(http, asked)

    assert "This request was taken back." in text_after(visitor, answer(visitor, asked, say="asked"))


def test_a_locked_child_is_granted_and_unlocked_in_one_tap(visitor, home, asked, http):
    visitor.post(f"/children/{home.child.profile.id}/lock")
    assert "Yes, and allow watching again" in text_of(visitor.get("/"))
    answer(visitor, asked, say="unlock")

    assert home.balance(http)["remaining_minutes"] == 30
    assert home.rows()[0].state == "granted"


def test_a_stranger_finds_no_request(browse, home, asked):
    stranger = browse(make_user())

    assert [answer(stranger, which, say="asked").status_code for which in (asked, uuid.uuid4())] == [404, 404]
    assert home.rows()[0].state == "open"


def test_the_list(visitor, home, http):
    sibling = make_player(home.parent.user)
    answered = home.ask(http, reason="a good reason").json()["id"]
    home.answer(http, answered, "decline", note="because")

    text = text_of(visitor.get("/requests"))
    assert "Mia asked for 30 minutes" in text
    assert "“a good reason” Your note: “because” No" in text
    assert "a good reason" in text_of(visitor.get(f"/requests?child={home.child.profile.id}"))
    assert "Nobody has asked" in text_of(visitor.get(f"/requests?child={sibling.profile.id}"))
    assert "Nobody has asked" in text_of(visitor.get("/requests?page=2"))
    assert visitor.get(f"/requests?child={uuid.uuid4()}").status_code == 404
    assert visitor.get("/requests?child=x").status_code == 404
