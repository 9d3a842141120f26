"""Where an account is logged in: in apps (by tokens) and on the pages (by sessions); seen and ended alike."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from parental.events.record import for_parent, record
from parental.models import RefreshToken, TokenFamily
from parental.tokens import families
from viewing.errors import Refusal

MAX_LISTED: Final = 100


@dataclass(frozen=True, slots=True)
class Login:
    """One login; `client` is the name of a browser or an app, "" where it is not known."""

    id: UUID
    kind: Literal["app", "page"]
    client: str
    created_at: datetime
    last_used_at: datetime
    is_current: bool


def running(user_id: UUID, *, now: datetime) -> QuerySet[TokenFamily]:
    """The account's logins that still let someone in."""
    tokens = RefreshToken.objects.filter(family=OuterRef("pk"), spent_at__isnull=True, expires_at__gt=now)
    sessions = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=now)
    alive = Exists(tokens) | Exists(sessions)
    return TokenFamily.objects.filter(alive, user_id=user_id, ended_at__isnull=True)


def listing(user_id: UUID, *, current: UUID | None, now: datetime) -> list[Login]:
    """At most 100 logins, the one used last first. One statement."""
    newest = RefreshToken.objects.filter(family=OuterRef("pk")).order_by("-created_at").values("created_at")[:1]
    used = Coalesce(F("last_used_at"), Subquery(newest), F("created_at"))
    rows = running(user_id, now=now).annotate(used_at=used).order_by("-used_at", "pk")[:MAX_LISTED]
    return [
        Login(
            id=row.pk,
            kind="app" if row.session_key is None else "page",
            client=row.client,
            created_at=row.created_at,
            last_used_at=row.used_at,
            is_current=row.pk == current,
        )
        for row in rows
    ]


def log_out(user_id: UUID, login_id: UUID, *, via: str, now: datetime) -> None:
    """The caller ends its own login; again, nothing happens."""
    with transaction.atomic():
        if families.end_families([login_id], now=now):
            record("logout", user_id=user_id, actor=for_parent(user_id), now=now, via=via)


def end(user_id: UUID, login_id: UUID, *, now: datetime) -> None:
    """End a login of the account; again, nothing happens. Refusal 404: another account's, the same as unknown."""
    found = TokenFamily.objects.filter(pk=login_id, user_id=user_id)
    if not found.exists():
        raise Refusal("not_found", "Login not found")
    families.end(found, actor=for_parent(user_id), now=now)


def end_others(user_id: UUID, *, current: UUID | None, now: datetime) -> int:
    """End every login of the account but the current one: how many."""
    others = running(user_id, now=now)
    if current is not None:
        others = others.exclude(pk=current)
    return families.end(others, actor=for_parent(user_id), now=now)
