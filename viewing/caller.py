"""Who asks. Every endpoint learns here, and nowhere else, whether the caller may touch a profile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from viewing.errors import Refusal, access_denied
from viewing.hotpath import entries
from viewing.profile import Profile

NO_ACCOUNT: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Caller:
    """A parent's app (`profile_id` None: every profile of the account), a player, bound to one profile, or a machine.

    An automation is a parent's own program, which may read what the parent may.
    Gateways and services have no account (`NO_ACCOUNT` owns no profile): to everything but bulk heartbeats, or but
    `/platform/*`, they are strangers. `scopes`: what a service may do there.
    """

    kind: Literal["parent", "player", "gateway", "service", "automation"]
    user_id: UUID
    profile_id: UUID | None = None
    token_id: UUID | None = None
    is_staff: bool = False
    scopes: frozenset[str] = frozenset()


def check_access(caller: Caller, profile: Profile | None, profile_id: UUID) -> Profile:
    """The profile when the caller may use it. Refusal 403, the same for "not yours" and "not there"."""
    if caller.profile_id is not None and caller.profile_id != profile_id:
        raise access_denied()
    if profile is None or profile.user_id != caller.user_id:
        raise access_denied()
    return profile


def check_gateway_access(profile: Profile | None) -> Profile:
    """The profile of any family, for a gateway (`require_gateway`). Refusal 403 when there is none."""
    if profile is None:
        raise access_denied()
    return profile


def require_gateway(caller: Caller) -> Caller:
    """Only gateways may send bulk heartbeats. Refusal 403."""
    if caller.kind != "gateway":
        raise Refusal("caller", "Only a gateway token can do this")
    return caller


def require_scope(scope: str) -> Callable[[Caller], Caller]:
    """A check that lets in the services whose token has the scope. Refusal 403: `scope`, or `caller` for all others."""

    def check(caller: Caller) -> Caller:
        if caller.kind != "service":
            raise Refusal("caller", "Only a service token can do this")
        if scope not in caller.scopes:
            raise Refusal("scope")
        return caller

    return check


def refuse_gateway(caller: Caller) -> Caller:
    """A gateway may do nothing but send bulk heartbeats, a service nothing but call `/platform/*`. Refusal 403.

    And an automation nothing but read, which `config/api.py` lets it.
    """
    if caller.kind == "automation":
        raise Refusal("scope")
    if caller.kind in ("gateway", "service"):
        raise Refusal("caller", f"A {caller.kind} token cannot do this")
    return caller


async def obtain_profile(caller: Caller, profile_id: UUID) -> Profile:
    """The one way to a profile by its id (docs/contract.md#who-may-call). Refusal 403."""
    return check_access(caller, await entries.profiles.get(profile_id), profile_id)


def require_reader(caller: Caller) -> Caller:
    """For what a parent's own automation may read too. Refusal 403."""
    return caller if caller.kind == "automation" else require_parent(caller)


def require_parent(caller: Caller) -> Caller:
    """A player token may do what docs/contract.md#who-may-call lists for it; everything else is a 403."""
    if caller.kind != "parent":
        raise Refusal("scope" if caller.kind == "automation" else "caller")
    return caller


def require_player(caller: Caller) -> Caller:
    """Only a child's device does what a child does. Refusal 403."""
    if caller.kind != "player":
        raise Refusal("caller", "Only a player token can do this")
    return caller
