"""Where people reach the service."""

import os
from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured


def named_origin(hosts: Sequence[str], *, is_https: bool, is_needed: bool) -> str:
    """The first host that is named in full; "" if there is none.

    ImproperlyConfigured where there is none and it is needed.
    """
    host = next((host for host in hosts if not host.startswith((".", "*"))), "")
    if host:
        return f"https://{host}" if is_https else f"http://{host}:{os.environ.get('PORT') or 8000}"
    if is_needed:
        raise ImproperlyConfigured("PUBLIC_URL is not set, like https://sandglass.example: emails contain links.")
    return ""
