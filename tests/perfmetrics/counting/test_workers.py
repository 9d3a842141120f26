"""The figures of three real workers are one service's: whichever answers, after one was killed, after a restart."""

import asyncio
import os
import secrets
import signal
from pathlib import Path

import httpx
import pytest
from prometheus_client.mmap_dict import MmapedDict

from perfmetrics.counting.metrics import FINE as BOUNDS
from perfmetrics.reading import figures
from tests import processes
from tests.families import make_child, make_title, make_user
from tests.load import closed_loop
from tests.parental.cast import log_in
from tests.races import until
from tests.statements import statements

pytestmark = pytest.mark.slow

PATH = "/api/v1/admin/metrics"


@pytest.fixture(scope="module")
def staff(committed):
    return log_in(make_user(is_staff=True))


@pytest.fixture(scope="module")
def three_for_all(committed, real_time, tmp_path_factory):
    with processes.service(tmp_path_factory.mktemp("figures") / "log", workers=3) as running:
        yield running


@pytest.fixture
def three(three_for_all):
    """Three workers, all of them started; other tests have let them count before."""
    until(lambda: len(three_for_all.workers()) == 3 and scraped(three_for_all, "sandglass_workers") == 3)
    return three_for_all


def ask(running, staff):
    """The figures by whichever worker takes a new connection."""
    for _ in range(100):
        try:
            response = httpx.get(f"{running.url}{PATH}", headers=staff.headers, timeout=30)
        except httpx.TransportError:  # it was on a killed worker's connection
            continue
        assert response.status_code == 200, response.text
        return response.json()
    raise AssertionError("nobody answers")


def processed(running, staff):
    return ask(running, staff)["heartbeat"]["total_processed"]


def scraped(running, name):
    """A figure of `/metrics`, summed over its labels."""
    lines = httpx.get(f"{running.url}/metrics", timeout=30).text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


def folder_of(running):
    """The folder that the workers write to."""
    maps = Path(f"/proc/{running.workers()[0]}/maps").read_text()
    (found,) = {Path(line.split()[-1]).parent for line in maps.splitlines() if line.endswith(".db")}
    return found


def players(count):
    title = make_title()
    return [make_child(title=title, weekday_limit_minutes=480, weekend_limit_minutes=480) for _ in range(count)]


def play(running, children, beats_each=20):
    load = asyncio.run(closed_loop(running.url, children, beats_each=beats_each))
    assert load.statuses == {200: len(children) * beats_each}
    return load


def counted_by(running, worker, of='"counted"'):
    """The beats that a worker counted, by its own file; or what else it counted that has this in its key."""
    (path,) = folder_of(running).glob(f"counter_{worker}.db")
    return sum(value for key, value, *_ in MmapedDict.read_all_values_from_file(path) if of in key)


def test_whichever_worker_answers_the_totals_are_what_was_sent(three, staff):
    workers = three.workers()
    before, own = processed(three, staff), [counted_by(three, worker) for worker in workers]

    for beats_each, worker in enumerate(workers, start=10):
        with three.alone(worker):
            play(three, players(20), beats_each=beats_each)

    each = [counted_by(three, worker) - was for worker, was in zip(workers, own, strict=True)]
    assert each == [200, 220, 240]
    answers = three.ask_each(lambda: ask(three, staff))
    assert [answer["heartbeat"]["total_processed"] - before for answer in answers] == [660] * 3
    assert [answer["workers"] for answer in answers] == [3] * 3


def test_the_dead_keep_their_counts_and_lose_their_gauges(three, staff):
    before = processed(three, staff)
    victim = three.workers()[0]
    with three.alone(victim):
        play(three, players(40))

    os.kill(victim, signal.SIGKILL)

    until(lambda: victim not in three.workers() and len(three.workers()) == 3)
    until(lambda: ask(three, staff)["workers"] == 3)
    assert processed(three, staff) - before == 800
    assert not list(folder_of(three).glob(f"*_{victim}.db"))
    play(three, players(10))
    assert [total - before for total in three.ask_each(lambda: processed(three, staff))] == [1000] * 3


def test_right_after_workers_were_killed_the_last_one_returns_their_counts(three, staff):
    before = processed(three, staff)
    victims = three.workers()[:2]
    for victim in victims:
        with three.alone(victim):
            play(three, players(20))

    for victim in victims:
        os.kill(victim, signal.SIGKILL)

    assert processed(three, staff) - before == 800


def test_what_was_answered_before_a_kill_under_load_is_counted(three, staff):
    before = processed(three, staff)
    children = players(30)
    victim = three.workers()[0]
    own = counted_by(three, victim)

    async def kill_amidst():
        with three.alone(victim):
            load = asyncio.create_task(closed_loop(three.url, children, beats_each=200, retry=True))
            await asyncio.to_thread(until, lambda: counted_by(three, victim) - own > 100)
        os.kill(victim, signal.SIGKILL)
        return await load

    load = asyncio.run(kill_amidst())

    assert load.retries
    # A beat whose answer was cut off was counted, or not; it came again and was counted as a replay.
    beats = 30 * 200
    assert beats <= processed(three, staff) - before <= beats + load.retries


