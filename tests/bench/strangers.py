"""What strangers cost the players and the parents, on one worker.

The p95 of paced heartbeats next to 16 anonymous connections on each kind of route, in turn with the quiet baseline; and
whether a parent on a known device logs in while 12 clients guess its password.

AGAINST names a checkout of an earlier commit: its service shows the same for the OpenAPI document and the logins.
"""

import asyncio
import json
import os
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import uvloop

from tests import processes
from tests.bench.pin import PLAYERS, paced
from tests.bench.results import Figure, NotMeasured
from tests.families import Player, make_player, make_title, make_user
from tests.load import Load

AGAINST = os.environ.get("AGAINST", "")
CONNECTIONS = 16
GUESSERS = 12
BEATS_EACH = 30
BEATS_EACH_BEFORE = 10
LOGINS = 20
PASSWORD = "correct horse battery staple"
CSRF = "t" * 32
# Whichever is more.
ADDED_MS, TIMES = 20, 1.5


@dataclass(frozen=True, slots=True)
class Route:
    """A kind of route, as a stranger asks for it."""

    name: str
    method: str
    path: str
    body: bytes = b""
    headers: tuple[str, ...] = ()

    def request(self, host: str) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, *self.headers, "", ""]).encode() + self.body


JSON = ("Content-Type: application/json",)
FORM = ("Content-Type: application/x-www-form-urlencoded", f"Cookie: csrftoken={CSRF}; sessionid={'a' * 32}")


def as_json(**fields: str) -> bytes:
    return json.dumps(fields).encode()


def as_form(**fields: str) -> bytes:
    return urlencode({"csrfmiddlewaretoken": CSRF, **fields}).encode()


ROUTES = (
    Route("a page", "GET", "/login"),
    Route("a wrong login", "POST", "/api/v1/auth/login", as_json(email="a@example.com", password="wrong"), JSON),
    Route("a wrong login on a page", "POST", "/login", as_form(email="b@example.com", password="wrong"), FORM),
    Route("a link that does not hold", "GET", "/password/forgotten/00000000-0000-4000-8000-000000000000/" + "x" * 40),
    Route("an email to an unknown address", "POST", "/password/forgotten", as_form(email="c@example.com"), FORM),
    Route("an unknown refresh token", "POST", "/api/v1/auth/refresh", as_json(refresh_token="sgr_x"), JSON),
    Route("a heartbeat without a token", "POST", "/api/v1/viewing-time/heartbeat", b"{}", JSON),
    Route("a bulk request without a token", "POST", "/api/v1/viewing-time/heartbeats", b"{}", JSON),
    Route("the OpenAPI document", "GET", "/api/v1/openapi.json"),
    Route("the player's page", "GET", "/player/"),
    Route("the admin's login page", "GET", "/admin/login/"),
    Route("readiness", "GET", "/health/ready"),
    Route("nothing", "GET", "/nothing"),
)


def figures(logs: Path, *, rounds: int) -> list[Figure]:
    user, title = make_user(), make_title()
    players = [
        make_player(user, title=title, weekday_limit_minutes=480, weekend_limit_minutes=480) for _ in range(PLAYERS)
    ]
    quiet: list[float] = []
    next_to_them: dict[Route, list[float]] = {route: [] for route in ROUTES}
    answered: dict[Route, Counter[int]] = {route: Counter() for route in ROUTES}
    with processes.service(logs / "strangers", DJANGO_SETTINGS_MODULE="tests.uncollected") as service:
        for route in ROUTES:
            # Each route's page, files and connections are warm, and the machine is as it is during the measurement.
            uvloop.run(measure(service.url, players[:4], route, Counter()))
        for _ in range(rounds):
            for route in ROUTES:
                quiet.append(p95(uvloop.run(measure(service.url, players, None, Counter()))))
                next_to_them[route].append(p95(uvloop.run(measure(service.url, players, route, answered[route]))))
        logins = log_in_among_guessers(service.url)
    before = figures_before(logs, players, Path(AGAINST).resolve()) if AGAINST else []
    base = median(quiet)
    most = max(base + ADDED_MS, base * TIMES)
    for route in ROUTES:
        print(f"{route.name}: {dict(answered[route])}")
    return [
        Figure("heartbeats' p95 without strangers", base, "ms"),
        *(
            Figure(f"next to {CONNECTIONS}: {route.name}", median(next_to_them[route]), "ms", floor=most, maximum=True)
            for route in ROUTES
        ),
        Figure(f"the parent's logins next to {GUESSERS} guessing clients", logins, "%", floor=100),
        *before,
    ]


