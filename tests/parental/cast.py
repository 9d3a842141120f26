"""Parents that are logged in, made straight in the database; and what several tests of /auth need."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from parental.models import TokenFamily
from parental.tokens import families
from tests.families import make_user

PASSWORD = "correct horse battery staple"


@dataclass
class Parent:
    """An account and one login of it."""

    user: Any
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        return bearer(self.access_token)

    @property
    def login(self) -> TokenFamily:
        return TokenFamily.objects.get(user=self.user)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def log_in(user: Any) -> Parent:
    pair = families.begin_family(user.id, now=timezone.now())
    return Parent(user=user, access_token=pair.access_token, refresh_token=pair.refresh_token)


def make_parent(**fields: Any) -> Parent:
    return log_in(make_user(**fields))


def fields_of(response: Any) -> list[tuple[list[str], str]]:
    """(loc, type) of each error of a 422, whose form is checked on the way."""
    assert response.status_code == 422, response.text
    errors = response.json()["detail"]
    assert all(set(error) == {"type", "loc", "msg"} for error in errors)
    return [(error["loc"], error["type"]) for error in errors]
