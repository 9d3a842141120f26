"""What history and weekly report share: the days asked for, and the sessions of those viewing days."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from viewing.errors import Refusal
from viewing.models import ViewingSession

DEFAULT_DAYS_OFF: Final = timedelta(days=30)
MAX_DAYS_OFF: Final = timedelta(days=90)
# How far from its date, in UTC, a viewing day's sessions may begin. No zone is more than 16 h ahead of UTC; a day ends
# up to 35 h after its date, and later where it is held (rules.hold).
EARLIEST: Final = timedelta(days=1)
LATEST: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Period:
    """Viewing days, the first and the last one included."""

    from_date: date
    to_date: date

    @property
    def since(self) -> datetime:
        """Their sessions begin at this UTC instant or later …"""
        return _midnight(shifted(self.from_date, -EARLIEST))

    @property
    def until(self) -> datetime:
        """… and before this one. Wider than the days, which `ViewingSession.day` decides: this is for the index."""
        return _midnight(shifted(self.to_date, timedelta(days=1) + LATEST))

    def dates(self) -> list[date]:
        """Every date of it, oldest first."""
        return [self.from_date + timedelta(days=n) for n in range((self.to_date - self.from_date).days + 1)]


def asked_period(*, from_date: date | None, to_date: date | None, today: date) -> Period:
    """The days of a history (docs/contract.md#history); `today` is the profile's running viewing day. Refusal 422.

    Neither given: today and the 30 days before it. One alone: the other lies 30 days off.
    """
    if to_date is None:
        to_date = today if from_date is None else shifted(from_date, DEFAULT_DAYS_OFF)
    if from_date is None:
        from_date = shifted(to_date, -DEFAULT_DAYS_OFF)
    if from_date > to_date:
        raise Refusal("invalid", "from_date must not be after to_date")
    if to_date - from_date > MAX_DAYS_OFF:
        raise Refusal("invalid", "Date range must not exceed 90 days")
    return Period(from_date, to_date)


def shifted(day: date, by: timedelta) -> date:
    """The date so far off, or the calendar's first or last one where it ends before."""
    with suppress(OverflowError):
        return day + by
    return date.max if by > timedelta() else date.min


def sessions_of(profile_id: UUID, period: Period) -> QuerySet[ViewingSession]:
    """The profile's sessions on these viewing days. Index: session_profile_started_idx.

    A session's `day`, written when it begins, is its viewing day in whatever zone the profile then had.
    """
    return ViewingSession.objects.filter(
        profile=profile_id,
        started_at__gte=period.since,
        started_at__lt=period.until,
        day__gte=period.from_date,
        day__lte=period.to_date,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
