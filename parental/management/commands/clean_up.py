"""`manage.py clean_up`: deletes dead tokens, tries and sessions; for a daily schedule."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from parental.tokens.cleaning import clean_up


class Command(BaseCommand):
    help = (
        "Delete logins whose tokens have all expired, player tokens that have been dead for 90 days, ended counts of"
        " password attempts, expired sessions, and children's requests of more than 90 days ago. Works in short"
        " batches, so it can run while the service is running."
    )

    def handle(self, *_args: object, **_options: object) -> None:
        for kind, count in clean_up(now=timezone.now()).items():
            self.stdout.write(f"{kind.replace('_', ' ')}: {count}")
