"""The dashboard: what is left, what plays, and how often it asks the database."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from parental.children import limits, today
from tests.families import make_family, make_player, make_title, make_user
from tests.parental.pages.visitors import text_of
from tests.site import site
from tests.statements import statements
from viewing.models import Profile, ViewingSession, ViewingTimeBalance, ViewingTimeConfig


@pytest.fixture
def family(server):
    return make_family()


def use(child, **balance):
    ViewingTimeBalance.objects.create(profile=child.profile, day=timezone.now().date(), **balance)


def card_of(page, child):
    return re.search(rf'<article[^>]* id="child-{child.profile.id}".*?</article>', page.text, re.DOTALL)[0]


def ring_of(page, child):
    return re.search(r'<svg class="ring (ring--\w+)".*?</svg>', card_of(page, child), re.DOTALL)


def test_shows_what_is_left_of_the_day(browse, family, noon):
    use(family.children[0], used_seconds=35 * 60, educational_seconds=10 * 60, granted_seconds=15 * 60)

    text = text_of(browse(family.user).get("/"))

    assert "1 h 40 min left" in text
    assert "35 min of 2 h 15 min used" in text
    assert "10 min educational" in text


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize(
    ("left_seconds", "level", "text"),
    [
        (1800, "ring--good", "30 min left"),
        (1799, "ring--warn", "29 min left"),
        (900, "ring--warn", "15 min left"),
        (899, "ring--bad", "14 min left"),
        (30, "ring--bad", "under 1 min left"),
        (0, "ring--bad", "Time is up"),
    ],
)
def test_the_ring_is_amber_under_30_minutes_and_red_under_15(browse, family, left_seconds, level, text):
    use(family.children[0], used_seconds=120 * 60 - left_seconds)

    page = browse(family.user).get("/")

    assert ring_of(page, family.children[0])[1] == level
    assert text in text_of(page)


def test_the_ring_is_as_full_as_the_allowance(browse, family, noon):
    use(family.children[0], used_seconds=90 * 60)

    page = browse(family.user).get("/")

    assert 'stroke-dasharray="25.0 100"' in ring_of(page, family.children[0])[0]


def test_says_where_nothing_limits(browse, noon, server):
    user = make_user()
    free, lifted = make_player(user, weekday_limit_minutes=None), make_player(user)
    use(lifted, is_unlimited_override=True, used_seconds=300 * 60)

    page = browse(user).get("/")

    assert "No limit today" in card_of(page, free)
    assert "Unlimited today" in card_of(page, lifted)
    assert "5 h used" in card_of(page, lifted)


@pytest.mark.usefixtures("noon", "server")
@pytest.mark.parametrize(
    ("zone", "reset_hour", "text"),
    [
        ("Europe/Berlin", 18, "today at 18:00"),
        ("Europe/Berlin", 6, "tomorrow at 06:00"),
        ("Asia/Tokyo", 0, "tomorrow at 00:00"),
    ],
)
def test_the_next_reset_is_shown_in_the_childs_timezone(browse, zone, reset_hour, text):
    child = make_family(timezone=zone, reset_hour=reset_hour).children[0]

    assert f"Resets {text}" in text_of(browse(child.profile.user).get("/"))


def test_timezones_are_named_where_they_differ(browse, server, noon):
    user = make_user()
    make_player(user, timezone="Asia/Tokyo")
    assert "Asia/Tokyo" not in text_of(browse(user).get("/"))
    make_player(user, timezone="Europe/Berlin")

    text = text_of(browse(user).get("/"))

    assert "Resets tomorrow at 00:00 (Asia/Tokyo)" in text
    assert "Resets tomorrow at 00:00 (Europe/Berlin)" in text


def test_a_balance_of_yesterday_is_not_todays(browse, family, noon):
    yesterday = timezone.now().date() - timedelta(days=1)
    ViewingTimeBalance.objects.create(profile=family.children[0].profile, day=yesterday, used_seconds=7200)

    assert "2 h left" in text_of(browse(family.user).get("/"))


def test_each_child_has_its_own_day(browse, server, clock):
    """An earlier day of one child is still running for the other: neither its balance nor its grants are mixed in."""
    clock.set("2026-03-04T20:00:00+00:00")
    user = make_user()
    midnight, noon = make_player(user, reset_hour=0), make_player(user, reset_hour=12)
    visitor = browse(user)
    for child in (midnight, noon):
        visitor.post(f"/children/{child.profile.id}/grant", minutes="30")

    clock.set("2026-03-05T06:00:00+00:00")
    page = visitor.get("/")

    assert "of 2 h used" in text_of(page).partition("of 2 h 30 min used")[0]
    assert "Take back" not in card_of(page, midnight)
    assert "Take back" in card_of(page, noon)


def test_an_adult_has_no_limit_whatever_its_settings_say(committed):
    adult = make_player(make_user(), is_kids=False, weekday_limit_minutes=15, weekend_limit_minutes=15)

    (day,) = today.for_family(adult.profile.user_id, now=timezone.now())

    assert (day.limit_minutes, day.remaining_seconds) == (None, None)


def test_shows_what_plays_on_which_device(browse, family, http):
    child = family.children[0]
    child.title = make_title("Count with Cato", is_educational=True)
    child.watch(http, 2, device_id="the-old-tablet", device_type="tablet")

    card = card_of(browse(family.user).get("/"), child)

    assert "Playing" in card
    assert "Count with Cato" in card
    assert "<bdi>tablet · the-old-tablet</bdi> · educational" in card


def test_a_pause_is_no_playing(browse, family, http):
    session_id = family.children[0].watch(http, 1)
    family.children[0].beat(http, session_id=session_id, is_paused=True)

    card = card_of(browse(family.user).get("/"), family.children[0])

    assert "Paused" in card
    assert "Playing" not in card


def test_a_player_that_fell_silent_plays_no_more(browse, family, http):
    family.children[0].watch(http, 1)
    long_ago = timezone.now() - timedelta(seconds=91)
    ViewingSession.objects.filter(profile=family.children[0].profile).update(last_heartbeat_at=long_ago)

    assert "Nothing is playing" in card_of(browse(family.user).get("/"), family.children[0])


def test_adults_are_shown_apart_and_have_no_limits(browse, http):
    family = make_family(adult=True)
    family.adult.watch(http, 1)

    page = browse(family.user).get("/")

    assert f'id="child-{family.adult.profile.id}"' not in page.text
    assert "Robin watching The Sandpit (TV)" in text_of(page)


def test_without_children_it_says_how_to_begin(browse, server):
    page = browse(make_user()).get("/")

    assert "No children yet" in text_of(page)
    assert 'href="/children/add"' in page.text


def test_a_child_without_settings_has_the_defaults(browse, server, noon):
    profile = Profile.objects.create(user=make_user(), name="Mia", is_kids=True)

    assert "2 h left" in text_of(browse(profile.user).get("/"))
    assert not ViewingTimeConfig.objects.filter(profile=profile).exists()


def test_names_are_text_and_not_markup(browse, family):
    Profile.objects.filter(pk=family.children[0].profile.pk).update(name="<b>Mia</b> & co")

    assert "&lt;b&gt;Mia&lt;/b&gt; &amp; co" in card_of(browse(family.user).get("/"), family.children[0])


def test_defaults_are_to_be_reviewed_until_someone_did(browse, family):
    visitor, child = browse(family.user), family.children[0]
    assert "Are these limits right? 2 h every day" in text_of(visitor.get("/"))

    limits.confirm(child.profile.id, user_id=family.user.id, now=timezone.now())

    assert "Are these limits right?" not in text_of(visitor.get("/"))


def test_other_families_are_not_seen(browse, family):
    stranger = make_family().children[0]

    assert str(stranger.profile.id) not in browse(family.user).get("/").text


def test_a_notice_of_staff_is_shown_on_every_page(browse, family):
    with site(notice="Closed on <Sunday>"):
        assert "Closed on <Sunday>" in text_of(browse(family.user).get("/"))
        assert "Closed on <Sunday>" in text_of(browse().get("/login"))
    assert "Sunday" not in browse(family.user).get("/").text


@pytest.mark.parametrize("children", [1, 10])
def test_what_it_costs_does_not_depend_on_the_children(browse, server, http, children):
    family = make_family(children=children, adult=True)
    visitor = browse(family.user)
    for child in family.children:
        child.watch(http, 1)
        visitor.post(f"/children/{child.profile.id}/grant", minutes="15")
    visitor.get("/")  # the messages are gone, and the notice is cached

    with statements() as sent:
        page = visitor.get("/")

    assert page.text.count("Take back") == children
    assert page.text.count("Stop now") == children
    # 1. the session  2. the account  3. profiles with settings and reviews  4. balances  5. what plays  6. grants
    # 7. what was watched last  8. is there a PIN, and a device  9. does the address take emails
    # 10. the open requests
    assert len(sent) == 10, sent.all
