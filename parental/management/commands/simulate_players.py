"""`manage.py simulate_players`: real HTTP players against a running server, and a check of what it counted."""

import importlib.util
import secrets
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

DEFAULT_MINUTES = 60


class Command(BaseCommand):
    help = (
        "Let simulated players watch over HTTP and check that the server counted every second once. Needs the"
        " database of that server (DATABASE_URL) to make their families and to check. Exits with 1 when a second is"
        " lost or counted twice, or an answer is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="the server (default: %(default)s)")
        parser.add_argument("--players", type=_positive, default=40, help="how many (default: %(default)s)")
        parser.add_argument(
            "--speed", type=_speed, default=60.0, help="times faster than real; 1: a beat in 30 s (default: 60)"
        )
        parser.add_argument(
            "--minutes",
            type=_positive,
            default=DEFAULT_MINUTES,
            help="minutes of viewing for each player at most (default: %(default)s)",
        )
        parser.add_argument("--seed", type=int, help="repeat the players' choices of an earlier run")

    def handle(self, *_args: Any, **options: Any) -> None:
        if importlib.util.find_spec("httptools") is None:
            raise CommandError("The package httptools is not installed here: run `make setup`.")
        from parental.demo.players import report, simulation  # noqa: PLC0415 — what they need may be missing

        seed = secrets.randbelow(10**6) if options["seed"] is None else options["seed"]
        plan = simulation.Plan(
            url=options["url"],
            players=options["players"],
            speed=options["speed"],
            minutes=options["minutes"],
            seed=seed,
        )
        self.stdout.write(f"{plan.players} players watch at {plan.url}, seed {seed}. Ctrl-C stops them early.")
        outcome = simulation.run(plan, self.stdout)
        self.stdout.write(report.summary(outcome))
        if not outcome.is_clean:
            raise CommandError("The players met errors or differences, listed above.")


def _positive(text: str) -> int:
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is not a whole number above 0")


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0
    if 0 < speed <= 3000:
        return speed
    raise ArgumentTypeError(f"{text!r} is not a number above 0, up to 3000")
