"""The devices of a child: paired, seen, disconnected."""

import re
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from tests.families import make_player
from tests.parental.homes import PIN, make_home
from tests.parental.pages.visitors import text_after, text_of
from tests.statements import statements
from viewing.models import PlayerToken

pytestmark = pytest.mark.usefixtures("quick_hashes", "no_waiting")


@pytest.fixture
def home(server):
    return make_home()


@pytest.fixture
def visitor(browse, home):
    return browse(home.parent.user)


def url(home):
    return f"/children/{home.child.profile.id}/devices"


def pair(visitor, home, name="Kitchen tablet", **form):
    return visitor.post(url(home), device_name=name, **form)


def link_in(page):
    return unescape(re.search(r'id="pairing-link" value="([^"]+)"', page.text)[1])


def token_of(link):
    return re.search(r"&token=(sgp_[\w-]+)&", link)[1]


def devices_of(home):
    return PlayerToken.objects.filter(profile=home.child.profile, revoked_at=None)


def test_pairs_a_device_by_a_link_that_holds_child_and_token(visitor, home, http, server):
    page = pair(visitor, home)

    link = link_in(page)
    assert link.startswith(f"{server}/player/#profile={home.child.profile.id}&token=sgp_")
    home.child.token = token_of(link)
    assert home.child.beat(http).status_code == 200
    assert devices_of(home).filter(device_name="Kitchen tablet").count() == 1


def test_a_form_sent_twice_pairs_one_device_and_its_last_link_works(visitor, home, http):
    form = re.search(r'name="token_id" value="([^"]+)"', visitor.get(url(home)).text)[1]

    first, second = (token_of(link_in(pair(visitor, home, token_id=form))) for _ in range(2))

    assert devices_of(home).filter(device_name="Kitchen tablet").count() == 1
    home.child.token = first
    assert home.child.beat(http).status_code == 401
    home.child.token = second
    assert home.child.beat(http).status_code == 200


def test_a_form_sent_again_later_pairs_another_device(visitor, home, http, clock):
    form = str(uuid.uuid4())
    home.child.token = token_of(link_in(pair(visitor, home, token_id=form)))
    clock.forward(seconds=11)

    pair(visitor, home, token_id=form)

    assert devices_of(home).filter(device_name="Kitchen tablet").count() == 2
    assert home.child.beat(http).status_code == 200


def test_the_id_of_another_familys_device_changes_nothing_there(visitor, home, http):
    other = make_home()

    pair(visitor, home, token_id=other.child.token_id)

    assert devices_of(home).filter(device_name="Kitchen tablet").count() == 1
    assert other.child.beat(http).status_code == 200


def test_disconnecting_twice_is_the_same(visitor, home, http):
    path = f"{url(home)}/{home.child.token_id}/revoke"

    assert [visitor.post(path).status_code for _ in range(2)] == [302, 302]
    assert home.child.beat(http).status_code == 401


def test_the_link_is_shown_once_and_kept_nowhere(visitor, home):
    page = pair(visitor, home)
    token = token_of(link_in(page))

    assert "no-store" in page.headers["cache-control"]
    assert token not in visitor.get(url(home)).text
    row = devices_of(home).get(device_name="Kitchen tablet")
    assert token.encode() not in bytes(row.token_hash)


def test_lists_devices_with_when_they_were_seen(visitor, home, http, clock):
    clock.set("2026-03-04T12:00:00+00:00")
    PlayerToken.objects.filter(pk=home.child.token_id).update(
        created_at=clock.now - timedelta(days=1), last_used_at=clock.now - timedelta(hours=3)
    )
    pair(visitor, home)

    text = text_of(visitor.get(url(home)))

    assert "Living room Last seen today at 09:00 · connected yesterday at 12:00" in text
    assert "Kitchen tablet Not used yet · connected today at 12:00" in text


def test_revoked_and_expired_ones_are_not_listed(visitor, home):
    for name, changes in (("Sold", {"revoked_at": timezone.now()}), ("Lost", {"expires_at": timezone.now()})):
        pair(visitor, home, name)
        devices_of(home).filter(device_name=name).update(**changes)

    text = text_of(visitor.get(url(home)))

    assert "Living room" in text
    assert "Sold" not in text
    assert "Lost" not in text


def test_disconnecting_stops_the_device_immediately(visitor, home, http):
    assert home.child.beat(http).status_code == 200

    answer = visitor.post(f"{url(home)}/{home.child.token_id}/revoke")

    assert "Device disconnected" in text_after(visitor, answer)
    assert home.child.beat(http).status_code == 401
    assert "can't watch on any device yet" in text_of(visitor.get(url(home)))


def test_another_familys_device_and_an_unknown_one_are_not_found(visitor, home, http):
    stranger = make_home()

    for token_id in (stranger.child.token_id, home.child.profile.id):
        assert visitor.post(f"{url(home)}/{token_id}/revoke").status_code == 404
    assert stranger.child.beat(http).status_code == 200


def test_without_a_forms_token_nothing_is_disconnected(visitor, home):
    assert visitor.post_without_csrf(f"{url(home)}/{home.child.token_id}/revoke").status_code == 403
    assert devices_of(home).count() == 1


def test_once_there_is_a_pin_pairing_needs_it(visitor, home):
    home.set_pin()

    missing, wrong = pair(visitor, home), pair(visitor, home, pin="9999")

    assert 'id="id_pin_error"' in missing.text
    assert "Incorrect PIN" in text_of(wrong)
    assert 'value="Kitchen tablet"' in wrong.text
    assert devices_of(home).count() == 1
    assert link_in(pair(visitor, home, pin=PIN))


def test_the_pin_is_asked_for_once_in_five_minutes(visitor, home):
    home.set_pin()
    pair(visitor, home, pin=PIN)

    assert 'name="pin"' not in visitor.get(url(home)).text
    assert link_in(pair(visitor, home, "Second"))


def test_five_wrong_pins_lock_it_and_say_until_when(visitor, home):
    home.set_pin()
    for _ in range(5):
        pair(visitor, home, pin="9999")

    answer = pair(visitor, home, pin=PIN)

    assert re.search(r"locked until (today|tomorrow) at \d\d:\d\d", text_of(answer))
    assert devices_of(home).count() == 1


@pytest.mark.parametrize("name", ["", "  ", "n" * 101, "a\0b"])
def test_a_name_that_will_not_do_is_named_and_pairs_nothing(visitor, home, name):
    assert 'id="id_device_name_error"' in pair(visitor, home, name).text
    assert devices_of(home).count() == 1


def test_an_adult_may_have_devices_too(visitor, home):
    adult = make_player(home.parent.user, is_kids=False)

    page = visitor.get(f"/children/{adult.profile.id}/devices")

    assert "Living room" in text_of(page)
    assert f"/children/{adult.profile.id}/limits" not in page.text


@pytest.mark.parametrize("devices", [1, 10])
def test_what_it_costs_does_not_depend_on_the_devices(visitor, home, devices):
    for n in range(devices - 1):
        pair(visitor, home, f"Device {n}")
    visitor.get(url(home))

    with statements() as sent:
        page = visitor.get(url(home))

    assert page.text.count("/revoke") == devices
    # 1. the session  2. the account  3. is there a PIN  4. the child with its settings  5. the devices
    # 6. which of them have not connected yet  7. how many children ask for time
    assert len(sent) == 7, sent.all
