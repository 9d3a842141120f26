"""Deleting what is to be erased, in short steps: by the deliverer, or by `manage.py erase`.

Each step is one transaction of at most 1,000 rows that holds the erasure, so any number of processes may work, and one
that is killed loses nothing. A heartbeat that slipped in makes the last step fail on its foreign key; the steps begin
again then.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, transaction
from django.db.models import Model, Q, TextField
from django.db.models.functions import Cast

from parental.deliver.models import Delivery, DeliveryState
from parental.events.record import SYSTEM, record, report
from parental.models import AuditEntry, Erasure, SettingsChange, TimeGrant, User
from parental.privacy.erasures import ACCOUNT_ERASED, CHILD_ERASED, PROFILE
from viewing.hotpath import invalidation
from viewing.models import OutboxEvent, PlayerToken, Profile, ViewingSession, ViewingTimeBalance
from viewing.outbox.outbox import Subject, happened

log = structlog.stdlib.get_logger(__name__)

BATCH: Final = 1000
# After a step that failed for a reason of ours: others are not kept waiting.
POSTPONED: Final = timedelta(hours=1)
# In the heartbeats' order; whatever else there is of a profile is deleted with its row.
TABLES: Final[Sequence[type[Model]]] = (
    ViewingSession,
    ViewingTimeBalance,
    TimeGrant,
    SettingsChange,
    AuditEntry,
    PlayerToken,
)


def run_step(*, now: datetime) -> bool:
    """Do a step of the erasure that has been due for longest: whether there may be more to do now."""
    try:
        with transaction.atomic():
            due = Erasure.objects.filter(done_at__isnull=True, erase_at__lte=now).order_by("erase_at")
            erasure = due.select_for_update(skip_locked=True, no_key=True).first()
            return erasure is not None and _step(erasure, now=now)
    except IntegrityError:  # a heartbeat slipped in
        return True


def postpone(*, now: datetime) -> None:
    """Put the erasure that has been due for longest, whose step failed, behind the others."""
    due = Erasure.objects.filter(done_at__isnull=True, erase_at__lte=now).order_by("erase_at").values("pk")[:1]
    Erasure.objects.filter(pk__in=due).update(erase_at=now + POSTPONED)


def _step(erasure: Erasure, *, now: datetime) -> bool:
    subject_id, account_id = erasure.subject_id, erasure.account_id
    assert subject_id is not None  # noqa: S101 — both are kept until it is done
    assert account_id is not None  # noqa: S101
    is_profile = erasure.kind == PROFILE
    of_subject = Q(pk=subject_id) if is_profile else Q(user_id=subject_id)
    profile_ids = list(Profile.everyone.filter(of_subject).values_list("pk", flat=True))
    erasure.begun_at = erasure.begun_at or now
    for table in TABLES:
        if deleted := _delete_batch(table, profile_ids):
            name = table._meta.db_table
            erasure.counts[name] = erasure.counts.get(name, 0) + deleted
            erasure.save(update_fields=["begun_at", "counts"])
            return True
    deliveries = _deliveries(erasure)
    if deliveries.filter(state=DeliveryState.SENDING).exists():
        return False  # its claim ends within a minute
    deliveries.filter(state=DeliveryState.WAITING).update(state=DeliveryState.CANCELLED, finished_at=now)
    deliveries.update(body="", family_id=None, profile_id=None, last_answer="")
    LogEntry.objects.filter(object_id__in=[str(id_) for id_ in (*profile_ids, subject_id)]).update(
        object_repr="", change_message=""
    )
    if is_profile:
        _finish_profile(account_id, subject_id, now=now)
    else:
        _finish_account(erasure, account_id, profile_ids, now=now)
    for id_ in profile_ids:
        invalidation.profile_changed(id_)
    erasure.done_at = now
    erasure.save(update_fields=["begun_at", "counts", "done_at"])
    return True


def _delete_batch(table: Any, profile_ids: Sequence[UUID]) -> int:
    ids = list(table.objects.filter(profile_id__in=profile_ids).order_by("pk").values_list("pk", flat=True)[:BATCH])
    if ids:
        table.objects.filter(pk__in=ids).delete()
    return len(ids)


def _deliveries(erasure: Erasure) -> Any:
    """Of the account, by the index; of a profile, those about it. Those that say what was erased still go out."""
    found = Delivery.objects.filter(family_id=erasure.account_id).exclude(type__in=(CHILD_ERASED, ACCOUNT_ERASED))
    return found.filter(profile_id=erasure.subject_id) if erasure.kind == PROFILE else found


def _finish_profile(account_id: UUID, profile_id: UUID, *, now: datetime) -> None:
    profile = Profile.everyone.filter(pk=profile_id).first()
    OutboxEvent.objects.filter(profile_id=profile_id).delete()
    # Entries of the account that name it: that it was asked for, and what staff did.
    named = AuditEntry.objects.filter(family_id=account_id).annotate(text=Cast("data", TextField()))
    named.filter(text__contains=str(profile_id)).delete()
    if profile is None:  # deleted by something else
        return
    profile.delete()
    data = {"is_kids": profile.is_kids, "erased_at": now}
    happened(CHILD_ERASED, Subject(account_id, profile_id), data=data, actor=SYSTEM.for_outbox(), now=now)
    record("erasure_done", user_id=account_id, actor=SYSTEM, now=now, kind=PROFILE.value)


def _finish_account(erasure: Erasure, user_id: UUID, profile_ids: Sequence[UUID], *, now: datetime) -> None:
    user = User.objects.filter(pk=user_id).first()
    OutboxEvent.objects.filter(family_id=user_id).exclude(type=CHILD_ERASED).delete()
    if user is None:
        return
    # In order: a delete of all by the account's would collect each profile's rows in one turn.
    for profile in Profile.everyone.filter(pk__in=profile_ids):
        profile.delete()
    user.delete()
    Erasure.objects.filter(account_id=user_id, done_at__isnull=True).exclude(pk=erasure.pk).update(done_at=now)
    data = {"profile_ids": [str(id_) for id_ in profile_ids], "erased_at": now}
    happened(ACCOUNT_ERASED, Subject(user_id), data=data, actor=SYSTEM.for_outbox(), now=now)
    # No audit entry: there is no account whose it would be.
    transaction.on_commit(lambda: report("erasure_done", user_id=user_id, actor=SYSTEM, kind=erasure.kind))
