"""Every kind of visitor of the parents' pages: a browser, and the family whose pages it asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx
from django.test import Client

from parental.models import Pin
from parental.pages.account.pin_proof import PROOF
from parental.tokens import families, pin_tokens
from tests.families import make_user
from tests.matrix.callers import deactivated
from tests.matrix.cast import Family, make_family

OUT: Final = "logged out"
OTHER: Final = "another family's"
OWN: Final = "parent without PIN proof"
PROVEN: Final = "parent with PIN proof"
CSRF: Final = "t" * 32


@dataclass
class Visit:
    """A browser's headers, and the family that it visits."""

    family: Family
    headers: dict[str, str]

    def send(self, http: httpx.Client, method: str, path: str, form: dict[str, Any] | None = None) -> httpx.Response:
        http.cookies.clear()
        return http.request(method, path, headers=self.headers, data=form)


def cookies(session: str = "", **headers: str) -> dict[str, str]:
    sent = {"csrftoken": CSRF, "sessionid": session}
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in sent.items() if value), **headers}


def session_of(user: Any, **kept: str) -> str:
    client = Client()
    client.force_login(user)
    session = client.session
    session.update(kept)
    session.save()
    return str(session.session_key)


def make_family_with_pin() -> Family:
    family = make_family()
    Pin.objects.create(user=family.parent.user, pin_hash="!")
    return family


def deactivated_parent() -> Visit:
    family = make_family_with_pin()
    session = session_of(family.parent.user)
    deactivated(family.parent.user)
    return Visit(family, cookies(session))


def ended_login(http: httpx.Client) -> Visit:
    family = make_family_with_pin()
    visit = Visit(family, cookies(session_of(family.parent.user)))
    assert visit.send(http, "GET", "/").status_code == 200  # from here on it is listed, and can be ended
    families.end_token_families(family.parent.user)
    return visit


def proven_parent() -> Visit:
    family = make_family_with_pin()
    proof = pin_tokens.pin_token(Pin.objects.get(user=family.parent.user))
    return Visit(family, cookies(session_of(family.parent.user, **{PROOF: proof})))


def make_visits(http: httpx.Client) -> dict[str, tuple[str, Visit]]:
    """Of each visitor its role and what it sends; those of the first family come before its parent."""
    family = make_family_with_pin()
    access, player = family.parent.access_token, family.child.token
    out: dict[str, Callable[[], Visit]] = {
        "logged out": lambda: Visit(family, cookies()),
        "garbage session": lambda: Visit(family, cookies("g" * 32)),
        "access token as bearer": lambda: Visit(family, cookies(Authorization=f"Bearer {access}")),
        "player token as bearer": lambda: Visit(family, cookies(Authorization=f"Bearer {player}")),
        "deactivated parent": deactivated_parent,
        "ended login": lambda: ended_login(http),
    }
    others = {
        "parent of another family": make_user(),
        "staff": make_user(is_staff=True),
        "superuser": make_user(is_staff=True, is_superuser=True),
    }
    return {
        **{name: (OUT, make()) for name, make in out.items()},
        **{name: (OTHER, Visit(family, cookies(session_of(user)))) for name, user in others.items()},
        "parent": (OWN, Visit(family, cookies(session_of(family.parent.user)))),
        "parent with PIN proof": (PROVEN, proven_parent()),
    }
