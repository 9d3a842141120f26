"""What the tests of accounts share: quick hashes, and a clock for the caches."""

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher

from perfmetrics.counting import cache
from tests.parental.pages.visitors import Visitor


@pytest.fixture
def quick_hashes(monkeypatch) -> None:
    """bcrypt at its cheapest (1 ms instead of 200), for tests whose point is not its cost."""
    monkeypatch.setattr(BCryptSHA256PasswordHasher, "rounds", 4)


@pytest.fixture
def no_waiting(monkeypatch) -> None:
    """Answers to a PIN come immediately instead of after 200 ms, for tests whose point is not that."""
    monkeypatch.setattr("parental.pins.pins.MIN_SECONDS", 0)


@pytest.fixture
def compared(monkeypatch) -> list[str]:
    """The passwords and PINs that this process's bcrypt was given to compare."""
    seen: list[str] = []
    verify = BCryptSHA256PasswordHasher.verify

    def counting(self, password, encoded):
        seen.append(password)
        return verify(self, password, encoded)

    monkeypatch.setattr(BCryptSHA256PasswordHasher, "verify", counting)
    return seen


@pytest.fixture
def caches_later(monkeypatch) -> Callable[[float], None]:
    """Move the clock of the caches forward by some seconds."""

    def later(seconds: float) -> None:
        monkeypatch.setattr(cache, "time", SimpleNamespace(time=lambda: time.time() + seconds))

    return later


@pytest.fixture
def browse(server) -> Iterator[Callable[..., Visitor]]:
    """Opens a browser, logged in as the user that it is given."""
    opened: list[Visitor] = []

    def open_browser(user: Any = None) -> Visitor:
        opened.append(Visitor(server, user))
        return opened[-1]

    yield open_browser
    for visitor in opened:
        visitor.http.close()
