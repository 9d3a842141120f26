"""Variables of the environment, parsed. A wrong one raises ImproperlyConfigured with a sentence that names it."""

import os
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from parental.oidc.addresses import is_safe_url


def env_bool(name: str, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        return value in ("1", "true", "yes", "on") if value else default
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def env_int(name: str, default: int, *, minimum: int, maximum: int) -> int:
    value = os.environ.get(name, "").strip() or str(default)
    with suppress(ValueError):
        if minimum <= int(value) <= maximum:
            return int(value)
    raise ImproperlyConfigured(f"{name} must be a whole number from {minimum} to {maximum}, not {value!r}.")


def env_choice(name: str, default: str, *, choices: Sequence[str]) -> str:
    value = os.environ.get(name, "").strip() or default
    for choice in choices:
        if value.lower() == choice.lower():
            return choice
    raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")


def env_origin(name: str) -> str:
    """A scheme and a host, like https://sandglass.example, without a slash at its end; or ""."""
    value = os.environ.get(name, "").strip().rstrip("/")
    parts = urlsplit(value)
    if value and (
        parts.scheme not in ("http", "https") or not parts.hostname or value != f"{parts.scheme}://{parts.netloc}"
    ):
        raise ImproperlyConfigured(f"{name} must be like https://sandglass.example, not {value!r}.")
    return value


def env_url(name: str) -> str:
    """An https address, as it is written (http only of this machine); or ""."""
    value = os.environ.get(name, "").strip()
    parts = urlsplit(value)
    if value and (not is_safe_url(value) or parts.query or parts.fragment):
        raise ImproperlyConfigured(f"{name} must be like https://login.example.com, not {value!r}.")
    return value


def env_list(name: str) -> list[str]:
    return [item.strip() for item in os.environ.get(name, "").split(",") if item.strip()]


def env_networks(name: str, *, default: str) -> list[IPv4Network | IPv6Network]:
    try:
        return [ip_network(item.strip()) for item in (os.environ.get(name) or default).split(",") if item.strip()]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} must be a list of addresses or networks such as 10.0.0.0/8: {error}"
        ) from None
