"""How often something may be tried or asked for: for a subject (an account, an address), from a source, or both.

Counted in PostgreSQL, so that the bound is exact in parallel, for all workers and hosts together, and survives a
restart. What a count bounds (a password's hash, a mail) takes far longer than its one statement. The sessions
that a profile begins are counted by the statement that begins them (`viewing/heartbeats/sql.py`), and wrong PINs in a
row by their guards (`parental/pins/guards.py`), which the parent sees and lifts.

A window begins with the first try and lasts its time, whatever follows.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import transaction
from django.db.models import F

from parental.limiter import sql
from parental.models import LimiterCount
from viewing.errors import Code, Refusal

MAX_PRUNED: Final = 100


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `max_count` (up to 30,000) within the window. The name must not change, or counts begin again."""

    name: str
    max_count: int
    window: timedelta


class Bound(NamedTuple):
    """What is counted: a limit, for this subject, from this source; "" where one of them does not matter."""

    limit: Limit
    subject: str = ""
    source: str = ""

    @property
    def key(self) -> bytes:
        return hashlib.sha256("\0".join((self.limit.name, self.source, self.subject)).encode()).digest()


def from_source(limit: Limit, source: str) -> list[Bound]:
    """The bound of a source; none where the source is not known (`sources.source_of`)."""
    return [Bound(limit, source=source)] if source else []


def take(bounds: Iterable[Bound], *, now: datetime) -> int | None:
    """Count one try for each bound; the first that is exceeded ends it: the seconds until it may go on. None: it may.

    The try is counted before it happens, so that parallel ones cannot slip through. What a later bound counts, a try
    that an earlier one refused does not use up.
    """
    for bound in bounds:
        limit = bound.limit
        count, ends_at = sql.add(bound.key, max_count=limit.max_count, now=now, window_ends_at=now + limit.window)
        if count > limit.max_count:
            return max(1, math.ceil((ends_at - now).total_seconds()))
        if count == 1:
            _prune(now=now)
    return None


def require(bounds: Iterable[Bound], *, code: Code, detail: str | None = None, now: datetime) -> None:
    """`take`, or a Refusal 429 with the time to wait."""
    seconds = take(bounds, now=now)
    if seconds is not None:
        raise Refusal(code, detail, retry_after_seconds=seconds)


def give_back(bound: Bound) -> None:
    """Do not count one try after all."""
    LimiterCount.objects.filter(pk=bound.key, count__gt=0).update(count=F("count") - 1)


def clear(bounds: Sequence[Bound]) -> None:
    """Count from 0 again."""
    if bounds:
        LimiterCount.objects.filter(pk__in=[bound.key for bound in bounds]).delete()


def _prune(*, now: datetime) -> None:
    """Each row that comes takes up to a hundred along that have ended: the table stays as small as what is running."""
    with transaction.atomic():
        ended = LimiterCount.objects.filter(window_ends_at__lte=now).select_for_update(skip_locked=True)
        keys = list(ended.order_by("window_ends_at").values_list("pk", flat=True)[:MAX_PRUNED])
        if keys:
            LimiterCount.objects.filter(pk__in=keys).delete()
