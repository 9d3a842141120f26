"""A slow reader holds a socket, but no connection to the database."""

from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from tests import processes
from tests.families import Player, make_player, make_title, make_user
from tests.parental.cast import PASSWORD, log_in
from tests.routes import every_path
from tests.wire import connect, head
from viewing.models import ViewingSession

pytestmark = pytest.mark.slow

POOL = 2
LARGE = 130_000  # bytes: more than one process keeps of an answer for a client that does not read
SMALL_BUFFERS = "tests.config.server.small_buffers:application"


@pytest.fixture(scope="module")
def small_pool(committed, real_time, tmp_path_factory):
    settings = {
        "DB_POOL_MIN_SIZE": "1",
        "DB_POOL_MAX_SIZE": str(POOL),
        "DB_POOL_WAIT_SECONDS": "1",
        "EVENTS_MAX_STREAMS": "0",
    }
    log = tmp_path_factory.mktemp("slow") / "log"
    settings["DJANGO_SETTINGS_MODULE"] = "tests.uncollected"
    with processes.service(log, application=SMALL_BUFFERS, **settings) as running:
        yield running


@dataclass
class Parent:
    """One who has a page session and a token, and a child who has watched much."""

    headers: dict[str, str]
    child: Player


@pytest.fixture(scope="module")
def parent(small_pool):
    user = make_user(password=PASSWORD, is_staff=True, is_superuser=True)
    child = make_player(user, title=make_title("Ü" * 200))
    now = timezone.now()
    ViewingSession.objects.bulk_create(
        ViewingSession(
            profile=child.profile,
            title=child.title,
            device_id="x" * 60,
            device_type="tv",
            started_at=now - timedelta(minutes=n),
            ended_at=now - timedelta(minutes=n),
            end_reason="ended",
            last_heartbeat_at=now - timedelta(minutes=n),
            day=(now - timedelta(minutes=n)).date(),
        )
        for n in range(3000)
    )
    client = Client()
    client.force_login(user)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    return Parent({**log_in(user).headers, "Cookie": cookie}, child)


def large_paths(http, parent):
    """What a GET answers with more than the server keeps for a slow reader, of every path of the service."""
    paths = every_path(profile_id=parent.child.profile.id)
    asked = [*paths, *(f"{path}?format=csv" for path in paths if path.endswith(("/history", "/weekly-report")))]
    found = []
    for path in asked:
        answer = http.get(path, headers=parent.headers)
        if answer.status_code == 200 and len(answer.content) > LARGE:
            found.append(path)
    return found


def test_slow_readers_of_every_large_answer_keep_nobody_out(small_pool, parent):
    with httpx.Client(base_url=small_pool.url, timeout=60) as http, ExitStack() as stack:
        paths = large_paths(http, parent)
        assert {path.rpartition("/")[2] for path in paths} >= {"history", "history?format=csv", "history.csv"}
        for path in paths:
            for _ in range(POOL + 1):
                client = stack.enter_context(closing(connect(small_pool.url, receive_buffer=2048)))
                client.sendall(head(path, **parent.headers))
                assert client.recv(12) == b"HTTP/1.1 200"  # and is not read on
            assert http.get("/api/v1/auth/profiles", headers=parent.headers).status_code == 200, path
        login = {"email": parent.child.profile.user.email, "password": PASSWORD}
        assert http.post("/api/v1/auth/login", json=login).status_code == 200
