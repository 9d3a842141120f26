"""The cast of the tests: families made straight in the database, committed, with ids and tokens of their own."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from viewing.models import (
    GatewayToken,
    PlayerToken,
    Profile,
    ServiceToken,
    Title,
    ViewingSession,
    ViewingTimeBalance,
    ViewingTimeConfig,
)

# The id of no session.
NIL = str(uuid.UUID(int=0))


@dataclass
class Player:
    """A child's (or an adult's) device: its profile, its token, and the beats that it sends."""

    profile: Profile
    token: str
    token_id: uuid.UUID
    title: Title
    device_id: str = "living-room"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def body(self, **changes: Any) -> dict[str, Any]:
        body = {
            "profile_id": str(self.profile.id),
            "title_id": str(self.title.id),
            "device_id": self.device_id,
            "device_type": "tv",
        }
        return {key: value for key, value in {**body, **changes}.items() if value is not ...}

    def beat(self, http: Any, **changes: Any) -> Any:
        """Send one heartbeat; `...` as a value leaves the field out."""
        return http.post("/api/v1/viewing-time/heartbeat", json=self.body(**changes), headers=self.headers)

    def watch(self, http: Any, beats: int, **changes: Any) -> str:
        """Send a first beat and more of its session; the session's id."""
        answer = self.beat(http, **changes).json()
        for _ in range(beats - 1):
            answer = self.beat(http, session_id=answer["session_id"], **changes).json()
        return str(answer["session_id"])

    def sessions(self) -> list[ViewingSession]:
        return list(ViewingSession.objects.filter(profile=self.profile).order_by("started_at"))

    def balance(self) -> ViewingTimeBalance:
        return ViewingTimeBalance.objects.get(profile=self.profile)

    def has_written_nothing(self) -> bool:
        return not self.sessions() and not ViewingTimeBalance.objects.filter(profile=self.profile).exists()

    def use_up(self, seconds: int, *, day: Any = None) -> None:
        """As if so much of today's limit had been watched."""
        day = day or timezone.now().date()
        ViewingTimeBalance.objects.update_or_create(profile=self.profile, day=day, defaults={"used_seconds": seconds})


@dataclass
class Family:
    user: Any
    children: list[Player] = field(default_factory=list)
    adult: Player | None = None


def make_title(name: str = "The Sandpit", *, is_educational: bool = False) -> Title:
    return Title.objects.create(name=name, is_educational=is_educational)


def make_user(**fields: Any) -> Any:
    """An account that cannot log in (hashing a password takes 0.2 s); give `password` where a test logs in."""
    fields.setdefault("email_confirmed_at", timezone.now())
    return get_user_model().objects.create_user(email=f"{uuid.uuid4()}@example.com", **fields)


def make_player(user: Any, *, is_kids: bool = True, title: Title | None = None, **config: Any) -> Player:
    """A profile whose viewing day is the UTC date, with 120 minutes every day unless `config` says otherwise."""
    profile = Profile.objects.create(user=user, name="Mia" if is_kids else "Robin", is_kids=is_kids)
    limits = {"weekday_limit_minutes": 120, "weekend_limit_minutes": 120, "reset_hour": 0}
    ViewingTimeConfig.objects.create(profile=profile, **{**limits, **config})
    token = f"sgp_{secrets.token_urlsafe(32)}"
    row = PlayerToken.objects.create(
        profile=profile,
        device_name="Living room",
        token_hash=hashlib.sha256(token.encode()).digest(),
        expires_at=timezone.now() + timedelta(days=90),
    )
    return Player(profile=profile, token=token, token_id=row.id, title=title or make_title())


@dataclass
class Gateway:
    """Sends beats of any players in bulk."""

    row: GatewayToken
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def send(self, http: Any, bodies: list[Any]) -> Any:
        """The response to one bulk request."""
        return http.post("/api/v1/viewing-time/heartbeats", json={"heartbeats": bodies}, headers=self.headers)

    def results(self, http: Any, bodies: list[Any]) -> list[dict[str, Any]]:
        response = self.send(http, bodies)
        assert response.status_code == 200, response.text
        return list(response.json()["results"])


def make_gateway(**fields: Any) -> Gateway:
    token = f"sgg_{secrets.token_urlsafe(32)}"
    token_hash = hashlib.sha256(token.encode()).digest()
    return Gateway(row=GatewayToken.objects.create(name="Edge", token_hash=token_hash, **fields), token=token)


@dataclass
class Service:
    """A backend of the platform."""

    row: ServiceToken
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def put_account(self, http: Any, external_id: str, **body: Any) -> Any:
        return http.put(f"/api/v1/platform/accounts/{external_id}", json=body, headers=self.headers)


def make_service(*scopes: str, **fields: Any) -> Service:
    """With every scope unless some are given."""
    token = f"sgs_{secrets.token_urlsafe(32)}"
    about = {"scopes": list(scopes or ("catalogue", "accounts", "read")), **fields}
    token_hash = hashlib.sha256(token.encode()).digest()
    return Service(row=ServiceToken.objects.create(name="Backend", token_hash=token_hash, **about), token=token)


def make_family(*, children: int = 1, adult: bool = False, **config: Any) -> Family:
    user = make_user()
    return Family(
        user=user,
        children=[make_player(user, **config) for _ in range(children)],
        adult=make_player(user, is_kids=False) if adult else None,
    )


def make_child(**config: Any) -> Player:
    return make_family(**config).children[0]
