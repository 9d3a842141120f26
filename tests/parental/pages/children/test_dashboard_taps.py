"""The dashboard's buttons: time given and taken back, playback stopped."""

import re
import uuid

import pytest
from django.utils import timezone

from parental.models import TimeGrant
from tests.families import make_family, make_player
from tests.parental.pages.visitors import text_after, text_of
from tests.races import in_parallel
from viewing.models import ViewingTimeBalance


@pytest.fixture
def family(server):
    return make_family()


@pytest.fixture
def child(family):
    return family.children[0]


@pytest.fixture
def visitor(browse, family):
    return browse(family.user)


def grant(visitor, child, minutes):
    return visitor.post(f"/children/{child.profile.id}/grant", minutes=minutes)


def take_back(visitor, child, grant_id):
    return visitor.post(f"/children/{child.profile.id}/grants/{grant_id}/take-back")


def stop(visitor, child, session_id):
    return visitor.post(f"/children/{child.profile.id}/stop", session_id=session_id)


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_one_tap_gives_time(visitor, family, child, minutes):
    answer = grant(visitor, child, minutes)

    assert answer.headers["location"] == f"/#child-{child.profile.id}"
    assert f"{minutes} more minutes today." in text_after(visitor, answer)
    row = TimeGrant.objects.get(profile=child.profile)
    assert (row.minutes, row.granted_by, row.is_remote) == (minutes, family.user, True)
    assert child.balance().granted_seconds == minutes * 60


def test_the_child_may_continue_immediately(visitor, child, http):
    child.use_up(7200)
    assert child.beat(http).json()["enforcement"] == "blocked"

    grant(visitor, child, 15)

    assert child.beat(http).json()["remaining_minutes"] == 14.5


def test_one_tap_lifts_the_limit_for_today(visitor, child):
    assert "No limit until the next reset." in text_after(visitor, grant(visitor, child, ""))
    assert child.balance().is_unlimited_override is True
    assert TimeGrant.objects.get(profile=child.profile).minutes is None


@pytest.mark.parametrize("minutes", ["0", "14", "121", "-15", "x", "15.5", "٣٠0", None])
def test_other_amounts_give_nothing(visitor, child, minutes):
    form = {} if minutes is None else {"minutes": minutes}

    answer = visitor.post(f"/children/{child.profile.id}/grant", **form)

    assert "Choose between 15 and 120 minutes" in text_after(visitor, answer)
    assert not TimeGrant.objects.filter(profile=child.profile).exists()


def test_a_grant_can_be_taken_back(visitor, child):
    grant(visitor, child, 30)
    row = TimeGrant.objects.get(profile=child.profile)
    assert "Take back : +30 min, today at" in text_of(visitor.get("/"))

    assert "Taken back" in text_after(visitor, take_back(visitor, child, row.id))

    assert child.balance().granted_seconds == 0
    assert "Take back" not in text_of(visitor.get("/"))


def test_taking_back_twice_says_so_and_takes_nothing(visitor, child):
    grant(visitor, child, 30)
    grant(visitor, child, 30)
    grant_id = TimeGrant.objects.filter(profile=child.profile).first().id
    take_back(visitor, child, grant_id)

    assert "has already been taken back" in text_after(visitor, take_back(visitor, child, grant_id))
    assert child.balance().granted_seconds == 1800


def test_grants_of_an_earlier_day_are_not_listed(visitor, child, clock):
    clock.set("2026-03-04T23:00:00+00:00")
    grant(visitor, child, 30)
    assert "Take back" in visitor.get("/").text

    clock.forward(hours=2)

    assert "Take back" not in visitor.get("/").text


def test_a_siblings_grant_is_not_found_under_this_child(visitor, family, child):
    sister = make_player(family.user)
    grant(visitor, sister, 30)
    grant_id = TimeGrant.objects.get(profile=sister.profile).id

    assert take_back(visitor, child, grant_id).status_code == 404
    assert take_back(visitor, child, uuid.uuid4()).status_code == 404
    assert sister.balance().granted_seconds == 1800


