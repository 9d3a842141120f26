"""Who may call an operation: named policies for the rows of `operations.py`.

A policy says what each role of a caller gets: the row's own answer, or a refusal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

STRANGER: Final = "stranger"  # without a valid token or session
PARENT: Final = "parent"  # of the profile, grant, … that the path names
OTHER_PARENT: Final = "other parent"
STAFF: Final = "staff"  # with an access token; a parent of another family to everything but staff's own calls
PLAYER: Final = "player"  # of the profile that the path names
OTHER_PLAYER: Final = "other player"  # of a sibling, of another family
GATEWAY: Final = "gateway"
AUTOMATION: Final = "automation"  # a program of the parent, which may read
# A backend of the platform, by the scope of its token.
SERVICES: Final = {scope: f"service with the scope {scope}" for scope in ("catalogue", "accounts", "read")}
PARENT_SESSION: Final = "parent's session"  # a cookie of the pages
STAFF_SESSION: Final = "staff's session"

# Status and code; of an accepted call the code is None.
Answer = tuple[int, str | None]


@dataclass(frozen=True)
class Policy:
    """`accepted`: the roles that get the row's own answer. `refusals`: what each other role gets."""

    accepted: frozenset[str]
    refusals: Mapping[str, Answer]

    def but(self, refusals: Mapping[str, Answer]) -> "Policy":
        """The same, except for these roles."""
        return replace(self, accepted=self.accepted - refusals.keys(), refusals={**self.refusals, **refusals})

    def also(self, role: str) -> "Policy":
        """The same, and it accepts this role."""
        return replace(self, accepted=self.accepted | {role})

    def expected(self, role: str, accepted: Answer) -> Answer:
        return accepted if role in self.accepted else self.refusals[role]


NO_TOKEN: Final[Answer] = (401, "unauthenticated")
WRONG_CALLER: Final[Answer] = (403, "caller")
ACCESS_DENIED: Final[Answer] = (403, "access_denied")
NOT_FOUND: Final[Answer] = (404, "not_found")
STAFF_ONLY: Final[Answer] = (403, "staff_only")
NO_SCOPE: Final[Answer] = (403, "scope")

ROLES: Final = (
    STRANGER,
    PARENT,
    OTHER_PARENT,
    STAFF,
    PLAYER,
    OTHER_PLAYER,
    GATEWAY,
    AUTOMATION,
    *SERVICES.values(),
    PARENT_SESSION,
    STAFF_SESSION,
)
SESSIONS: Final = {PARENT_SESSION: NO_TOKEN, STAFF_SESSION: NO_TOKEN}
MACHINES: Final = dict.fromkeys((GATEWAY, *SERVICES.values()), WRONG_CALLER)


def _policy(*accepted: str, refusals: Mapping[str, Answer]) -> Policy:
    policy = Policy(frozenset(accepted), {STRANGER: NO_TOKEN, AUTOMATION: NO_SCOPE, **SESSIONS, **MACHINES, **refusals})
    assert policy.accepted | policy.refusals.keys() >= set(ROLES)
    return policy


# Anyone, with or without a token.
ANYONE: Final = Policy(frozenset(ROLES), {})
# Anyone with a token, except gateways and services.
ANY_TOKEN: Final = _policy(PARENT, OTHER_PARENT, STAFF, PLAYER, OTHER_PLAYER, AUTOMATION, refusals={})
# A parent about the own account; what the path names is not checked.
ANY_PARENT: Final = _policy(PARENT, OTHER_PARENT, STAFF, refusals={PLAYER: WRONG_CALLER, OTHER_PLAYER: WRONG_CALLER})
# The parent of the profile that the path names.
PARENT_OF_PROFILE: Final = _policy(
    PARENT,
    refusals={
        OTHER_PARENT: ACCESS_DENIED,
        STAFF: ACCESS_DENIED,
        PLAYER: WRONG_CALLER,
        OTHER_PLAYER: WRONG_CALLER,
    },
)
# The parent of a device, a login, … that the path names without its profile.
PARENT_OF_ROW: Final = PARENT_OF_PROFILE.but({OTHER_PARENT: NOT_FOUND, STAFF: NOT_FOUND})
# The parent of the profile, and its players.
PLAYER_OR_PARENT: Final = _policy(
    PARENT,
    PLAYER,
    refusals={OTHER_PARENT: ACCESS_DENIED, STAFF: ACCESS_DENIED, OTHER_PLAYER: ACCESS_DENIED},
)
# A child's device about itself.
ONLY_PLAYER: Final = _policy(PLAYER, OTHER_PLAYER, refusals=dict.fromkeys((PARENT, OTHER_PARENT, STAFF), WRONG_CALLER))
# The child's own device.
PLAYER_OF_PROFILE: Final = PLAYER_OR_PARENT.but(dict.fromkeys((PARENT, OTHER_PARENT, STAFF), WRONG_CALLER))
# The device of the child whose request the path names.
PLAYER_OF_ROW: Final = PLAYER_OF_PROFILE.but({OTHER_PLAYER: NOT_FOUND})
ONLY_GATEWAY: Final = _policy(
    GATEWAY, refusals=dict.fromkeys((PARENT, OTHER_PARENT, STAFF, PLAYER, OTHER_PLAYER, AUTOMATION), WRONG_CALLER)
)
# A backend of the platform whose token has the scope.
SERVICE: Final = {
    scope: _policy(
        role,
        refusals={
            **dict.fromkeys((PARENT, OTHER_PARENT, STAFF, PLAYER, OTHER_PLAYER, GATEWAY, AUTOMATION), WRONG_CALLER),
            **{other: NO_SCOPE for other in SERVICES.values() if other != role},
        },
    )
    for scope, role in SERVICES.items()
}
# Staff, by an access token or by a session of the admin site.
ONLY_STAFF: Final = _policy(
    STAFF,
    STAFF_SESSION,
    refusals=dict.fromkeys((PARENT, OTHER_PARENT, PLAYER, OTHER_PLAYER, AUTOMATION, PARENT_SESSION), STAFF_ONLY),
)
