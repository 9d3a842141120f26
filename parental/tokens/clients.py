"""The name of a browser or an app, by which a parent recognizes a login; read from `User-Agent`, which may lie."""

import re
from typing import Final

# The first that is found: most browsers also name those that they descend from.
BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)
MAX_READ: Final = 1000
PRODUCT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}")


def client_name(user_agent: str) -> str:
    """ "Firefox (Windows)", or the name with which another client begins; "" where it says nothing usable."""
    text = user_agent[:MAX_READ]
    system = next((name for mark, name in SYSTEMS if mark in text), "")
    browser = next((name for mark, name in BROWSERS if mark in text), "") if text.startswith("Mozilla/") else ""
    if browser:
        return f"{browser} ({system})" if system else browser
    product = PRODUCT.match(text) if not text.startswith("Mozilla/") else None
    return product[0].strip() if product else system
