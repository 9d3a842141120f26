"""`manage.py seed_demo`: the demo's families and their history, for development only."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from parental.demo.families.families import PARENT_EMAIL, PASSWORD, PIN, STAFF_EMAIL
from parental.demo.families.seeding import seed


class Command(BaseCommand):
    help = (
        "Make the demo's accounts, families, titles and five weeks of history. What exists is left as it is; run on a"
        " later day, it adds the days since. Refused when DEBUG is off: everyone knows these passwords."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("DEBUG is off: accounts whose passwords everyone knows belong on no real service.")
        self.stdout.write(f"{seed(now=timezone.now())}.")
        self.stdout.write(f"Log in as {PARENT_EMAIL} or {STAFF_EMAIL}, password {PASSWORD}, PIN {PIN}.")
