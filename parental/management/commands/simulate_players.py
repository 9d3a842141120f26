"""`manage.py simulate_players`: real HTTP players against a running server, and a check of what it counted."""

import importlib.util
import secrets
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

DEFAULT_MINUTES = 60


class Command(BaseCommand):
    help = (
        "Run simulated players over HTTP and check that the server counted every second exactly once. Needs the"
        " server's database (DATABASE_URL) to create their families and to check. Exits with status 1 if a second is"
        " lost or counted twice, or an answer is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="URL of the server (default: %(default)s)")
        parser.add_argument("--players", type=_positive, default=40, help="number of players (default: %(default)s)")
        parser.add_argument(
            "--speed",
            type=_speed,
            default=60.0,
            help="how many times faster than real time; 1 is a heartbeat every 30 s (default: 60)",
        )
        parser.add_argument(
            "--minutes",
            type=_positive,
            default=DEFAULT_MINUTES,
            help="maximum minutes of viewing per player (default: %(default)s)",
        )
        parser.add_argument(
            "--plans",
            type=_share,
            default=0.0,
            help="share of the children who have a week plan, from 0 to 1 (default: 0)",
        )
        parser.add_argument("--seed", type=int, help="repeat the players' choices from an earlier run")

    def handle(self, *_args: object, **options: Any) -> None:
        if importlib.util.find_spec("httptools") is None:
            raise CommandError("The package httptools is not installed. Run `make setup`.")
        from parental.demo.players import report, simulation

        seed = secrets.randbelow(10**6) if options["seed"] is None else options["seed"]
        plan = simulation.Plan(
            url=options["url"],
            players=options["players"],
            speed=options["speed"],
            minutes=options["minutes"],
            seed=seed,
            plans=options["plans"],
        )
        self.stdout.write(f"{plan.players} players watching at {plan.url}, seed {seed}. Press Ctrl-C to stop early.")
        outcome = simulation.run(plan, self.stdout)
        self.stdout.write(report.summary(outcome))
        if not outcome.is_clean:
            raise CommandError("The players found errors or differences, listed above.")


def _positive(text: str) -> int:
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is not a whole number greater than 0")


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0
    if 0 < speed <= 3000:
        return speed
    raise ArgumentTypeError(f"{text!r} is not a number greater than 0 and at most 3000")


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1
    if 0 <= share <= 1:
        return share
    raise ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
