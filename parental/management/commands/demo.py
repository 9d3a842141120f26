"""`manage.py demo`: everything from an empty database to players that watch, in one command (`make demo`)."""

import importlib.util
import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils import timezone

from parental.demo.families.families import PARENT_EMAIL, PASSWORD, PIN, STAFF_EMAIL
from parental.demo.families.seeding import seed
from parental.demo.platform import ensure_platform
from parental.demo.server import Server, check_host, check_port

NEEDED: Final = ("gunicorn", "uvicorn_worker", "httptools")
MINUTES: Final = 60
# The share of simulated children who have a week plan.
PLANS: Final = 0.4
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the environment says."""

    host: str
    port: int
    workers: int
    players: int
    speed: float
    must_exit: bool


class Command(BaseCommand):
    help = (
        "Set up the database, start the server, run simulated players, and serve until Ctrl-C. Reads PORT (8000),"
        " WORKERS (1), PLAYERS (40; 0: none), SPEED (60: a heartbeat every half second) and BIND (127.0.0.1) from the"
        " environment; DEMO_EXIT=true exits after the players' summary. Exits with status 1 if the players find that"
        " the server counted wrong."
    )

    def handle(self, *_args: object, **_options: object) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "Refusing to start the demo: DEBUG is off and the demo passwords are public. Run `make demo`."
            )
        choices = _choices()
        _check_packages()
        check_host(choices.host)
        check_port(choices.host, choices.port)
        folder = Path(settings.BASE_DIR)
        log = Path(os.environ.get("SANDGLASS_VAR") or folder / "var") / "demo-server.log"
        server = Server(host=choices.host, port=choices.port, workers=choices.workers, folder=folder, log=log)
        is_clean = True
        with _signals_as_interrupts():
            try:
                service_token = self._prepare()
                self._start(server, choices, service_token)
                is_clean = self._play(server, choices)
            except KeyboardInterrupt:
                self.stdout.write("")
            finally:
                if server.was_started:
                    self.stdout.write("Stopping the server.")
                    server.stop()
        if not is_clean:
            raise CommandError("The players found errors or differences, listed in the summary above.")

    def _prepare(self) -> str:
        """Fill the database; a service token to try."""
        call_command("migrate", verbosity=0, interactive=False)
        where = "embedded PostgreSQL" if settings.EMBEDDED_DATABASE else "from DATABASE_URL"
        self.stdout.write(f"Database   {where}, migrated")
        self.stdout.write(f"Demo data  {seed(now=timezone.now())}")
        service_token = ensure_platform(now=timezone.now())
        connections.close_all()
        return service_token

    def _start(self, server: Server, choices: Choices, service_token: str) -> None:
        plural = "" if choices.workers == 1 else "s"
        self.stdout.write(f"Server     {choices.workers} worker{plural}, logging to {server.log}")
        server.start()
        server.wait_until_ready()
        self.stdout.write(_box(_addresses(server.url, service_token)))

    def _play(self, server: Server, choices: Choices) -> bool:
        """Let the players watch, then serve on; whether the players found everything right."""
        is_clean = True
        if choices.players:
            from parental.demo.players import report, simulation

            seed = secrets.randbelow(10**6)
            plan = simulation.Plan(server.url, choices.players, choices.speed, MINUTES, seed, plans=PLANS)
            self.stdout.write(
                f"Players    {plan.players} watching at {plan.speed:g} times real speed; press Ctrl-C to stop"
            )
            outcome = simulation.run(plan, self.stdout)
            self.stdout.write(report.summary(outcome))
            is_clean = outcome.is_clean
            if outcome.was_stopped:
                return is_clean
        if not choices.must_exit:
            self._serve(server)
        return is_clean

    def _serve(self, server: Server) -> None:
        self.stdout.write(f"Serving at {server.url} until Ctrl-C.")
        while not server.has_ended():
            time.sleep(0.5)
        raise CommandError(f"The server stopped unexpectedly.\n{server.last_words()}")


def _choices() -> Choices:
    return Choices(
        host=os.environ.get("BIND") or "127.0.0.1",
        port=_number("PORT", 8000, minimum=1, maximum=65535),
        workers=_number("WORKERS", 1, minimum=1, maximum=64),
        players=_number("PLAYERS", 40, minimum=0, maximum=20_000),
        speed=_number("SPEED", 60, minimum=1, maximum=3000),
        must_exit=_flag("DEMO_EXIT"),
    )


def _number(name: str, default: int, *, minimum: int, maximum: int) -> int:
    text = os.environ.get(name, "").strip() or str(default)
    if text.isdecimal() and minimum <= int(text) <= maximum:
        return int(text)
    raise CommandError(f"{name} must be a whole number from {minimum} to {maximum}, not {text!r}.")


def _flag(name: str) -> bool:
    text = os.environ.get(name, "").strip().lower()
    if text in ("", "0", "false", "no", "off", "1", "true", "yes", "on"):
        return text in ("1", "true", "yes", "on")
    raise CommandError(f"{name} must be true or false, not {text!r}.")


def _check_packages() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise CommandError(f"Missing packages: {', '.join(missing)}. Run `make setup` to install them.")


@contextmanager
def _signals_as_interrupts() -> Iterator[None]:
    """Whatever asks us to end does so as Ctrl-C does: the server must be stopped first."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _addresses(url: str, service_token: str) -> list[str]:
    return [
        "Sandglass is running.",
        "",
        f"Parents    {url}/",
        f"Player     {url}/player/",
        f"API        {url}/api/v1/docs",
        f"Admin      {url}/admin/",
        f"Figures    {url}/admin/perfmetrics/minutefigures/",
        f"Health     {url}/health",
        "",
        f"Parent     {PARENT_EMAIL}",
        f"Staff      {STAFF_EMAIL}",
        f"Password   {PASSWORD}",
        f"PIN        {PIN}",
        f"Service    {service_token}",
    ]


def _box(lines: list[str]) -> str:
    width = max(map(len, lines))
    middle = [f"│ {line:<{width}} │" for line in lines]
    return "\n".join([f"┌{'─' * (width + 2)}┐", *middle, f"└{'─' * (width + 2)}┘"])
