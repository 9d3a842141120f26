"""What the tests of the pages' login at the issuer share."""

import uuid
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.utils import timezone

from parental.oidc import client, tokens
from parental.oidc import keys as issuer_keys
from tests.clock import real_now
from tests.families import make_user
from tests.issuer import CLIENT_ID, CLIENT_SECRET, Issuer
from tests.parental.pages.visitors import Visitor, text_of

CLOSED = "There’s no account for this login here."
NOT_LOGGED_IN = "You weren’t logged in. Try again."


def trust(one: Issuer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages are a client of this issuer, which the service has not asked for anything yet."""
    monkeypatch.setattr(timezone, "now", real_now)
    settings.OIDC_ISSUER, settings.OIDC_AUDIENCE, settings.OIDC_JWKS_URL = one.url, "sandglass", ""
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET, settings.OIDC_NAME = CLIENT_ID, CLIENT_SECRET, "Streamly"
    settings.OIDC_CREATE_ACCOUNTS = False
    monkeypatch.setattr(tokens, "keys", issuer_keys.Keys())
    monkeypatch.setattr(client, "known", client._Known())


def make_parent() -> Any:
    return make_user(external_id=f"acct:{uuid.uuid4()}")


def begin(visitor: Visitor, query: str = "") -> str:
    """The issuer's page that the browser is sent to."""
    response = visitor.get(f"/login/start{query}")
    assert response.status_code == 302, text_of(response)
    return response.headers["location"]


def return_from(provider: Issuer, location: str, subject: str, **claims: Any) -> str:
    """The path of ours that the issuer sends the browser back to, after this person has logged in there."""
    provider.log_in(subject, **claims)
    back = urlsplit(httpx.get(location).headers["location"])
    return f"{back.path}?{back.query}"


def log_in(visitor: Visitor, provider: Issuer, subject: str, query: str = "", **claims: Any) -> httpx.Response:
    return visitor.get(return_from(provider, begin(visitor, query), subject, **claims))


def is_logged_in(visitor: Visitor) -> bool:
    return visitor.get("/pin").status_code == 200


def refused(response: httpx.Response, sentence: str = NOT_LOGGED_IN) -> bool:
    return (response.status_code, sentence in text_of(response)) == (403, True)


def link_of(visitor: Visitor) -> str:
    """The query of the page's link that connects the account."""
    query = visitor.get("/logins").text.partition("/login/start")[2].partition('"')[0]
    return query.replace("&amp;", "&")
