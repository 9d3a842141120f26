"""What a parent changes through one worker process is in force in all three (FR-005)."""

import httpx
import pytest

from tests.parental.homes import make_home
from tests.processes import until


@pytest.fixture
def http(three_workers):
    """Each request on a connection of its own: any worker may get it."""
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=three_workers.url, timeout=30, limits=limits) as client:
        yield client


def told(http, home, name):
    """What the workers tell, asked often enough to meet each of them."""
    return {home.balance(http)[name] for _ in range(40)}


def test_a_new_limit(http):
    home = make_home()
    assert told(http, home, "limit_minutes") == {120}

    home.change(http, weekday_limit_minutes=60, weekend_limit_minutes=60)

    until(lambda: told(http, home, "limit_minutes") == {60})


def test_a_moved_reset(http):
    home = make_home()
    (before,) = told(http, home, "next_reset_at")

    home.change_with_pin(http, reset_hour=5)

    until(lambda: before not in told(http, home, "next_reset_at"))
    assert len(told(http, home, "next_reset_at")) == 1


def test_settings_made_by_the_first_read(http):
    home = make_home()
    home.config.delete()
    assert len(told(http, home, "next_reset_at")) == 1

    home.limits(http)
    home.change(http, weekday_limit_minutes=15, weekend_limit_minutes=15)

    until(lambda: told(http, home, "limit_minutes") == {15})