def figures_before(logs: Path, players: list[Player], project: Path) -> list[Figure]:
    """What an earlier commit made of the same: of the document that it rendered for each request, and of the logins."""
    gunicorn = next(path for path in ("config/server/gunicorn.py", "config/gunicorn.py") if (project / path).exists())
    document = next(route for route in ROUTES if route.path.endswith("openapi.json"))
    answered: Counter[int] = Counter()
    with processes.service(logs / "strangers-before", project=project, config=gunicorn) as service:
        uvloop.run(measure(service.url, players[:4], None, Counter()))
        quiet = uvloop.run(measure(service.url, players, None, Counter()))
        loud = uvloop.run(
            measure(service.url, players, document, answered, beats_each=BEATS_EACH_BEFORE, is_judged=False)
        )
        logins = log_in_among_guessers(service.url)
    print(f"before, next to the document: {dict(answered)}, heartbeats {loud.statuses}")
    return [
        Figure("before: heartbeats' p95 without strangers", p95(quiet), "ms"),
        Figure(f"before: next to {CONNECTIONS}: {document.name}", p95(loud), "ms"),
        Figure(f"before: the parent's logins next to {GUESSERS} guessing clients", logins, "%"),
    ]


def p95(load: Load) -> float:
    """In milliseconds."""
    return sorted(load.latencies)[int(len(load.latencies) * 0.95)] * 1000


async def measure(
    url: str,
    players: list[Player],
    route: Route | None,
    answered: Counter[int],
    *,
    beats_each: int = BEATS_EACH,
    is_judged: bool = True,
) -> Load:
    """A load of paced heartbeats while strangers ask for a route, as fast as they are answered."""
    asked = [route] * CONNECTIONS if route else []
    tasks = [asyncio.create_task(ask_again(url, one, answered)) for one in asked]
    await asyncio.sleep(0.3)
    load = await paced(url, players, beats_each=beats_each)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if is_judged and (set(load.statuses) != {200} or any(status >= 500 for status in answered)):
        raise NotMeasured(f"The service did not answer as it should: {load.statuses}, {route}: {dict(answered)}")
    return load


async def ask_again(url: str, route: Route, answered: Counter[int]) -> None:
    parts = urlsplit(url)
    request = route.request(parts.netloc)
    while True:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            while True:
                writer.write(request)
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await read_body(reader, head)
                answered[int(head[9:12])] += 1
                if b"connection: close" in head:
                    break
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def read_body(reader: asyncio.StreamReader, head: bytes) -> None:
    if b"content-length:" in head:
        await reader.readexactly(int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]))
    elif b"transfer-encoding: chunked" in head:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()


def log_in_among_guessers(url: str) -> float:
    """The share of a parent's logins that succeed, in %: on a device that was logged in before."""
    user = make_user(password=PASSWORD)
    login = {"email": user.email, "password": PASSWORD}
    first = httpx.post(f"{url}/api/v1/auth/login", json=login, timeout=60)
    # A release without these tokens ignores the field.
    known = {**login, "device_token": first.json().get("device_token", "")}
    statuses = uvloop.run(_log_in_among_guessers(url, user.email, known))
    print(f"the parent's logins next to {GUESSERS} guessing clients: {dict(statuses)}")
    return 100 * statuses[200] / statuses.total()


async def _log_in_among_guessers(url: str, email: str, login: dict[str, Any]) -> Counter[int]:
    guess = Route("guess", "POST", "/api/v1/auth/login", as_json(email=email, password="wrong"), JSON)
    tasks = [asyncio.create_task(ask_again(url, guess, Counter())) for _ in range(GUESSERS)]
    statuses: Counter[int] = Counter()
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        await asyncio.sleep(1)
        until = time.monotonic() + 60
        while statuses.total() < LOGINS and time.monotonic() < until:
            statuses[(await client.post("/api/v1/auth/login", json=login)).status_code] += 1
            await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return statuses
