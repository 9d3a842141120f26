"""What the dashboard says of a child: what waits, what was watched, sums that add up, and what there is still to do."""

import re

import pytest
from django.utils import timezone

from parental.models import Pin, TimeGrant
from parental.pages.children.first_steps import first_steps
from tests.families import make_family, make_player, make_title, make_user
from tests.parental.pages.visitors import text_after, text_of
from viewing.models import PlayerToken


@pytest.fixture
def family(server, noon):
    return make_family()


@pytest.fixture
def child(family):
    return family.children[0]


@pytest.fixture
def visitor(browse, family):
    return browse(family.user)


def badge_of(page):
    return re.search(r'<span class="badge [^"]*">([^<]*)</span>', page.text)[1]


def test_a_title_that_met_the_limit_waits_and_does_not_play(visitor, child, http):
    child.watch(http, 1)
    assert badge_of(visitor.get("/")) == "Playing"

    child.use_up(120 * 60)

    page = visitor.get("/")
    assert badge_of(page) == "Waiting"
    assert "Time is up" in text_of(page)


def test_an_educational_title_that_uses_no_time_plays_on(visitor, child, http):
    child.title = make_title("Count with Cato", is_educational=True)
    child.watch(http, 1)
    child.use_up(120 * 60)

    assert badge_of(visitor.get("/")) == "Playing"


def test_a_title_waits_while_a_parent_has_stopped_the_child(visitor, child, http):
    child.watch(http, 1)
    visitor.post(f"/children/{child.profile.id}/lock", until="hour")

    assert badge_of(visitor.get("/")) == "Waiting"


@pytest.mark.parametrize(("used_seconds", "used"), [(26 * 60 + 30, "27 min"), (26 * 60, "26 min"), (90, "2 min")])
def test_what_is_used_and_what_is_left_add_up(visitor, child, used_seconds, used):
    child.use_up(used_seconds)

    text = text_of(visitor.get("/"))

    left = re.search(r"(?:(\d) h )?(\d+) min left", text)
    assert f"{used} of 2 h used" in text
    assert 60 * int(left[1] or 0) + int(left[2]) + int(used.split()[0]) == 120


def test_a_device_has_the_name_that_a_parent_gave_it(visitor, child, http):
    child.watch(http, 1, device_id=str(child.token_id))

    text = text_of(visitor.get("/"))

    assert "Living room" in text
    assert str(child.token_id)[:8] not in text


def test_another_familys_device_has_no_name_here(visitor, child, http):
    stranger = make_family().children[0]
    PlayerToken.objects.filter(pk=stranger.token_id).update(device_name="Secret place")
    child.watch(http, 1, device_id=str(stranger.token_id))

    assert "Secret place" not in text_of(visitor.get("/"))


def test_the_last_three_titles_of_today_are_on_the_card(visitor, child, http, noon):
    for name in ("Ants", "Bees", "Cats", "Dogs"):
        noon.forward(minutes=5)
        child.title = make_title(name)
        child.watch(http, 3)

    text = text_of(visitor.get("/"))

    assert "12:20 Dogs TV 1 min 12:15 Cats TV 1 min 12:10 Bees TV 1 min" in text
    assert "Ants" not in text


def test_a_child_without_a_limit_is_offered_no_time(browse, server, noon):
    child = make_player(make_user(), weekday_limit_minutes=None, weekend_limit_minutes=None)
    visitor = browse(child.profile.user)
    assert "Give more time today" not in text_of(visitor.get("/"))

    answer = visitor.post(f"/children/{child.profile.id}/grant", minutes="15")

    assert "There is no limit today, so nothing was added." in text_after(visitor, answer)
    assert not TimeGrant.objects.filter(profile=child.profile).exists()
    assert child.has_written_nothing()


def test_four_children_get_small_cards_and_names_that_lead_to_them(browse, server, noon):
    three, four = make_family(children=3), make_family(children=4)

    assert "children--many" not in browse(three.user).get("/").text
    page = browse(four.user).get("/").text
    assert "children--many" in page
    for child in four.children:
        assert page.count(f'href="#child-{child.profile.id}"') == 1


def test_the_first_steps_stay_until_all_are_done(browse, server, noon):
    user = make_user()
    visitor = browse(user)
    assert "First steps" not in text_of(visitor.get("/"))
    child = make_player(user)
    PlayerToken.objects.filter(pk=child.token_id).update(revoked_at=timezone.now())
    text = text_of(visitor.get("/"))
    assert "○ Check the time per day ○ Set a PIN ○ Connect a TV or tablet" in text

    visitor.post(f"/children/{child.profile.id}/limits/confirm")
    Pin.objects.create(user=user, pin_hash="!")
    assert "✓ Check the time per day (done) ✓ Set a PIN (done) ○ Connect" in text_of(visitor.get("/"))
    PlayerToken.objects.filter(pk=child.token_id).update(revoked_at=None)

    assert "First steps" not in text_of(visitor.get("/"))


def test_adults_have_no_first_steps(server, noon):
    assert first_steps(make_user().pk, [], now=timezone.now()) == []


def test_a_tap_after_the_login_ended_leads_back_to_the_card(browse, child):
    card = f"/#child-{child.profile.id}"
    out = browse()

    answer = out.post(f"/children/{child.profile.id}/grant", minutes="15")

    assert answer.status_code == 302
    assert answer.headers["location"] == f"/login?next={card.replace('#', '%23')}"
    assert "You were logged out, so nothing was changed." in text_of(out.get(answer.headers["location"]))
    assert not TimeGrant.objects.filter(profile=child.profile).exists()


def test_the_address_of_a_button_is_a_page_that_says_so(visitor, child):
    for path in ("grant", "stop", "limits/confirm", "lock"):
        answer = visitor.get(f"/children/{child.profile.id}/{path}")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert "Nothing was changed." in text_of(answer)
    assert visitor.get("/logout").status_code == 405
    assert "Nothing was changed." in text_of(visitor.get("/logout"))


def test_a_refused_form_says_at_its_top_what_is_wrong_and_leads_there(browse, family, child, visitor):
    Pin.objects.create(user=family.user, pin_hash="!")

    answer = visitor.post(
        f"/children/{child.profile.id}/limits",
        weekday_limit_minutes="60",
        weekend_limit_minutes="60",
        reset_hour="5",
        timezone="UTC",
    )

    form = answer.text.partition('<form class="card"')[2]
    summary = form.partition("<fieldset")[0]
    assert 'role="alert"' in summary
    assert '<a href="#id_pin">' in summary
    assert re.findall(r'<(?:input|select)[^>]* name="(\w+)"[^>]* autofocus', form) == ["pin"]
