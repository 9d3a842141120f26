"""`manage.py clean_up`: deletes dead tokens, tries and sessions; for a daily schedule."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from parental.tokens.cleaning import clean_up


class Command(BaseCommand):
    help = (
        "Delete log-ins whose tokens are all expired, players' tokens that have been dead for 90 days, ended counts of"
        " password tries and expired sessions. In short batches: it may run while the service does."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        for kind, count in clean_up(now=timezone.now()).items():
            self.stdout.write(f"{kind.replace('_', ' ')}: {count}")
