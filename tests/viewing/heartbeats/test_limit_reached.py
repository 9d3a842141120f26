"""`limit.reached`: written by the beat that uses up the day, once for each crossing, and only where it is wanted."""

import asyncio

import httpx
import pytest
from django.utils import timezone

from tests.families import make_child, make_gateway, make_player, make_title
from tests.parental.cast import log_in
from tests.parental.homes import Home
from tests.parental.plans.berlin import make_house
from tests.races import until
from tests.statements import statements
from viewing.hotpath import invalidation
from viewing.models import OutboxEvent, SiteSettings, ViewingTimeBalance

pytestmark = pytest.mark.usefixtures("committed")
LIMIT = 120 * 60


def want(is_wanted):
    SiteSettings.objects.update_or_create(pk=1, defaults={"wants_limit_reached": is_wanted})
    invalidation.site_changed()


@pytest.fixture
def wanted(server):
    want(is_wanted=True)
    yield
    want(is_wanted=False)
    SiteSettings.objects.all().delete()
    invalidation.site_changed()


def events_of(child):
    rows = OutboxEvent.objects.filter(profile_id=child.profile.pk, type="limit.reached").order_by("id")
    return [row.data for row in rows]


def home_of(child):
    return Home(child=child, parent=log_in(child.profile.user))


def test_the_beat_that_uses_up_the_day_writes_it(http, wanted):
    child = make_child()
    child.use_up(LIMIT - 60)

    session_id = child.watch(http, 1)
    assert events_of(child) == []
    child.beat(http, session_id=session_id)

    (data,) = events_of(child)
    assert data == {
        "day": timezone.now().date().isoformat(),
        "limited_by": "day_limit",
        "limit_seconds": LIMIT,
        "granted_seconds": 0,
        "used_seconds": LIMIT,
    }
    row = OutboxEvent.objects.get(profile_id=child.profile.pk)
    assert (row.family_id, row.actor) == (child.profile.user_id, {"kind": "system", "id": None})
    for _ in range(3):
        child.beat(http, session_id=session_id)
    assert len(events_of(child)) == 1


def test_a_first_beat_can_use_up_the_day_too(http, wanted):
    child = make_child()
    child.use_up(LIMIT - 10)

    child.watch(http, 1)

    assert [data["used_seconds"] for data in events_of(child)] == [LIMIT + 20]


def test_a_switch_can_use_up_the_day_too(http, wanted):
    child = make_child()
    child.use_up(LIMIT - 60)
    session_id = child.watch(http, 1)

    child.beat(http, session_id=session_id, title_id=str(make_title("Another").pk))

    assert len(events_of(child)) == 1


def test_after_a_grant_it_can_be_reached_again(http, wanted):
    child = make_child()
    child.use_up(LIMIT - 30)
    session_id = child.watch(http, 1)
    home_of(child).grant(http, 15)
    ViewingTimeBalance.objects.filter(profile=child.profile).update(used_seconds=LIMIT + 15 * 60 - 30)

    child.beat(http, session_id=session_id)

    assert [data["granted_seconds"] for data in events_of(child)] == [0, 15 * 60]


def test_what_is_left_of_the_week_can_be_used_up_too(http, clock, wanted):
    house = make_house(http, clock)
    house.plan(days={"saturday": {"limit_minutes": 60}}, week={"limit_minutes": 300})
    for day in range(23, 28):
        house.use(54, f"2026-11-{day}")
    house.at("2026-11-28 12:00").use(29.5, "2026-11-28")

    session = house.beat()
    house.beat(session_id=session["session_id"])

    (data,) = events_of(house.child)
    assert (data["limited_by"], data["limit_seconds"], data["used_seconds"]) == ("week_limit", 1800, 1800)


def test_a_repeated_beat_writes_it_once(http, wanted):
    child = make_child()
    child.use_up(LIMIT - 30)

    for _ in range(3):
        child.beat(http, sequence=1)

    assert len(events_of(child)) == 1


def test_beats_of_a_gateway_write_it(http, wanted):
    child, gateway = make_child(), make_gateway()
    child.use_up(LIMIT - 30)

    gateway.results(http, [child.body()])

    assert len(events_of(child)) == 1


def test_what_is_not_charged_reaches_nothing(http, wanted):
    exempt = make_child(title=make_title(is_educational=True))
    unlimited, without_limit = make_child(), make_child(weekday_limit_minutes=None, weekend_limit_minutes=None)
    adult = make_player(exempt.profile.user, is_kids=False)
    exempt.use_up(LIMIT - 30)
    unlimited.use_up(LIMIT - 30)
    ViewingTimeBalance.objects.filter(profile=unlimited.profile).update(is_unlimited_override=True)

    for player in (exempt, unlimited, without_limit, adult):
        player.watch(http, 3)

    assert [events_of(player) for player in (exempt, unlimited, without_limit, adult)] == [[], [], [], []]


def test_a_lowered_limit_is_no_crossing(http, wanted):
    child = make_child()
    child.use_up(60 * 60)
    session_id = child.watch(http, 1)
    home_of(child).change(http, weekday_limit_minutes=30, weekend_limit_minutes=30)

    assert child.beat(http, session_id=session_id).json()["enforcement"] == "blocked"
    assert events_of(child) == []


def test_without_anyone_who_wants_it_nothing_is_written(http, server):
    child = make_child()
    child.use_up(LIMIT - 30)

    with statements() as sent:
        child.watch(http, 2)

    assert events_of(child) == []
    assert not [statement for statement in sent.all if "outbox" in statement]


def test_with_it_a_beat_is_still_one_statement(http, wanted):
    child = make_child()
    child.use_up(LIMIT - 60)
    session_id = child.watch(http, 1)

    with statements() as sent:
        child.beat(http, session_id=session_id)

    assert len(sent) == 1, sent
    assert len(events_of(child)) == 1


def knows_that_it_is_wanted(service):
    """Whether the worker that answers now has heard of it."""
    child = make_child()
    child.use_up(LIMIT - 30)
    with httpx.Client(base_url=service.url, timeout=30) as http:
        child.watch(http, 1)
    return bool(events_of(child))


def test_of_many_parallel_beats_in_three_processes_exactly_one_writes_it(three_workers):
    """And after a grant exactly one more."""
    want(is_wanted=True)
    try:
        until(lambda: all(three_workers.ask_each(lambda: knows_that_it_is_wanted(three_workers))))
        child = make_child()
        child.use_up(LIMIT - 300)
        first = httpx.post(
            f"{three_workers.url}/api/v1/viewing-time/heartbeat", json=child.body(), headers=child.headers
        ).json()

        async def beats():
            async with httpx.AsyncClient(base_url=three_workers.url, timeout=60) as client:
                body = child.body(session_id=first["session_id"])
                url = "/api/v1/viewing-time/heartbeat"
                posts = [client.post(url, json=body, headers=child.headers) for _ in range(100)]
                return [answer.status_code for answer in await asyncio.gather(*posts)]

        assert set(asyncio.run(beats())) <= {200, 503}
        assert ViewingTimeBalance.objects.get(profile=child.profile).used_seconds > LIMIT
        assert len(events_of(child)) == 1

        with httpx.Client(base_url=three_workers.url, timeout=30) as http:
            assert home_of(child).grant(http, 15).status_code == 200
        balance = ViewingTimeBalance.objects.get(profile=child.profile)
        ViewingTimeBalance.objects.filter(pk=balance.pk).update(used_seconds=LIMIT + 15 * 60 - 300)
        asyncio.run(beats())
        assert len(events_of(child)) == 2
    finally:
        want(is_wanted=False)
        SiteSettings.objects.all().delete()
