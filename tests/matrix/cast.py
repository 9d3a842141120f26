"""The cast of the matrix: two families, a gateway and staff. Every kind of caller is in `callers.py`."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone

from parental.automations import api_tokens
from parental.automations.api_tokens import MadeToken
from parental.models import TimeGrant, TimeRequest, TokenFamily
from tests.families import Gateway, Player, make_gateway, make_player
from tests.parental.cast import Parent, log_in, make_parent
from viewing.models import PlanException, ViewingSession


@dataclass
class Family:
    parent: Parent
    child: Player
    sibling: Player
    session: ViewingSession
    grant: TimeGrant
    exception: PlanException
    api_token: MadeToken
    request: TimeRequest
    # A login that no caller of the matrix uses.
    spare: Parent

    @cached_property
    def ids(self) -> dict[str, str]:
        """The value of each variable part of a path. A new kind of id needs one here."""
        return {
            "profile_id": str(self.child.profile.id),
            "session_id": str(self.session.id),
            "token_id": str(self.child.token_id),
            "grant_id": str(self.grant.id),
            "exception_id": str(self.exception.id),
            "request_id": str(self.request.id),
            "login_id": str(self.spare_login.id),
            "api_token_id": str(self.api_token.token_id),
            "title_id": str(self.child.title.id),
            "user_code": "BBBB-BBBB",  # no screen shows it
            # The platform's own ids, of an account that it has not made yet.
            "external_id": f"account-{self.child.profile.id}",
            "profile_external_id": f"profile-{self.child.profile.id}",
        }

    @property
    def spare_login(self) -> TokenFamily:
        return TokenFamily.objects.filter(user=self.parent.user).order_by("-created_at").first()  # type: ignore[return-value]


def make_family() -> Family:
    """A parent with a PIN-less account, two children, a running session, a grant of today and an exception ahead."""
    parent = make_parent()
    child, sibling = make_player(parent.user), make_player(parent.user)
    now = timezone.now()
    session = ViewingSession.objects.create(
        profile=child.profile,
        title=child.title,
        device_id="tv",
        device_type="tv",
        day=now.date(),
        started_at=now,
        last_heartbeat_at=now,
    )
    child.use_up(60)
    grant = TimeGrant.objects.create(
        profile=child.profile, granted_by=parent.user, is_remote=True, minutes=30, day=now.date()
    )
    ahead = now.date() + timedelta(days=2)
    exception = PlanException.objects.create(
        user=parent.user,
        profile=child.profile,
        from_date=ahead,
        to_date=ahead,
        name="Trip",
        source="manual",
        changes={"bedtime": None},
    )
    in_an_hour = now + timedelta(hours=1)
    request = TimeRequest.objects.create(profile=child.profile, minutes=30, day=now.date(), expires_at=in_an_hour)
    token, spare = make_api_token(parent.user), log_in(parent.user)
    return Family(parent, child, sibling, session, grant, exception, token, request, spare)


def make_api_token(user: Any) -> MadeToken:
    return api_tokens.make(user.pk, name="Kitchen display", now=timezone.now())


@dataclass
class Cast:
    family: Family
    stranger: Family
    gateway: Gateway
    staff: Parent
    superuser: Parent


def make_cast() -> Cast:
    """Fresh for each operation: what one call changes is not seen by another."""
    return Cast(
        family=make_family(),
        stranger=make_family(),
        gateway=make_gateway(),
        staff=make_parent(is_staff=True),
        superuser=make_parent(is_staff=True, is_superuser=True),
    )
