"""A child with its parent logged in, and the calls that the parent makes about it."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.hashers import make_password

from parental.models import Pin
from parental.tokens import pin_tokens
from tests.families import Player, make_child
from tests.parental.cast import Parent, log_in
from viewing.models import ViewingTimeConfig

PIN = "1234"
DENIED = (403, {"detail": "Profile not found or access denied", "code": "access_denied"})
NO_PLAYER = (403, {"detail": "A player token cannot do this", "code": "caller"})
NO_TOKEN = (401, {"detail": "Invalid or missing token", "code": "unauthenticated"})
NO_CHILD = (422, {"detail": "Not a kids profile", "code": "not_kids"})


def limits_url(profile_id: Any) -> str:
    return f"/api/v1/parental-controls/profiles/{profile_id}/viewing-time"


def grant_url(profile_id: Any, grant_id: Any = None) -> str:
    return f"{limits_url(profile_id)}/grant" + (f"/{grant_id}" if grant_id else "")


@dataclass
class Home:
    """The calls are the parent's, unless they say otherwise."""

    child: Player
    parent: Parent

    @property
    def config(self) -> ViewingTimeConfig:
        return ViewingTimeConfig.objects.get(profile=self.child.profile)

    def set_pin(self) -> None:
        """Hashes: with `quick_hashes` unless the test only needs tokens of it."""
        Pin.objects.create(user=self.parent.user, pin_hash=make_password(PIN))

    def pin_token(self) -> str:
        """Proof of the PIN, which is made where there is none; nobody could give this one."""
        pin, _ = Pin.objects.get_or_create(user=self.parent.user, defaults={"pin_hash": "!"})
        return pin_tokens.pin_token(pin)

    def limits(self, http: Any) -> Any:
        return http.get(limits_url(self.child.profile.id), headers=self.parent.headers)

    def change(self, http: Any, **settings: Any) -> Any:
        return http.put(limits_url(self.child.profile.id), json=settings, headers=self.parent.headers)

    def change_with_pin(self, http: Any, **settings: Any) -> Any:
        answer = self.change(http, pin_token=self.pin_token(), **settings)
        assert answer.status_code == 200, answer.text
        return answer

    def balance(self, http: Any) -> Any:
        answer = http.get(f"/api/v1/viewing-time/balance/{self.child.profile.id}", headers=self.parent.headers)
        return answer.json()

    def grant(self, http: Any, minutes: int | None, **proof: Any) -> Any:
        """A remote one, unless `proof` has `pin` or `pin_token`."""
        body = {"minutes": minutes, **proof}
        return http.post(grant_url(self.child.profile.id), json=body, headers=self.parent.headers)

    def grant_on_the_device(self, http: Any, minutes: int | None, **proof: Any) -> Any:
        body = {"minutes": minutes, **proof}
        return http.post(grant_url(self.child.profile.id), json=body, headers=self.child.headers)

    def take_back(self, http: Any, grant_id: Any) -> Any:
        return http.delete(grant_url(self.child.profile.id, grant_id), headers=self.parent.headers)


def make_home(**config: Any) -> Home:
    child = make_child(**config)
    return Home(child=child, parent=log_in(child.profile.user))
