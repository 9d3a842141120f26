"""The PIN: set, changed, reset by the password, locked, and unlocked on the children's devices."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from parental.models import Pin, PinGuard
from parental.pins import guards
from tests.families import make_user
from tests.parental.cast import PASSWORD, log_in
from tests.parental.homes import PIN, Home, make_home
from tests.parental.pages.visitors import text_after, text_of

pytestmark = pytest.mark.usefixtures("quick_hashes", "no_waiting")

NEW = "4711"
LOCKED = re.compile(r"locked until (today|tomorrow) at \d\d:\d\d; you can reset it now with your password")


@pytest.fixture
def home(server):
    home = make_home()
    user = home.parent.user
    user.set_password(PASSWORD)
    user.save()
    home = Home(child=home.child, parent=log_in(user))
    home.set_pin()
    return home


@pytest.fixture
def visitor(browse, home):
    return browse(home.parent.user)


def change(visitor, current=PIN, new=NEW, again=None):
    return visitor.post("/pin", current_pin=current, new_pin=new, again=new if again is None else again)


def reset(visitor, password=PASSWORD, new=NEW):
    form = {"reset-password": password, "reset-new_pin": new, "reset-again": new}
    return visitor.post("/pin/reset", **form)


def unlock(visitor, pin=PIN):
    return visitor.post("/pin/unlock", **{"unlock-pin": pin})


def works(http, home, pin):
    url = "/api/v1/parental-controls/pin/verify"
    return http.post(url, json={"pin": pin}, headers=home.parent.headers).status_code == 200


def test_the_first_pin_is_set_without_another(browse, http, server):
    user = make_user()
    visitor = browse(user)
    assert "Set a PIN" in text_of(visitor.get("/pin"))
    assert "current_pin" not in visitor.get("/pin").text

    answer = visitor.post("/pin", new_pin=NEW, again=NEW)

    assert "Your PIN is set" in text_after(visitor, answer)
    assert Pin.objects.filter(user=user).exists()
    assert "Change PIN" in text_of(visitor.get("/pin"))


def test_the_dashboard_asks_for_one_until_it_is_set(browse, http, server):
    home = make_home()
    visitor = browse(home.parent.user)
    link = f'<a href="{reverse("pin")}">Set a PIN</a>'
    assert link in visitor.get("/").text

    visitor.post("/pin", new_pin=NEW, again=NEW)

    assert link not in visitor.get("/").text


def test_changes_by_the_current_one(visitor, home, http):
    assert "Your PIN is set" in text_after(visitor, change(visitor))

    assert works(http, home, NEW)
    assert not works(http, home, PIN)


def test_a_wrong_current_one_changes_nothing(visitor, home, http):
    answer = change(visitor, current="9999")

    assert "Incorrect PIN" in text_of(answer)
    assert "9999" not in answer.text
    assert works(http, home, PIN)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"new": "123"}, "new_pin"),
        ({"new": "1111", "again": "1111"}, "new_pin"),
        ({"new": "12345"}, "new_pin"),
        ({"new": "abcd"}, "new_pin"),
        ({"new": "٣٣٣٣"}, "new_pin"),
        ({"new": "12\n4"}, "new_pin"),
        ({"new": ""}, "new_pin"),
        ({"again": "1111"}, "again"),
        ({"current": ""}, "current_pin"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(visitor, home, http, form, field):
    answer = change(visitor, **form)

    assert f'id="id_{field}_error"' in answer.text
    assert works(http, home, PIN)


def test_five_wrong_ones_lock_it_and_the_page_says_until_when(visitor, home, http):
    for _ in range(4):
        assert "Incorrect PIN" in text_of(change(visitor, current="9999"))

    assert LOCKED.search(text_of(change(visitor, current="9999")))
    assert LOCKED.search(text_of(change(visitor)))
    page = visitor.get("/pin")
    assert LOCKED.search(text_of(page))
    assert 'name="new_pin"' not in page.text
    assert not works(http, home, PIN)


def test_times_are_shown_in_the_childrens_timezone(browse, server, clock):
    clock.set("2026-03-04T12:00:00+00:00")
    home = make_home(timezone="Asia/Tokyo")
    home.set_pin()
    visitor = browse(home.parent.user)
    for _ in range(5):
        change(visitor, current="9999")

    assert "locked until today at 21:30;" in text_of(visitor.get("/pin"))


def test_a_lockout_that_does_not_end_says_what_helps(visitor, home):
    PinGuard.objects.create(user=home.parent.user, reserved=5, locked_until=guards.FOR_GOOD)

    assert "locked until you reset it with your password" in text_of(visitor.get("/pin"))


def test_the_password_resets_it_and_ends_the_lockout(visitor, home, http):
    for _ in range(5):
        change(visitor, current="9999")

    assert "all lockouts have been lifted" in text_after(visitor, reset(visitor))

    assert works(http, home, NEW)


def test_a_wrong_password_resets_nothing(visitor, home, http):
    answer = reset(visitor, password="wrong")

    assert "Incorrect password" in text_of(answer)
    assert re.search(r"<details[^>]* open", answer.text)
    assert works(http, home, PIN)


def test_wrong_passwords_count_as_tries_to_log_in(visitor, home):
    for _ in range(10):
        reset(visitor, password="wrong")

    answer = reset(visitor)

    assert (answer.status_code, "retry-after" in answer.headers) == (429, True)


def lock_device(home, until):
    PinGuard.objects.create(user=home.parent.user, player_token_id=home.child.token_id, reserved=5, locked_until=until)


@pytest.mark.parametrize(
    ("until", "said"),
    [
        (timezone.now() + timedelta(minutes=20), r"Living room \(Mia\): locked until (today|tomorrow) at \d\d:\d\d"),
        (guards.FOR_GOOD, r"Living room \(Mia\): locked until you unlock it"),
    ],
    ids=["half an hour", "for good"],
)
def test_devices_on_which_it_is_locked_are_named_and_the_pin_unlocks_them(visitor, home, http, until, said):
    lock_device(home, until)
    assert re.search(said, text_of(visitor.get("/pin")))
    assert home.grant_on_the_device(http, 15, pin=PIN).status_code == 403

    assert "works again on all devices" in text_after(visitor, unlock(visitor))

    assert home.grant_on_the_device(http, 15, pin=PIN).status_code == 200
    assert "Locked on these devices" not in text_of(visitor.get("/pin"))


def test_a_wrong_pin_unlocks_no_device(visitor, home, http):
    lock_device(home, guards.FOR_GOOD)

    assert "Incorrect PIN" in text_of(unlock(visitor, "9999"))
    assert home.grant_on_the_device(http, 15, pin=PIN).status_code == 403


def test_locked_devices_of_other_families_are_not_seen(browse, home):
    lock_device(home, guards.FOR_GOOD)

    assert "Locked on these devices" not in text_of(browse(make_user()).get("/pin"))


@pytest.mark.parametrize("path", ["/pin", "/pin/reset", "/pin/unlock"])
def test_without_a_forms_token_nothing_happens(visitor, home, http, path):
    form = {"current_pin": PIN, "new_pin": NEW, "again": NEW, "unlock-pin": PIN}
    form |= {"reset-password": PASSWORD, "reset-new_pin": NEW, "reset-again": NEW}

    assert visitor.post_without_csrf(path, **form).status_code == 403
    assert works(http, home, PIN)
