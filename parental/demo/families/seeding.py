"""All that the demo needs in the database, in one transaction; a second time only what is missing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from parental.children import limits
from parental.demo.families.families import FAMILIES, ensure_families
from parental.demo.families.history import HISTORY, write_on
from parental.demo.families.plans import ensure_plans
from parental.demo.families.titles import ensure_titles
from viewing.models import Profile, ViewingSession, ViewingTimeBalance

# The dashboard asks to review the defaults of this one.
UNREVIEWED: Final = "Noa"


@dataclass(frozen=True, slots=True)
class Seeded:
    """How much of the demo there is; of the sessions, how many were added now."""

    accounts: int
    profiles: int
    titles: int
    new_sessions: int

    def __str__(self) -> str:
        return (
            f"{self.accounts} accounts, {self.profiles} profiles, {self.titles} titles,"
            f" {self.new_sessions:,} sessions added"
        )


@transaction.atomic
def seed(*, now: datetime) -> Seeded:
    """Make the demo's accounts, families, titles and history. Raises CommandError where an address is taken."""
    titles = ensure_titles()
    # Older than anything that they watched.
    profiles = ensure_families(now=now, born=HISTORY + timedelta(days=1))
    _review(profiles, now=now - HISTORY)
    written = write_on(profiles, titles, now=now)
    ViewingSession.objects.bulk_create(written.sessions, batch_size=1000)
    ViewingTimeBalance.objects.bulk_create(written.balances, batch_size=1000)
    ensure_plans(now=now)
    return Seeded(len(FAMILIES), len(profiles), len(titles), len(written.sessions))


def _review(profiles: list[Profile], *, now: datetime) -> None:
    for profile in profiles:
        if profile.is_kids and profile.name != UNREVIEWED:
            limits.confirm(profile.id, user_id=profile.user_id, now=now)
