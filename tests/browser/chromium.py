"""The browser of these tests: the system's Chromium, else Playwright's own, else none."""

import os
import shutil
from pathlib import Path
from typing import Any

# The first is the lightest: it has no windows to draw, and takes half the CPU time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
NONE = "no Chromium"
HOW_TO_GET_ONE = "`apt install chromium-headless-shell`, or `chromium`, or `.venv/bin/playwright install chromium`"


def executable(playwright: Any) -> str | None:
    """The path of a Chromium; None where there is none."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def is_required() -> bool:
    """Whether the tests must not be skipped: so in CI."""
    return os.environ.get("BROWSER_REQUIRED") == "1"
