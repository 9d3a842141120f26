"""What a parent changes through one worker process is in force in all three."""

import pytest

from tests.http import any_worker
from tests.parental.homes import make_home
from tests.races import until


@pytest.fixture
def http(three_workers):
    with any_worker(three_workers.url) as client:
        yield client


@pytest.fixture
def values_seen(three_workers, http):
    """The values of one field that the three workers answer for a home."""
    return lambda home, name: set(three_workers.ask_each(lambda: home.balance(http)[name]))


def test_a_new_limit(http, values_seen):
    home = make_home()
    assert values_seen(home, "limit_minutes") == {120}

    home.change(http, weekday_limit_minutes=60, weekend_limit_minutes=60)

    until(lambda: values_seen(home, "limit_minutes") == {60})


def test_a_moved_reset(http, values_seen):
    home = make_home()
    (before,) = values_seen(home, "next_reset_at")

    home.change_with_pin(http, reset_hour=5)

    until(lambda: before not in values_seen(home, "next_reset_at"))
    assert len(values_seen(home, "next_reset_at")) == 1


def test_settings_made_by_the_first_read(http, values_seen):
    home = make_home()
    home.config.delete()
    assert len(values_seen(home, "next_reset_at")) == 1

    home.limits(http)
    home.change(http, weekday_limit_minutes=15, weekend_limit_minutes=15)

    until(lambda: values_seen(home, "limit_minutes") == {15})
