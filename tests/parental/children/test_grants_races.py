"""Grants, take-backs and beats at once, on three worker processes: nothing lost, nothing twice, no deadlock."""

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import pytest

from parental.models import TimeGrant
from tests.families import make_title
from tests.http import any_worker
from tests.load import closed_loop
from tests.parental.homes import make_home
from tests.races import in_parallel


@pytest.fixture
def http(three_workers):
    with any_worker(three_workers.url) as client:
        yield client


def statuses(answers):
    return sorted(answer.status_code for answer in answers)


def test_20_parallel_grants_add_up(http):
    home = make_home()

    answers = in_parallel(20, lambda _: home.grant(http, 15))

    # Each answer is the state right after its own grant.
    assert sorted(answer.json()["remaining_minutes"] for answer in answers) == [120 + 15 * n for n in range(1, 21)]
    assert home.child.balance().granted_seconds == 20 * 15 * 60
    assert TimeGrant.objects.filter(profile=home.child.profile).count() == 20


def test_20_parallel_grants_with_one_id_are_one(http):
    home, grant_id = make_home(), str(uuid.uuid4())

    answers = in_parallel(20, lambda _: home.grant(http, 15, grant_id=grant_id))

    assert statuses(answers) == [200] * 20
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json()["remaining_minutes"] == 135
    assert home.child.balance().granted_seconds == 15 * 60
    assert TimeGrant.objects.filter(profile=home.child.profile).count() == 1


def test_of_parallel_grants_with_one_id_and_other_minutes_one_is_made(http):
    home, grant_id = make_home(), str(uuid.uuid4())

    answers = in_parallel(10, lambda n: home.grant(http, 15 if n % 2 else 30, grant_id=grant_id))

    assert statuses(answers) == [200] * 5 + [409] * 5
    given = TimeGrant.objects.get(profile=home.child.profile)
    assert home.child.balance().granted_seconds == given.minutes * 60


def test_parallel_first_beats_and_grants_lose_nothing(http):
    for _ in range(5):
        home = make_home()

        def send(n, home=home):
            return home.child.beat(http, device_id=f"device {n}") if n % 2 else home.grant(http, 15)

        answers = in_parallel(10, send)

        assert statuses(answers) == [200] * 10
        balance = home.child.balance()
        assert (balance.used_seconds, balance.granted_seconds) == (5 * 30, 5 * 15 * 60)


def test_exactly_one_of_parallel_take_backs_succeeds(http):
    home = make_home()
    home.grant(http, 60)
    grant_id = home.grant(http, 30).json()["grant_id"]

    answers = in_parallel(10, lambda _: home.take_back(http, grant_id))

    assert statuses(answers) == [200] + [409] * 9
    assert home.child.balance().granted_seconds == 60 * 60


def test_taking_back_all_unlimited_grants_in_parallel_leaves_a_limit(http):
    for _ in range(5):
        home = make_home()
        ids = [home.grant(http, None).json()["grant_id"] for _ in range(4)]

        answers = in_parallel(4, lambda n, home=home, ids=ids: home.take_back(http, ids[n]))

        assert statuses(answers) == [200] * 4
        assert home.child.balance().is_unlimited_override is False


def test_parallel_take_backs_of_half_used_grants_keep_what_was_watched(http):
    home = make_home()
    ids = [home.grant(http, 30).json()["grant_id"] for _ in range(8)]
    home.child.use_up((120 + 100) * 60)

    in_parallel(8, lambda n: home.take_back(http, ids[n]))

    # 140 of the 240 granted minutes were unused.
    assert home.child.balance().granted_seconds == 100 * 60


@pytest.mark.slow
def test_heartbeats_at_full_speed_lose_nothing_and_neither_do_grants(three_workers, http):
    title = make_title()
    homes = [make_home() for _ in range(12)]
    for home in homes:
        home.child.title = title

    def parent(home, running):
        """Grants as long as beats come, takes every other grant back: the minutes that must be left."""
        left = 0
        for minutes in cycle(range(15, 121)):
            grant = home.grant(http, minutes)
            assert grant.status_code == 200, grant.text
            if minutes % 2:
                assert home.take_back(http, grant.json()["grant_id"]).status_code == 200
            else:
                left += minutes
            if running.done():
                break
        return left

    with ThreadPoolExecutor(1) as threads:
        children = [home.child for home in homes]
        running = threads.submit(asyncio.run, closed_loop(three_workers.url, children, beats_each=100))
        left = in_parallel(len(homes), lambda n: parent(homes[n], running))
        load = running.result()

    assert load.statuses == {200: len(homes) * 100}
    balances = [home.child.balance() for home in homes]
    assert [balance.granted_seconds // 60 for balance in balances] == left
    assert {balance.used_seconds for balance in balances} == {100 * 30}
