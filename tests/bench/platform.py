"""The platform's side: accounts, titles and balances, and what players feel of them; heartbeats with JWTs."""

import asyncio
import json
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvloop

from tests import processes
from tests.bench import generator
from tests.bench.cast import Device, make_devices
from tests.bench.generator import Beats, Figures
from tests.bench.results import Figure, NotMeasured
from tests.bench.worker import resident_mb
from tests.families import Service, make_service
from tests.issuer import AUDIENCE, Issuer, issuer
from viewing.models import Profile

PLAYERS = 1_000
CONNECTIONS = 8
ACCOUNTS = 2_000
TITLES = 100_000
JWT_PLAYERS = 64


class Calls:
    """One connection's requests, one after the other."""

    def __init__(self, host: str, service: Service, method: str, path: str, bodies: Iterator[tuple[str, Any]]) -> None:
        self._bodies = bodies
        self._head = (
            f"{method} /api/v1/platform/{path}{{}} HTTP/1.1\r\nHost: {host}\r\n"
            f"Authorization: Bearer {service.token}\r\nContent-Type: application/json\r\nContent-Length: {{}}\r\n\r\n"
        )

    def request(self) -> bytes:
        end_of_path, sent = next(self._bodies)
        body = json.dumps(sent).encode()
        return self._head.format(end_of_path, len(body)).encode() + body

    def answered(self, _body: bytes) -> int:
        return 1


def figures(logs: Path, *, rounds: int, seconds: float) -> list[Figure]:
    service, devices = make_service(), make_devices(PLAYERS)
    with processes.service(logs / "platform", workers=2) as running:
        host = generator.host_of(running.url)
        players = [Beats(host, device) for device in devices]
        generator.run(generator.closed_loop(running.url, players, requests_each=1))
        alone = generator.run(generator.open_loop(running.url, players, connections=32, seconds=seconds))
        found = [Figure("p95 of 1,000 players at real pace, two workers", alone.quantile_ms(0.95), "ms")]
        found += with_players(
            running.url,
            players,
            "accounts",
            accounts(host, service),
            requests_each=ACCOUNTS // CONNECTIONS,
            things=1,
            seconds=seconds,
        )
        found += with_players(
            running.url,
            players,
            "titles",
            titles(host, service),
            requests_each=TITLES // 1000,
            things=1000,
            seconds=seconds,
        )
        found += catalogue(running, players, devices[0], seconds)
        ids = [device.profile_id for device in devices]
        asking = [Calls(host, service, "POST", "balances", iter(lambda: ("", {"profiles": ids}), None)) for _ in "ab"]
        found += with_players(running.url, players, "balances", asking, requests_each=20, things=1000, seconds=seconds)
    return [*found, jwts(logs, rounds)]


def accounts(host: str, service: Service) -> list[Calls]:
    def bodies() -> Iterator[tuple[str, Any]]:
        while True:
            profiles = [{"external_id": "a", "name": "Ann"}, {"external_id": "m", "name": "Mia", "is_kids": True}]
            yield uuid.uuid4().hex, {"profiles": profiles}

    return [Calls(host, service, "PUT", "accounts/", bodies()) for _ in range(CONNECTIONS)]


def titles(host: str, service: Service) -> list[Calls]:
    salt = uuid.uuid4().hex[:8]

    def bodies() -> Iterator[tuple[str, Any]]:
        for start in range(0, TITLES, 1000):
            numbers = range(start, start + 1000)
            yield "", {"titles": [{"external_id": f"{salt}-{n}", "name": f"Film {n} of {salt}"} for n in numbers]}

    return [Calls(host, service, "PUT", "titles", bodies())]


