"""Parents in a browser: a session made straight in the database, and the forms that they send."""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import httpx
from django.test import Client

CSRF = "t" * 32


@dataclass
class Visitor:
    """A browser, logged in as `user` unless that is None. Redirects are not followed."""

    server: str
    user: Any = None
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.server, timeout=30)
        self.http.cookies.set("csrftoken", CSRF, domain="127.0.0.1")
        if self.user is not None:
            client = Client()
            client.force_login(self.user)
            self.http.cookies.set("sessionid", client.cookies["sessionid"].value, domain="127.0.0.1")

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(path, headers=headers)

    def post(self, path: str, **form: Any) -> httpx.Response:
        return self.http.post(path, data={"csrfmiddlewaretoken": CSRF, **form})

    def post_without_csrf(self, path: str, **form: Any) -> httpx.Response:
        return self.http.post(path, data=form)


def text_of(response: httpx.Response) -> str:
    """What the page says, without its tags, in single spaces."""
    body = re.sub(r"<(script|style|svg).*?</\1>", " ", response.text, flags=re.DOTALL)
    body = re.sub(r"</?bdi>", "", body)  # inside a line, and next to a comma
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body))).strip()


def text_after(visitor: Visitor, response: httpx.Response) -> str:
    """What the page says to which a form's answer sends the browser."""
    assert response.status_code == 302, text_of(response)
    return text_of(visitor.get(response.headers["location"].partition("#")[0]))
