"""Which addresses of an issuer are used. Without Django: the settings are checked by it too."""

from typing import Final
from urllib.parse import urlsplit

THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")


def is_safe_url(value: str) -> bool:
    """Whether it is an https address, or an http one of this machine."""
    parts = urlsplit(value)
    is_here = parts.scheme == "http" and parts.hostname in THIS_MACHINE
    return bool(parts.hostname) and (parts.scheme == "https" or is_here)