def test_after_a_rolling_restart_nothing_is_forgotten(three, staff):
    play(three, players(40))
    before, old = ask(three, staff), set(three.workers())

    three.process.send_signal(signal.SIGHUP)
    until(lambda: len(three.workers()) == 3 and not set(three.workers()) & old)
    play(three, players(10))

    until(lambda: ask(three, staff)["workers"] == 3)
    after = ask(three, staff)
    assert after["heartbeat"]["total_processed"] - before["heartbeat"]["total_processed"] == 200
    assert after["heartbeat"]["max_duration_ms"] >= before["heartbeat"]["max_duration_ms"]
    assert after["uptime_seconds"] > before["uptime_seconds"]
    assert after["config_cache"]["total_hits"] > before["config_cache"]["total_hits"]
    # Their files were added up, not piled up: three workers' and the dead ones'.
    assert len(list(folder_of(three).glob("counter_*.db"))) == 4


def reads_of_limits(running, staff):
    """Each beat reads its profile's limits once; published once a second."""
    cache = ask(running, staff)["config_cache"]
    return cache["total_hits"] + cache["total_misses"]


def settle(running):
    """Wait until each worker has published what its caches counted so far.

    Twice: the first tick that is seen publishes all of it, and the second is seen after the first one's end.
    """
    for _ in range(2):
        before = {worker: published_misses(running, worker) for worker in running.workers()}
        for worker in before:
            stranger = {"Authorization": f"Bearer sgp_{secrets.token_urlsafe(32)}"}
            with running.alone(worker):
                answer = httpx.post(
                    f"{running.url}/api/v1/viewing-time/heartbeat", json={}, headers=stranger, timeout=30
                )
            assert answer.status_code == 401
        # More than one where players' tokens that were new to a worker had not been published yet.
        until(lambda was=before: all(published_misses(running, worker) > was[worker] for worker in was))


def published_misses(running, worker):
    """How often a worker did not know a player's token, as its own file says."""
    return counted_by(running, worker, of='"sandglass_cache_misses_total", {"cache": "players"}')


def test_workers_that_stop_publish_what_they_counted_in_their_last_second(three, staff):
    settle(three)
    before, old = reads_of_limits(three, staff), set(three.workers())
    play(three, players(40))

    three.process.send_signal(signal.SIGHUP)
    until(lambda: len(three.workers()) == 3 and not set(three.workers()) & old)

    assert reads_of_limits(three, staff) - before == 800


def test_the_next_tick_publishes_every_read_of_the_caches(three, staff):
    settle(three)
    before = reads_of_limits(three, staff)
    play(three, players(40))
    settle(three)

    assert reads_of_limits(three, staff) - before == 800


def test_quantiles_are_the_load_generators_own(three, staff):
    """The generator also waits for the network and itself: ours lie below, and not far."""
    before = figures_of(three)
    load = play(three, players(20), beats_each=100)
    buckets = figures_of(three).since(before)

    assert buckets.count == 2000
    assert buckets.sum <= sum(load.latencies)
    for q in (0.5, 0.95, 0.99):
        seen = sorted(load.latencies)[int(q * 2000) - 1]
        assert seen / 5 < figures.quantile(buckets, q, bounds=BOUNDS) <= seen * 1.05


def test_quantiles_match_the_times_of_the_answers(service):
    """X-Process-Time is measured at the same place: p95 and mean of it are ours, within the buckets' 5 %."""
    child = players(1)[0]
    with httpx.Client(base_url=service.url) as http:
        session_id = child.watch(http, 1)
        before = figures_of(service)
        times = [float(child.beat(http, session_id=session_id).headers["X-Process-Time"]) for _ in range(300)]
    buckets = figures_of(service).since(before)

    assert buckets.count == 300
    assert buckets.sum == pytest.approx(sum(times), rel=0.001)
    for q in (0.5, 0.95, 0.99):
        exact = sorted(times)[int(q * 300) - 1]
        assert figures.quantile(buckets, q, bounds=BOUNDS) == pytest.approx(exact, rel=0.05, abs=0.001)


def figures_of(running):
    """The heartbeats' histogram as Prometheus reads it."""
    name, upto, total = "sandglass_heartbeat_duration_seconds", [], 0.0
    for line in httpx.get(f"{running.url}/metrics").text.splitlines():
        if line.startswith(f"{name}_bucket"):
            upto.append(float(line.split()[-1]))
        elif line.startswith(f"{name}_sum"):
            total = float(line.split()[-1])
    return figures.Buckets(upto, total)


def test_statements_are_those_that_the_database_saw(three, staff):
    children = players(40)
    ask(three, staff)

    before = scraped(three, "sandglass_heartbeat_statements_total")
    with statements() as sent:
        play(three, children, beats_each=25)
    counted = scraped(three, "sandglass_heartbeat_statements_total") - before

    hot = [statement for statement, by in zip(sent.all, sent.applications, strict=True) if by == "sandglass-hotpath"]
    assert counted == len(hot) > 0
    assert counted / 1000 < 1


def test_the_pools_of_all_workers_are_added_up(three):
    """Each keeps two connections (`tests/processes.py`)."""
    until(lambda: scraped(three, "sandglass_pool_connections") >= 6)
    assert scraped(three, "sandglass_pool_waiting") == 0
