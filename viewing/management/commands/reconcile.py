"""`manage.py reconcile`: checks that balances are the sums of their sessions. To be run daily."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from viewing.reports import reconcile

MAX_DAYS = 400


class Command(BaseCommand):
    help = (
        "Compare each balance of a viewing day with that day's sessions, and report every second of difference."
        " Exits with status 1 if there is any. Reads one snapshot and writes no viewing data, so it can run while the"
        " service is running."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        days = parser.add_mutually_exclusive_group()
        days.add_argument("--day", type=_day, help="one viewing day, such as 2026-03-29")
        days.add_argument("--days", type=_days, default=2, help="number of days up to today, in UTC (default: 2)")
        parser.add_argument("--profile", type=_profile, help="ID of a single profile; the result is not stored")

    def handle(self, *_args: object, **options: Any) -> None:
        now = timezone.now()
        last = options["day"] or now.date()
        count = 1 if options["day"] else options["days"]
        difference_seconds = 0
        for day in (last - timedelta(days=back) for back in reversed(range(count))):
            found = reconcile.compare(day, profile_id=options["profile"])
            if options["profile"] is None:
                reconcile.keep(found, now=now)
            difference_seconds += found.difference_seconds
            self._report(found)
        if difference_seconds:
            raise CommandError(f"{difference_seconds} s of difference.")

    def _report(self, found: reconcile.Comparison) -> None:
        self.stdout.write(
            f"{found.day}: {found.profiles} profiles, {found.sessions} sessions,"
            f" {found.difference_seconds} s of difference ({found.duration_ms:.0f} ms)"
        )
        for row in found.differences:
            self.stdout.write(
                f"    {row.profile_id}: counted {row.used_seconds:+} s, educational {row.educational_seconds:+} s"
            )
        if (more := found.differing_profiles - len(found.differences)) > 0:
            self.stdout.write(f"    and {more} more profiles")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a date such as 2026-03-29") from None


def _days(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= MAX_DAYS:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MAX_DAYS}")


def _profile(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a profile ID") from None
