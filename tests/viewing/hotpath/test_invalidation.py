"""A change is in force on the next beat in every process: three real workers that share only the database."""

import httpx
import pytest
from django.db import connection, transaction
from django.utils import timezone

from parental.tokens import players
from tests import processes
from tests.families import make_child, make_title
from tests.http import any_worker
from tests.parental.cast import make_parent
from tests.races import until
from viewing.hotpath import invalidation
from viewing.models import Title, ViewingTimeConfig


@pytest.fixture
def http(three_workers):
    with any_worker(three_workers.url) as client:
        yield client


def listeners():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'sandglass-listener'"
            " AND datname = current_database() AND query <> ''"
        )
        return {pid for (pid,) in cursor.fetchall()}


def limit_seen(http, child):
    """The limit that a worker believes in."""
    return http.get(f"/api/v1/viewing-time/balance/{child.profile.id}", headers=child.headers).json()["limit_minutes"]


@pytest.fixture
def limits_seen(three_workers, http):
    """The limits that the three workers believe in."""
    return lambda child: three_workers.ask_each(lambda: limit_seen(http, child))


def set_limit(child, minutes):
    ViewingTimeConfig.objects.filter(profile=child.profile).update(
        weekday_limit_minutes=minutes, weekend_limit_minutes=minutes
    )


def test_changed_limits_reach_every_worker(limits_seen):
    child = make_child()
    assert limits_seen(child) == [120] * 3

    with transaction.atomic():
        set_limit(child, 60)
        invalidation.profile_changed(child.profile.id)

    until(lambda: limits_seen(child) == [60] * 3)


def test_the_workers_do_keep_what_nobody_changed(limits_seen):
    """Else the test above would pass without a cache."""
    child = make_child()
    limits_seen(child)

    set_limit(child, 60)

    assert limits_seen(child) == [120] * 3


def test_a_rolled_back_change_notifies_nobody(limits_seen):
    child = make_child()
    limits_seen(child)
    set_limit(child, 60)

    with transaction.atomic():
        invalidation.profile_changed(child.profile.id)
        transaction.set_rollback(True)

    assert limits_seen(child) == [120] * 3


def test_after_lost_connections_everything_is_read_again(limits_seen):
    """A restarted database, say: notifications sent in the meantime are missed, so every entry is dropped."""
    child = make_child()
    limits_seen(child)
    before = listeners()
    set_limit(child, 60)

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) pid", [list(before)])

    until(lambda: len(listeners() - before) == len(before))
    until(lambda: limits_seen(child) == [60] * 3)


def test_changes_are_heard_again_after_that(limits_seen):
    child = make_child()
    limits_seen(child)

    with transaction.atomic():
        set_limit(child, 45)
        invalidation.profile_changed(child.profile.id)

    until(lambda: limits_seen(child) == [45] * 3)


def test_a_lost_notification_heals_at_the_ttl(committed, real_time, tmp_path):
    child = make_child()
    with (
        processes.service(tmp_path / "log", CONFIG_CACHE_TTL_SECONDS="1") as running,
        httpx.Client(base_url=running.url) as http,
    ):
        assert limit_seen(http, child) == 120
        set_limit(child, 60)

        until(lambda: limit_seen(http, child) == 60)


def test_a_revoked_token_stops_in_every_worker(three_workers, http):
    child = make_child()
    path = f"/api/v1/viewing-time/balance/{child.profile.id}"

    def statuses():
        return three_workers.ask_each(lambda: http.get(path, headers=child.headers).status_code)

    assert statuses() == [200] * 3
    players.revoke(child.profile.user_id, child.token_id, now=timezone.now())

    until(lambda: statuses() == [401] * 3)


def test_an_ended_login_stops_in_every_worker(three_workers, http):
    parent = make_parent()

    def statuses():
        return three_workers.ask_each(lambda: http.get("/api/v1/auth/me", headers=parent.headers).status_code)

    assert statuses() == [200] * 3
    parent.user.set_password("another password")
    parent.user.save()

    until(lambda: statuses() == [401] * 3)


def test_a_changed_title_is_in_every_catalogue(three_workers, http):
    child, title = make_child(), make_title("Before")

    def names():
        answers = three_workers.ask_each(lambda: http.get("/api/v1/catalog/titles", headers=child.headers).json())
        return [row["name"] for rows in answers for row in rows if row["id"] == str(title.id)]

    with transaction.atomic():
        invalidation.title_changed(title.id)
    until(lambda: names() == ["Before"] * 3)
    with transaction.atomic():
        Title.objects.filter(id=title.id).update(name="After")
        invalidation.title_changed(title.id)

    until(lambda: names() == ["After"] * 3)


@pytest.mark.parametrize("payload", ["", "x", "someone profiles not-an-id", "someone unknown 1", "someone players zz"])
def test_what_cannot_be_understood_harms_nothing(limits_seen, payload):
    child = make_child()
    limits_seen(child)

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [invalidation.CHANNEL, payload])
    with transaction.atomic():
        set_limit(child, 60)
        invalidation.profile_changed(child.profile.id)

    until(lambda: limits_seen(child) == [60] * 3)
