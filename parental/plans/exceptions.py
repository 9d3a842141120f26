"""Exceptions from week plans: dated changes that end by themselves (docs/contract.md#exceptions)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from parental.plans import storage
from parental.plans.exception_schemas import ExceptionChangeIn, ExceptionIn, ExceptionOut, changes_out
from viewing import rules
from viewing.errors import Refusal, access_denied
from viewing.models import PlanException, Profile, ViewingTimeConfig
from viewing.rules.documents import read_changes, write_changes

MAX_AHEAD: Final = 300
MAX_DAYS: Final = 366
FURTHEST: Final = timedelta(days=3 * 366)
ONE_DAY: Final = timedelta(days=1)


def listing(
    user_id: UUID, *, from_date: date | None, to_date: date | None, profile_id: UUID | None, now: datetime
) -> list[ExceptionOut]:
    """The exceptions that cover any of the dates, by their first; those of a child and of every child.

    The dates default to those that run and those ahead. Refusal 422: more than 400 days; 503: not available.
    """
    storage.require_plans()
    first = from_date or now.astimezone(UTC).date() - ONE_DAY
    if to_date is not None and not timedelta() <= to_date - first <= timedelta(days=400):
        raise Refusal("invalid", "Date range must not exceed 400 days")
    found = PlanException.objects.filter(user_id=user_id, to_date__gte=first)
    if to_date is not None:
        found = found.filter(from_date__lte=to_date)
    if profile_id is not None:
        found = found.filter(Q(profile_id=profile_id) | Q(profile_id=None))
    return [answer(exception) for exception in found.order_by("from_date", "created_at", "id")]


@transaction.atomic
def make(user_id: UUID, body: ExceptionIn, *, now: datetime, once: bool = False) -> ExceptionOut:
    """A new exception, in force with the next heartbeat where it holds today; `once`: unless there is the same already.

    Refusal 403: not the account's profile; 409: too many; 422: an adult's profile, bad dates, or nothing is changed;
    503: not available.
    """
    storage.require_plans()
    changes = write_changes(body.changes.changes())
    storage.lock_family(user_id)
    configs = _children(user_id, body.profile_id, now=now)
    today = _today(configs, now=now)
    to_date = body.to_date or body.from_date
    _check_dates(body.from_date, to_date, today=today)
    columns: dict[str, Any] = {
        "user_id": user_id,
        "profile_id": body.profile_id,
        "from_date": body.from_date,
        "to_date": to_date,
        "name": body.name,
        "source": body.source,
        "changes": changes,
    }
    if once and (same := PlanException.objects.filter(**columns).first()) is not None:
        return answer(same)
    if PlanException.objects.filter(user_id=user_id, to_date__gte=today).count() >= MAX_AHEAD:
        raise Refusal("too_many", f"A family can have at most {MAX_AHEAD} exceptions ahead")
    made = PlanException.objects.create(**columns, created_at=now)
    _changed(configs, None, made, user_id=user_id, now=now)
    return answer(made)


@transaction.atomic
def change(user_id: UUID, exception_id: UUID, body: ExceptionChangeIn, *, now: datetime) -> ExceptionOut:
    """Change an exception. Of one that runs since an earlier day, new `changes` hold from today, as a new exception.

    Refusal 404: no such exception of the account; 409: the past would change; 422 and 503 as `make`.
    """
    storage.require_plans()
    storage.lock_family(user_id)
    exception = _find(user_id, exception_id)
    configs = _children(user_id, exception.profile_id, now=now)
    today = _today(configs, now=now)
    given = body.model_fields_set
    to_date = body.to_date if "to_date" in given else exception.to_date
    if exception.to_date < today or to_date < today - ONE_DAY:
        raise Refusal("past")
    name = body.name if "name" in given else exception.name
    changes = write_changes(body.changes.changes()) if "changes" in given else exception.changes
    if changes != exception.changes and exception.from_date < today <= to_date:
        _check_dates(today, to_date, today=today)
        _end(exception, today, configs, user_id=user_id, now=now)
        made = PlanException.objects.create(
            user_id=user_id,
            profile_id=exception.profile_id,
            from_date=today,
            to_date=to_date,
            name=name,
            source=exception.source,
            changes=changes,
            created_at=now,
        )
        _changed(configs, None, made, user_id=user_id, now=now)
        return answer(made)
    if to_date < exception.from_date or (to_date - exception.from_date).days > MAX_DAYS:
        raise Refusal("invalid", _DATES)
    before = answer(exception)
    exception.to_date, exception.name, exception.changes = to_date, name, changes
    if answer(exception) != before:
        exception.save(update_fields=["to_date", "name", "changes"])
        _changed(configs, before, exception, user_id=user_id, now=now)
    return answer(exception)


@transaction.atomic
def end(user_id: UUID, exception_id: UUID, *, now: datetime) -> None:
    """Delete an exception; one that runs since an earlier day ends yesterday, one that is over stays as it is.

    Refusal 404: no such exception of the account; 503: not available.
    """
    storage.require_plans()
    storage.lock_family(user_id)
    exception = _find(user_id, exception_id)
    configs = _children(user_id, exception.profile_id, now=now)
    today = _today(configs, now=now)
    if exception.from_date >= today:
        before = answer(exception)
        exception.delete()
        _changed(configs, before, None, user_id=user_id, now=now)
    elif exception.to_date >= today:
        _end(exception, today, configs, user_id=user_id, now=now)


_DATES: Final = f"An exception lasts at most {MAX_DAYS} days and begins at most three years ahead"


def _check_dates(from_date: date, to_date: date, *, today: date) -> None:
    if from_date < today:
        raise Refusal("invalid", "An exception must not begin in the past")
    if not timedelta() <= to_date - from_date <= timedelta(days=MAX_DAYS) or from_date - today > FURTHEST:
        raise Refusal("invalid", _DATES)


def _find(user_id: UUID, exception_id: UUID) -> PlanException:
    found: QuerySet[PlanException] = PlanException.objects.filter(pk=exception_id, user_id=user_id)
    exception = found.first()
    if exception is None:
        raise Refusal("not_found", "Exception not found")
    return exception


def _children(user_id: UUID, profile_id: UUID | None, *, now: datetime) -> list[ViewingTimeConfig]:
    if profile_id is None:
        return storage.lock_children(user_id, now=now)
    profile = Profile.objects.filter(pk=profile_id, user_id=user_id).first()
    if profile is None:
        raise access_denied()
    if not profile.is_kids:
        raise Refusal("not_kids")
    return storage.lock_children(user_id, [profile_id], now=now)


def _today(configs: list[ViewingTimeConfig], *, now: datetime) -> date:
    """The running day of the children, the earliest of them; without children that of UTC."""
    days = (rules.viewing_day(config.schedule, now=now) for config in configs)
    return min(days, default=now.astimezone(UTC).date())


def _end(
    exception: PlanException, today: date, configs: list[ViewingTimeConfig], *, user_id: UUID, now: datetime
) -> None:
    """What held, held: it ends yesterday."""
    before = answer(exception)
    exception.to_date = today - ONE_DAY
    exception.save(update_fields=["to_date"])
    _changed(configs, before, exception, user_id=user_id, now=now)


def _changed(
    configs: list[ViewingTimeConfig],
    before: ExceptionOut | None,
    after: PlanException | None,
    *,
    user_id: UUID,
    now: datetime,
) -> None:
    shown = (_audited(before), _audited(None if after is None else answer(after)))
    for config in configs:
        storage.audit(config, {"exception": shown}, user_id=user_id, now=now)
    storage.raise_versions(configs, now=now)


def _audited(exception: ExceptionOut | None) -> object:
    return None if exception is None else exception.model_dump(mode="json", exclude={"created_at", "profile_id"})


def answer(exception: PlanException) -> ExceptionOut:
    """The exception as the API shows it."""
    return ExceptionOut(
        id=exception.pk,
        profile_id=exception.profile_id,
        from_date=exception.from_date,
        to_date=exception.to_date,
        name=exception.name,
        source=exception.source,
        changes=changes_out(read_changes(exception.changes)),
        created_at=exception.created_at,
    )
