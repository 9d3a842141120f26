"""`manage.py erase`: erases what is due, lists what was erased, and erases it again after a backup was restored."""

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from parental.events.record import SYSTEM
from parental.models import Erasure, User
from parental.privacy import erasing, erasures
from viewing.errors import Refusal
from viewing.models import Profile

# While a deliverer, or a delivery about to be sent, holds the last step.
PAUSE_SECONDS = 1.0


class Command(BaseCommand):
    help = (
        "Erase the accounts and profiles whose grace is over, as the deliverer does. With --list: print what was erased"
        " in the last 60 days. With --again FILE: erase what such a list names, after a backup was restored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--list", action="store_true", help="print 'kind id' of each erasure, one per line")
        group.add_argument("--again", metavar="FILE", help="a list, - for standard input")

    def handle(self, *_args: object, **options: Any) -> None:
        if options["list"]:
            self._list()
            return
        if options["again"]:
            self._plan_again(options["again"])
        erased = self._run()
        self.stdout.write(f"Erased: {erased}")

    def _list(self) -> None:
        done = Erasure.objects.filter(done_at__isnull=False, subject_id__isnull=False).order_by("done_at")
        for kind, subject_id in done.values_list("kind", "subject_id"):
            self.stdout.write(f"{kind} {subject_id}")

    def _plan_again(self, file: str) -> None:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        for line in text.splitlines():
            if line.strip():
                self._plan(line)

    def _plan(self, line: str) -> None:
        kind, _, written = line.strip().partition(" ")
        try:
            subject_id = UUID(written)
        except ValueError as error:
            raise CommandError(f"Not 'kind id': {line!r}") from error
        now = timezone.now()
        try:
            if kind == erasures.ACCOUNT and User.objects.filter(pk=subject_id).exists():
                erasures.ask_for_account(subject_id, actor=SYSTEM, now=now, at=now)
            elif kind == erasures.PROFILE and (profile := Profile.everyone.filter(pk=subject_id).first()):
                erasures.ask_for_profile(profile.user_id, subject_id, actor=SYSTEM, now=now, at=now)
        except Refusal as refusal:
            raise CommandError(f"{line}: {refusal.detail}") from refusal
        Erasure.objects.filter(subject_id=subject_id, done_at__isnull=True).update(erase_at=now)

    def _run(self) -> int:
        """Until nothing is due: how many were erased by whomever."""
        began = timezone.now()
        while erasing.run_step(now=timezone.now()) or self._is_waiting():
            pass
        return Erasure.objects.filter(done_at__gte=began).count()

    def _is_waiting(self) -> bool:
        waiting = Erasure.objects.filter(done_at__isnull=True, erase_at__lte=timezone.now()).exists()
        if waiting:
            time.sleep(PAUSE_SECONDS)
        return waiting
