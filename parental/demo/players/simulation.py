"""A run: makes the cast, lets the players play, and checks what the server counted."""

import asyncio
import resource
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Final

from django.core.management.base import CommandError, OutputWrapper
from django.db import close_old_connections
from django.utils import timezone

from parental.demo.players.cast import make_cast
from parental.demo.players.check import Findings, check
from parental.demo.players.device import Device, Stage, Unanswered
from parental.demo.players.ledger import BEAT_SECONDS, Film, Ledger, Viewer
from parental.demo.players.player import Player
from parental.demo.players.progress import Progress
from parental.demo.players.tally import Tally
from parental.demo.players.wire import Address
from viewing.models import SiteSettings

# Players start over this period: nobody switches on 500 sets in one moment.
BEGIN_SECONDS: Final = 3.0
GREETING_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate: how many players, how many times faster than real, how many minutes of viewing at most.

    `plans`: the share of children who have a week plan.
    """

    url: str
    players: int
    speed: float
    minutes: int
    seed: int
    plans: float = 0

    @property
    def interval(self) -> float:
        return BEAT_SECONDS / self.speed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    plan: Plan
    tally: Tally
    findings: Findings
    seconds: float
    was_stopped: bool

    @property
    def is_clean(self) -> bool:
        return not self.tally.errors and not self.findings.differences


def run(plan: Plan, out: OutputWrapper) -> Outcome:
    """Simulate, with a progress display; Ctrl-C stops the players early, and what they watched is checked all the same.

    Raises CommandError where the server cannot be reached or does not know the players.
    """
    address = _address(plan.url)
    _allow_connections(2 * plan.players + 100)
    dice = Random(plan.seed)
    run_id, now = secrets.token_hex(4), timezone.now()
    viewers, films = make_cast(players=plan.players, run_id=run_id, now=now, dice=dice, plans=plan.plans)
    stage = Stage(
        address=address,
        tally=Tally(plan.players),
        interval=plan.interval,
        max_beats=plan.minutes * 60 // BEAT_SECONDS,
        pause_grace_seconds=(SiteSettings.objects.filter(pk=1).first() or SiteSettings()).pause_grace_seconds,
    )
    begin = time.monotonic()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        ledgers = runner.run(play(viewers, films, stage=stage, dice=dice, out=out))
    seconds = time.monotonic() - begin
    # The connection was idle for as long as the players played.
    close_old_connections()
    return Outcome(plan, stage.tally, check(ledgers), seconds, stage.stop.is_set())


def _address(url: str) -> Address:
    try:
        return Address.of(url)
    except ValueError as error:
        raise CommandError(str(error)) from error


def _allow_connections(wanted: int) -> None:
    """Raise the soft limit of open files, often 1,024, as far as the players need it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise CommandError(
            f"This many players need {wanted} open files, but the system allows {hard}: raise `ulimit -Hn`."
        )
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 — not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


async def play(
    viewers: Sequence[Viewer], films: list[Film], *, stage: Stage, dice: Random, out: OutputWrapper
) -> list[Ledger]:
    """Let every viewer's player play to its end; what each knows it watched."""
    await _greet(viewers[0], stage, dice)
    # Each with dice of its own: what one does must not depend on the others' timing.
    players = [Player(viewer, films, stage=stage, dice=Random(dice.random())) for viewer in viewers]
    max_delay = max(stage.interval, min(BEGIN_SECONDS, len(players) / 100))
    with _stopped_by_signals(stage.stop):
        display = asyncio.create_task(_display(Progress(stage.tally, out)))
        try:
            await asyncio.gather(*(player.run(delay=dice.uniform(0, max_delay)) for player in players))
        finally:
            display.cancel()
            await asyncio.gather(display, return_exceptions=True)
    return [player.ledger for player in players]


async def _greet(viewer: Viewer, stage: Stage, dice: Random) -> None:
    """One call before all others, so that a wrong address or database is said in a sentence."""
    url = f"{stage.address.host}:{stage.address.port}"
    device = Device(kind="web", viewer=viewer, stage=stage, dice=dice)
    try:
        async with asyncio.timeout(GREETING_SECONDS):
            reply = await device.call("GET", f"/api/v1/viewing-time/playback-eligible/{viewer.profile_id}")
    except (TimeoutError, Unanswered) as error:
        raise CommandError(f"No server is answering at {url}. Start one with `make serve` or `make demo`.") from error
    finally:
        device.close()
    if reply.status == 401:
        raise CommandError(f"The server at {url} does not know the players: use the same DATABASE_URL as the server.")
    if reply.status != 200:
        raise CommandError(f"The server at {url} does not answer like Sandglass: {reply}")
    stage.tally.broken = stage.tally.busy = 0


async def _display(progress: Progress) -> None:
    try:
        while True:
            await asyncio.sleep(progress.seconds)
            progress.write()
    finally:
        progress.end()


@contextmanager
def _stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the run early; a second one is as usual."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop_once() -> None:
        stop.set()
        restore()

    def restore() -> None:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)

    try:
        for number in before:
            loop.add_signal_handler(number, stop_once)
    except (ValueError, RuntimeError, NotImplementedError):  # not in the main thread: the caller stops the simulation
        yield
        return
    try:
        yield
    finally:
        restore()