def test_stop_ends_what_plays_and_says_that_play_can_begin_again(visitor, child, http):
    session_id = child.watch(http, 2)

    text = text_after(visitor, stop(visitor, child, session_id))

    assert "Stopped." in text
    assert "can be started again" in text
    assert "Nothing is playing" in text
    beat = child.beat(http, session_id=session_id)
    assert (beat.status_code, beat.json()["reason"]) == (409, "session_ended")
    assert child.beat(http).status_code == 200


def test_a_late_tap_ends_nothing_newer(visitor, child, http):
    before = child.watch(http, 1)
    now_playing = child.watch(http, 1)

    stop(visitor, child, before)

    assert child.beat(http, session_id=now_playing).status_code == 200


@pytest.mark.parametrize("session_id", ["", "x", None])
def test_stop_without_a_session_says_that_nothing_plays(visitor, child, session_id):
    form = {} if session_id is None else {"session_id": session_id}

    answer = visitor.post(f"/children/{child.profile.id}/stop", **form)

    assert "Nothing was playing anymore" in text_after(visitor, answer)


def test_a_session_of_another_family_and_an_unknown_one_are_not_found(visitor, child, http):
    stranger = make_family().children[0]
    session_id = stranger.watch(http, 1)

    assert stop(visitor, child, session_id).status_code == 404
    assert stop(visitor, child, uuid.uuid4()).status_code == 404
    assert stranger.beat(http, session_id=session_id).status_code == 200


def test_an_adult_is_granted_nothing(browse, server):
    family = make_family(adult=True)

    assert grant(browse(family.user), family.adult, 15).status_code == 404
    assert not ViewingTimeBalance.objects.filter(profile=family.adult.profile, day=timezone.now().date()).exists()


def tap(visitor, child, minutes, form):
    return visitor.post(f"/children/{child.profile.id}/grant", minutes=minutes, grant_id=form)


def form_of(visitor, child):
    """The hidden value of the child's form, as the page shows it now."""
    card = visitor.get("/").text.partition(f'id="child-{child.profile.id}"')[2]
    return re.search(r'name="grant_id" value="([^"]+)"', card)[1]


def test_a_button_tapped_twice_grants_once(visitor, child):
    form = form_of(visitor, child)

    answers = [tap(visitor, child, 30, form) for _ in range(2)]

    assert child.balance().granted_seconds == 30 * 60
    page = text_after(visitor, answers[1])
    assert page.count("30 more minutes today.") == 1


def test_parallel_taps_grant_once(browse, family, child):
    form = form_of(browse(family.user), child)
    visitors = [browse(family.user) for _ in range(4)]

    answers = in_parallel(4, lambda n: tap(visitors[n], child, 30, form))

    assert [answer.status_code for answer in answers] == [302] * 4
    assert child.balance().granted_seconds == 30 * 60


def test_each_showing_of_the_form_grants(visitor, child):
    for _ in range(2):
        tap(visitor, child, 30, form_of(visitor, child))

    assert child.balance().granted_seconds == 60 * 60


def test_a_page_from_before_a_take_back_grants_nothing_and_says_so(visitor, child):
    form = form_of(visitor, child)
    tap(visitor, child, 30, form)
    take_back(visitor, child, form)

    page = text_after(visitor, tap(visitor, child, 30, form))

    assert "That page was out of date, so no time was added." in page
    assert child.balance().granted_seconds == 0


def test_a_value_that_is_none_grants_nothing(visitor, child):
    assert tap(visitor, child, 30, "x").status_code == 302
    assert not TimeGrant.objects.filter(profile=child.profile).exists()


def test_taking_back_twice_takes_back_once(visitor, child):
    child.use_up(0)
    grant(visitor, child, 60)
    grant(visitor, child, 30)
    newest = TimeGrant.objects.get(profile=child.profile, minutes=30)

    answers = [take_back(visitor, child, newest.id) for _ in range(2)]

    assert "already been taken back" in text_after(visitor, answers[1])
    assert child.balance().granted_seconds == 60 * 60


def test_what_was_said_stands_once_on_the_card_of_its_child(visitor, family, child):
    sister = make_player(family.user)
    grant(visitor, child, 15)

    page = visitor.get("/").text
    after = page.partition(f'id="child-{child.profile.id}"')[2]

    assert page.count("15 more minutes today.") == 1
    assert "15 more minutes today." in after.partition(f'id="child-{sister.profile.id}"')[0]
    assert "15 more minutes today." not in visitor.get("/").text
