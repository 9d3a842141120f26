"""What tests that speak HTTP share."""

from typing import Any

import httpx
from django.test import Client


def status_and_body(response: Any) -> tuple[int, Any]:
    """Status and decoded JSON of a response."""
    return response.status_code, response.json()


def any_worker(url: str) -> httpx.Client:
    """A client whose every request has a connection of its own, so that any worker may take it."""
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
    return httpx.Client(base_url=url, timeout=60, limits=limits)


def session_cookies(user: Any) -> dict[str, str]:
    """As a browser has them after a login."""
    client = Client()
    client.force_login(user)
    return {name: morsel.value for name, morsel in client.cookies.items()}
