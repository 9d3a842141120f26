"""Recording an event: in the family's audit and the outbox with the change itself, then in the log and the count."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Final, Literal
from uuid import UUID

import structlog
from django.db import transaction

from parental.events.catalogue import EVENTS
from parental.models import AuditEntry
from perfmetrics.counting import metrics
from viewing.caller import Caller
from viewing.outbox.outbox import Subject, happened

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted; `user_id` is None where no account did. `token_id`: the token of a player."""

    kind: Literal["parent", "player", "staff", "platform", "system", "stranger"]
    user_id: UUID | None = None
    token_id: UUID | None = None

    def for_outbox(self) -> dict[str, object]:
        """The actor of an event in the outbox. Who of the staff it was concerns nobody outside."""
        return {"kind": self.kind, "id": None if self.kind == "staff" else self.user_id or self.token_id}


@dataclass(frozen=True, slots=True)
class Device:
    """The device that an event is about. Its name is in the audit, and not in the log."""

    token_id: UUID
    profile_id: UUID
    name: str


SYSTEM: Final = Actor("system")
STRANGER: Final = Actor("stranger")
# A backend of the platform, by a service token; which one is in the log, with the request.
PLATFORM: Final = Actor("platform")


def for_parent(user_id: UUID) -> Actor:
    return Actor("parent", user_id)


def for_staff(user: Any) -> Actor:
    """A member of staff: the admin's `request.user`."""
    return Actor("staff", user.pk)


def for_caller(caller: Caller) -> Actor:
    if caller.kind == "player":
        return Actor("player", token_id=caller.token_id)
    return for_parent(caller.user_id)


def record(
    name: str, *, user_id: UUID, actor: Actor, now: datetime, device: Device | None = None, **fields: object
) -> None:
    """An event of the account (`user_id`), in the transaction that decides it; `fields` as the catalogue lists them.

    The entry is shown with the child that a device, or `profile_id`, names.
    """
    event = EVENTS[name]
    data = {**fields, "token_id": device.token_id} if device else fields
    profile_id = device.profile_id if device else _profile_id(fields)
    if event.is_audited:
        AuditEntry.objects.create(
            family_id=user_id,
            profile_id=profile_id,
            actor_user_id=actor.user_id,
            actor_kind=actor.kind,
            actor_label=device.name if device else "",
            kind=name,
            data={key: _as_json(value) for key, value in data.items()},
            at=now,
        )
    if event.type:
        happened(
            event.type,
            Subject(user_id, profile_id),
            data=data,
            actor=actor.for_outbox(),
            now=now,
        )
    if "token_id" in event.fields:
        ids = (device.profile_id, device.token_id) if device else (None, None)
        fields |= dict(zip(("profile_id", "token_id"), ids, strict=True))
    transaction.on_commit(partial(report, name, user_id=user_id, actor=actor, **fields))


def _profile_id(fields: Mapping[str, object]) -> UUID | None:
    profile_id = fields.get("profile_id")
    return profile_id if isinstance(profile_id, UUID) else None


def _as_json(value: object) -> object:
    if isinstance(value, date):  # or a datetime
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def report(name: str, *, user_id: UUID | None, actor: Actor, **fields: object) -> None:
    """Log and count an event: no statement, so callable from the event loop."""
    metrics.events.labels(name).inc()
    about: dict[str, object] = {"user_id": user_id, "by": actor.kind, **fields}
    if actor.kind == "staff":
        about["by_user_id"] = actor.user_id
    log.log(LEVELS[EVENTS[name].level], name, **about)


LEVELS: Final = {"info": 20, "warning": 30}
