"""The parents' page /connect, and the QR code that leads to it."""

import io
import re

import pytest
import segno

from parental.pairing import screens
from tests.families import make_player, make_user
from tests.parental.homes import PIN, make_home
from tests.parental.pages.visitors import text_after, text_of
from tests.parental.pairing.screen import show_code


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(screens._pairings._fetcher, "_pause_seconds", 0)


@pytest.fixture
def home(server, quick_hashes, no_waiting):
    return make_home()


@pytest.fixture
def visitor(browse, home):
    return browse(home.parent.user)


def connect(visitor, screen, *profiles, **form):
    ids = [str(profile.pk) for profile in profiles]
    return visitor.post("/connect", code=screen.user_code, profiles=ids, **{"device_name": "Living room TV", **form})


def test_opening_the_link_approves_nothing(visitor, browse, http):
    screen = show_code(http)
    link = f"/connect?code={screen.user_code}"

    out = browse().get(link)
    assert out.status_code == 302
    assert out.headers["location"] == f"/login?next=/connect%3Fcode%3D{screen.user_code}"
    for _ in range(3):
        page = visitor.get(link)
        assert page.status_code == 200

    assert screen.user_code in page.text
    assert "Only continue if this code is on the screen in front of you" in text_of(page)
    assert screen.row.state == "pending"


def test_the_form_connects_the_screen_to_the_children_that_are_chosen(visitor, home, http):
    sister = make_player(home.parent.user)
    screen = show_code(http)

    answer = connect(visitor, screen, home.child.profile, sister.profile)

    assert "Living room TV can now play as Mia and Mia." in text_after(visitor, answer)
    assert len(screen.players(http)) == 2


def test_an_only_child_is_chosen_already(visitor, http):
    page = visitor.get(f"/connect?code={show_code(http).user_code}")

    assert re.search(r'type="checkbox"[^>]*checked', page.text)


def test_with_a_pin_the_page_asks_for_it(visitor, home, http):
    home.set_pin()
    screen = show_code(http)
    assert 'name="pin"' in visitor.get(f"/connect?code={screen.user_code}").text

    assert connect(visitor, screen, home.child.profile).status_code == 200
    assert "Incorrect PIN." in text_of(connect(visitor, screen, home.child.profile, pin="0000"))
    assert screen.row.state == "pending"

    assert connect(visitor, screen, home.child.profile, pin=PIN).status_code == 302
    assert screen.row.state == "approved"


def test_somebody_elses_child_is_no_choice(visitor, http):
    screen, stranger = show_code(http), make_player(make_user())

    assert connect(visitor, screen, stranger.profile).status_code == 200
    assert connect(visitor, screen).status_code == 200
    assert screen.row.state == "pending"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("BBBBBBBB", "No screen shows this code."),
        ("hello", "A code has eight letters, like BCDF-GHJK."),
        ("BCDF-GHJ0", "A code has eight letters"),
    ],
)
def test_what_is_wrong_with_a_code_is_said_at_its_field(visitor, code, sentence):
    page = visitor.get(f"/connect?code={code}")

    assert page.status_code == 200
    assert sentence in text_of(page)


def test_a_used_code_is_said_to_be_used(visitor, home, http):
    screen = show_code(http)
    connect(visitor, screen, home.child.profile)

    assert "has already been used" in text_of(visitor.get(f"/connect?code={screen.user_code}"))


def test_a_parent_says_no(visitor, http):
    screen = show_code(http)

    answer = visitor.post("/connect", code=screen.user_code, deny="on")

    assert "That screen was not connected." in text_after(visitor, answer)
    assert screen.error(http) == "access_denied"


def test_a_screen_that_has_not_asked_yet_is_shown_as_not_connected(visitor, home, http, clock):
    screen = show_code(http)
    connect(visitor, screen, home.child.profile, device_name="Kitchen")
    path = f"/children/{home.child.profile.pk}/devices"
    assert "Kitchen Not connected yet" in text_of(visitor.get(path))

    clock.forward(minutes=10, seconds=1)

    assert "Kitchen" not in text_of(visitor.get(path))


def test_the_qr_code_holds_the_address(http, server):
    screen = show_code(http)

    answer = http.get(f"/player/qr?code={screen.user_code}")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert "style" not in answer.text
    assert "script" not in answer.text
    assert answer.headers["content-security-policy"].count("default-src 'self'")
    expected = io.BytesIO()
    code = segno.make(screen.answer["verification_uri_complete"], error="m", micro=False)
    code.save(expected, kind="svg", border=4, omitsize=True, xmldecl=False, light="#ffffff", nl=False)
    drawn = re.compile(r'\bd="([^"]+)"')
    assert drawn.findall(answer.text) == drawn.findall(expected.getvalue().decode())


@pytest.mark.parametrize("code", ["https://evil", "BBBB-BBBB", "", "BCDF-GHJ0", "%00"])
def test_there_is_no_qr_code_of_anything_else(http, code):
    assert http.get(f"/player/qr?code={code}").status_code == 404