def with_players(
    url: str,
    players: list[Beats],
    name: str,
    sources: list[Calls],
    *,
    requests_each: int,
    things: int,
    seconds: float,
) -> list[Figure]:
    """How many things a second, of `things` per request, and the players' p95 at real pace while that goes on."""

    async def both() -> tuple[Figures, Figures]:
        writing = asyncio.create_task(generator.closed_loop(url, sources, requests_each=requests_each))
        playing = await generator.open_loop(url, players, connections=32, seconds=seconds)
        return await writing, playing

    written, playing = uvloop.run(both())
    count = sum(written.statuses.values())
    if set(written.statuses) - {200, 201} or set(playing.statuses) != {200}:
        raise NotMeasured(f"{name}: {written.statuses}, players: {playing.statuses}")
    return [
        Figure(f"{name} a second", count * things / written.seconds, "a second", absolute=True),
        Figure(f"p95 of the players during {name}", playing.quantile_ms(0.95), "ms"),
    ]


def catalogue(running: processes.Service, players: list[Beats], device: Device, seconds: float) -> list[Figure]:
    """The whole catalogue and a page of it; the memory of the worker that has most."""
    before = max(map(resident_mb, running.workers()))
    with httpx.Client(base_url=running.url, timeout=60) as http:

        def ask(parameters: dict[str, Any], **headers: str) -> tuple[float, httpx.Response]:
            started = time.perf_counter()
            headers = {"Authorization": f"Bearer {device.token}", **headers}
            response = http.get("/api/v1/catalog/titles", params=parameters, headers=headers)
            return (time.perf_counter() - started) * 1000, response

        made, response = ask({})
        etag = response.headers["ETag"]
        kept = statistics.median(ask({})[0] for _ in range(5))
        unchanged = statistics.median(ask({}, **{"If-None-Match": etag})[0] for _ in range(5))
        page = statistics.median(ask({"limit": 100, "q": "fil 77"})[0] for _ in range(5))
        with repeated(lambda: ask({})):
            playing = generator.run(generator.open_loop(running.url, players, connections=32, seconds=seconds))
    return [
        Figure("the whole catalogue, made", made, "ms"),
        Figure("the whole catalogue, kept", kept, "ms"),
        Figure("its size", len(response.content) / 1e6, "MB"),
        Figure("the whole catalogue, unchanged (304)", unchanged, "ms"),
        Figure("a page of it, searched", page, "ms"),
        Figure("memory of a worker for it", max(map(resident_mb, running.workers())) - before, "MB"),
        Figure("p95 of the players while the catalogue is read", playing.quantile_ms(0.95), "ms"),
    ]


@contextmanager
def repeated(call: Callable[[], object]) -> Iterator[None]:
    """Call it again and again in a thread."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            call()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def jwts(logs: Path, rounds: int) -> Figure:
    """Heartbeats with JWTs for each with a player token, once both are cached; in turns, one worker."""
    # Children of their own: with the other token's beats a session would be taken over each time.
    devices, others = make_devices(JWT_PLAYERS), make_devices(JWT_PLAYERS)
    with issuer() as provider:
        tokens = [jwt_for(provider, device) for device in devices]
        with processes.service(logs / "jwts", OIDC_ISSUER=provider.url, OIDC_AUDIENCE=AUDIENCE) as running:
            host = generator.host_of(running.url)
            opaque = [Beats(host, device) for device in others]
            signed = [
                Beats(host, Device(device.profile_id, device.title_id, token))
                for device, token in zip(devices, tokens, strict=True)
            ]
            ratios = []
            for n in range(rounds + 1):
                runs = [
                    generator.run(generator.closed_loop(running.url, beats, requests_each=100))
                    for beats in (signed, opaque)
                ]
                if any(set(run.statuses) != {200} for run in runs):
                    raise NotMeasured(f"JWTs: {[run.statuses for run in runs]}")
                if n:  # the first warms up
                    ratios.append(runs[0].rate() / runs[1].rate())
    return Figure("heartbeats with JWTs for each with a player token", statistics.median(ratios), floor=0.9, aim=1)


def jwt_for(provider: Issuer, device: Device) -> str:
    profile = Profile.objects.select_related("user").get(pk=device.profile_id)
    profile.external_id = device.profile_id
    profile.save(update_fields=["external_id"])
    if profile.user.external_id is None:
        profile.user.external_id = str(profile.user_id)
        profile.user.save(update_fields=["external_id"])
    return provider.token(str(profile.user_id), sandglass_profile=device.profile_id)
