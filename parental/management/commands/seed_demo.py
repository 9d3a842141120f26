"""`manage.py seed_demo`: the demo's families and their history, for development only."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from parental.demo.families.families import PARENT_EMAIL, PASSWORD, PIN, STAFF_EMAIL
from parental.demo.families.seeding import seed


class Command(BaseCommand):
    help = (
        "Create the demo's accounts, families, titles and five weeks of history. Existing data is left unchanged;"
        " on a later day, it adds the days since. Refused when DEBUG is off, because the demo passwords are public."
    )

    def handle(self, *_args: object, **_options: object) -> None:
        if not settings.DEBUG:
            raise CommandError("Refusing to seed: DEBUG is off and the demo passwords are public.")
        self.stdout.write(f"{seed(now=timezone.now())}.")
        self.stdout.write(f"Log in as {PARENT_EMAIL} or {STAFF_EMAIL}, password {PASSWORD}, PIN {PIN}.")
