"""Every kind of caller of the matrix, and what each of them sends with a request. Their cast is in `cast.py`.

A caller is one line of `CALLERS`: a name, its role, and a function of the cast that returns the headers or the query.
What a role may do is in `policies.py`; a caller without a valid token or session has the role `STRANGER`.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest import mock

from django.core.signing import TimestampSigner, b62_encode
from django.utils import timezone

from parental.models import ApiToken, Pin, TokenFamily
from parental.tokens import families, pin_tokens
from tests.families import make_gateway, make_player, make_service, make_user
from tests.http import session_cookies
from tests.matrix.cast import Cast, make_api_token
from tests.matrix.policies import (
    AUTOMATION,
    GATEWAY,
    OTHER_PARENT,
    OTHER_PLAYER,
    PARENT,
    PARENT_SESSION,
    PLAYER,
    SERVICES,
    STAFF,
    STAFF_SESSION,
    STRANGER,
)
from tests.parental.cast import log_in, make_parent
from viewing.models import GatewayToken, PlayerToken, ServiceToken

CSRF = "t" * 32


@dataclass(frozen=True)
class Sent:
    """What a caller sends with each request."""

    headers: Mapping[str, str]
    query: Mapping[str, str]


def by_header(**headers: str) -> Sent:
    return Sent({name.replace("_", "-"): value for name, value in headers.items()}, {})


def bearer(token: str) -> Sent:
    return by_header(Authorization=f"Bearer {token}")


def by_query(name: str, token: str) -> Sent:
    return Sent({}, {name: token})


def by_session(user: Any, *, with_csrf: bool = True) -> Sent:
    session = session_cookies(user)["sessionid"]
    if not with_csrf:
        return by_header(Cookie=f"sessionid={session}")
    return by_header(Cookie=f"sessionid={session}; csrftoken={CSRF}", X_CSRFToken=CSRF)


def expired_access(cast: Cast) -> Sent:
    """Of a login that still runs."""
    two_hours_ago = b62_encode(int(time.time()) - 2 * 60 * 60)
    with mock.patch.object(TimestampSigner, "timestamp", return_value=two_hours_ago):
        return bearer(log_in(cast.family.parent.user).access_token)


def tampered_access(cast: Cast) -> Sent:
    token = cast.family.parent.access_token
    return bearer(token[:-1] + ("A" if token[-1] != "A" else "B"))


def ended_login(cast: Cast) -> Sent:
    parent = log_in(cast.family.parent.user)
    newest = TokenFamily.objects.filter(user=parent.user).order_by("-created_at").first()
    assert newest is not None
    families.end_families([newest.pk], now=timezone.now())
    return bearer(parent.access_token)


def deactivated(user: Any) -> Any:
    user.is_active = False
    user.save(update_fields=["is_active"])
    return user


def deactivated_parent(_cast: Cast) -> Sent:
    parent = make_parent()
    deactivated(parent.user)
    return bearer(parent.access_token)


def player_of_deactivated_parent(_cast: Cast) -> Sent:
    player = make_player(make_user())
    deactivated(player.profile.user)
    return bearer(player.token)


def another_device(cast: Cast, **fields: Any) -> Sent:
    """A token of the child that is not valid any more."""
    player = make_player(cast.family.parent.user)
    PlayerToken.objects.filter(pk=player.token_id).update(profile=cast.family.child.profile, **fields)
    return bearer(player.token)


def invalid_gateway(**fields: Any) -> Sent:
    gateway = make_gateway()
    GatewayToken.objects.filter(pk=gateway.row.pk).update(**fields)
    return bearer(gateway.token)


def invalid_service(**fields: Any) -> Sent:
    service = make_service()
    ServiceToken.objects.filter(pk=service.row.pk).update(**fields)
    return bearer(service.token)


def invalid_api_token(**fields: Any) -> Sent:
    made = make_api_token(make_user())
    ApiToken.objects.filter(pk=made.token_id).update(**fields)
    return bearer(made.token)


def api_token_of_deactivated_parent(_cast: Cast) -> Sent:
    user = make_user()
    made = make_api_token(user)
    deactivated(user)
    return bearer(made.token)


def pin_token(_cast: Cast) -> Sent:
    return bearer(pin_tokens.pin_token(Pin.objects.create(user=make_user(), pin_hash="!")))


@dataclass(frozen=True)
class Caller:
    role: str
    send: Callable[[Cast], Sent]


def ago() -> Any:
    return timezone.now() - timedelta(minutes=5)


CALLERS: dict[str, Caller] = {
    "no token": Caller(STRANGER, lambda cast: by_header()),
    "empty token": Caller(STRANGER, lambda cast: by_header(Authorization="Bearer")),
    "garbage token": Caller(STRANGER, lambda cast: bearer("garbage")),
    "garbage access token": Caller(STRANGER, lambda cast: bearer("sga_" + "x" * 80)),
    "garbage player token": Caller(STRANGER, lambda cast: bearer("sgp_" + "x" * 43)),
    "garbage gateway token": Caller(STRANGER, lambda cast: bearer("sgg_" + "x" * 43)),
    "garbage API token": Caller(STRANGER, lambda cast: bearer("sgt_" + "x" * 43)),
    "expired access token": Caller(STRANGER, expired_access),
    "tampered access token": Caller(STRANGER, tampered_access),
    "ended login": Caller(STRANGER, ended_login),
    "deactivated parent": Caller(STRANGER, deactivated_parent),
    "revoked player": Caller(STRANGER, lambda cast: another_device(cast, revoked_at=ago())),
    "expired player": Caller(STRANGER, lambda cast: another_device(cast, expires_at=ago())),
    "player of a deactivated parent": Caller(STRANGER, player_of_deactivated_parent),
    "revoked gateway": Caller(STRANGER, lambda cast: invalid_gateway(revoked_at=ago())),
    "expired gateway": Caller(STRANGER, lambda cast: invalid_gateway(expires_at=ago())),
    "revoked service": Caller(STRANGER, lambda cast: invalid_service(revoked_at=ago())),
    "expired service": Caller(STRANGER, lambda cast: invalid_service(expires_at=ago())),
    "revoked API token": Caller(STRANGER, lambda cast: invalid_api_token(revoked_at=ago())),
    "expired API token": Caller(STRANGER, lambda cast: invalid_api_token(expires_at=ago())),
    "API token of a deactivated parent": Caller(STRANGER, api_token_of_deactivated_parent),
    "refresh token as bearer": Caller(STRANGER, lambda cast: bearer(cast.family.parent.refresh_token)),
    "PIN token as bearer": Caller(STRANGER, pin_token),
    "id of the profile as bearer": Caller(STRANGER, lambda cast: bearer(cast.family.ids["profile_id"])),
    "access token as Basic": Caller(
        STRANGER, lambda cast: by_header(Authorization=f"Basic {cast.family.parent.access_token}")
    ),
    "access token in the query": Caller(
        STRANGER, lambda cast: by_query("access_token", cast.family.parent.access_token)
    ),
    "access token in a cookie": Caller(
        STRANGER, lambda cast: by_header(Cookie=f"sessionid={cast.family.parent.access_token}")
    ),
    "player token in the query": Caller(STRANGER, lambda cast: by_query("token", cast.family.child.token)),
    "player token in a cookie": Caller(
        STRANGER, lambda cast: by_header(Cookie=f"Authorization=Bearer {cast.family.child.token}")
    ),
    "player token in another header": Caller(STRANGER, lambda cast: by_header(X_API_Key=cast.family.child.token)),
    "parent's page session": Caller(PARENT_SESSION, lambda cast: by_session(cast.family.parent.user)),
    "parent's page session without CSRF": Caller(
        PARENT_SESSION, lambda cast: by_session(cast.family.parent.user, with_csrf=False)
    ),
    "gateway": Caller(GATEWAY, lambda cast: bearer(cast.gateway.token)),
    **{
        role: Caller(role, lambda cast, scope=scope: bearer(make_service(scope).token))
        for scope, role in SERVICES.items()
    },
    "automation of the parent": Caller(AUTOMATION, lambda cast: bearer(cast.family.api_token.token)),
    "sibling's player": Caller(OTHER_PLAYER, lambda cast: bearer(cast.family.sibling.token)),
    "player of another family": Caller(OTHER_PLAYER, lambda cast: bearer(cast.stranger.child.token)),
    "parent of another family": Caller(OTHER_PARENT, lambda cast: bearer(cast.stranger.parent.access_token)),
    "staff's page session": Caller(STAFF_SESSION, lambda cast: by_session(cast.staff.user)),
    "superuser's page session": Caller(STAFF_SESSION, lambda cast: by_session(cast.superuser.user)),
    "staff without permissions": Caller(STAFF, lambda cast: bearer(cast.staff.access_token)),
    "superuser": Caller(STAFF, lambda cast: bearer(cast.superuser.access_token)),
    "player of the profile": Caller(PLAYER, lambda cast: bearer(cast.family.child.token)),
    "parent": Caller(PARENT, lambda cast: bearer(cast.family.parent.access_token)),
}
