"""The player page of a child who has a week plan: why nothing plays, what fits, and how a film ends."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from parental.plans import plans, storage
from parental.plans.schemas import PlanIn
from tests.browser.reach import obstacles
from tests.browser.screen import ELIGIBLE, HEARTBEAT
from tests.families import make_title
from viewing.hotpath import invalidation
from viewing.models import ViewingTimeConfig

EVERY_DAY = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def plan(child, **changes):
    user_id = child.profile.user_id
    plans.change(child.profile.id, PlanIn.model_validate(changes), user_id=user_id, now=timezone.now())


def closed_now(kind, **fields):
    """A quiet time from an hour ago until in two hours; all times in UTC, as the child's."""
    hours = [(timezone.now() + timedelta(hours=shift)).strftime("%H:00") for shift in (-1, 3)]
    return {"kind": kind, "weekdays": EVERY_DAY, "from": hours[0], "to": hours[1], **fields}


def lock(child, *, since):
    config = ViewingTimeConfig.objects.get(pk=child.profile.id)
    storage.write(
        config, {"locked_at": since, "locked_until": None, "lock_note": "Dinner's ready!"}, now=timezone.now()
    )


@pytest.mark.parametrize(
    ("kind", "heading", "sentence"),
    [("bedtime", "Good night!", "Bedtime until"), ("school", "It's time for school", "School until")],
)
def test_it_says_why_nothing_plays(screen, child, kind, heading, sentence):
    plan(child, quiet=[closed_now(kind)])
    screen.page.goto(f"/player/#profile={child.profile.id}&token={child.token}")
    screen.sees("locked")
    screen.reads(heading)
    screen.reads(sentence)
    assert obstacles(screen.page) == []


def test_during_school_only_learning_may_be_picked(screen, child, films):
    plan(child, quiet=[closed_now("school", allow_educational=True)])
    screen.pair(child)
    card = screen.page.get_by_role("button", name=re.compile(films.plain.name))
    expect(card).to_have_attribute("aria-disabled", "true")
    screen.reads("Not right now")
    assert obstacles(screen.page) == []
    card.dispatch_event("click")
    screen.page.get_by_role("button", name=re.compile(films.learning.name)).click()
    screen.film_runs()


def test_it_stops_by_itself_when_a_parents_stop_begins(screen, child):
    lock(child, since=timezone.now() + timedelta(seconds=25))
    screen.pair(child)
    screen.pick(child)
    screen.film_runs()
    sent = screen.events("request")
    # The service's clock goes more slowly than the page's here.
    lock(child, since=timezone.now())
    with screen.page.expect_response(ELIGIBLE):
        screen.page.clock.run_for(26_000)
    screen.sees("locked")
    screen.reads("Dinner's ready!")
    assert not [request for request in sent if request.url.endswith("/heartbeat")]
    assert child.balance().used_seconds == 30


def test_a_film_is_watched_to_its_end(screen, child, films):
    plan(child, soft_end={"finish_title_minutes": 15})
    title = make_title("A Short Walk")
    title.duration_seconds = 90
    title.save()
    child.title = title
    child.use_up(119 * 60)
    invalidation.title_changed(title.id)
    screen.page.goto(f"/player/#profile={child.profile.id}&token={child.token}")
    screen.sees("choosing")
    with screen.page.expect_response(HEARTBEAT) as answer:
        screen.page.get_by_role("button", name=title.name).click()
    assert answer.value.json()["can_finish"] is True
    screen.reads("You can watch this one to the end.")
    screen.next_beat()
    screen.reads("Your time is up. You can watch this one to the end")
    assert obstacles(screen.page) == []
    screen.page.clock.run_for(61_000)
    screen.reads("That's it for today!")
