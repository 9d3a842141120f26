"""What the tests of accounts share: quick hashes, and a clock for the caches."""

import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher

from perfmetrics import cache


@pytest.fixture
def quick_hashes(monkeypatch) -> None:
    """bcrypt at its cheapest (1 ms in place of 200), for tests whose point is not its cost."""
    monkeypatch.setattr(BCryptSHA256PasswordHasher, "rounds", 4)


@pytest.fixture
def caches_later(monkeypatch) -> Callable[[float], None]:
    """Lets so many seconds pass for the caches."""

    def later(seconds: float) -> None:
        monkeypatch.setattr(cache, "time", SimpleNamespace(time=lambda: time.time() + seconds))

    return later
