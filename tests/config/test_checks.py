"""System checks of settings: each warning appears with its cause and disappears with it."""

from ipaddress import ip_network

import pytest
from django.core.checks import WARNING, run_checks
from django.core.checks.registry import registry

TOKEN = "a-secret-of-more-than-16-characters"
METRICS_WARNINGS = {"sandglass.W002", "sandglass.W003"}


@pytest.mark.parametrize(
    ("token", "network", "warnings"),
    [
        ("", None, set()),
        ("short", None, {"sandglass.W002"}),
        ("short", "0.0.0.0/0", {"sandglass.W002"}),
        ("", "0.0.0.0/0", {"sandglass.W003"}),
        ("", "10.0.0.0/8", set()),
        (TOKEN, "::/0", set()),
    ],
)
def test_metrics_that_anyone_may_read_are_warned_of(settings, token, network, warnings):
    settings.METRICS_TOKEN = token
    settings.METRICS_ALLOWED_ADDRESSES = [ip_network(network)] if network else []

    assert {message.id for message in run_checks()} & METRICS_WARNINGS == warnings


@pytest.mark.parametrize(
    ("key", "debug", "warned"), [("k" * 49, False, True), ("k" * 50, False, False), ("k", True, False)]
)
def test_a_short_secret_key_is_warned_of_and_still_starts(settings, key, debug, warned):
    settings.SECRET_KEY, settings.DEBUG = key, debug

    found = [message for message in run_checks() if message.id == "sandglass.W010"]

    assert [message.level for message in found] == [WARNING] * warned
    assert not any(key in str(message) for message in found if len(key) > 10)


def test_each_check_runs_once():
    names = [check.__name__ for check in registry.registered_checks if check.__module__ == "config.checks"]

    assert sorted(names) == [
        "check_connections_fit",
        "check_hot_path_timeouts",
        "check_metrics_are_protected",
        "check_role_is_no_superuser",
        "check_secret_key_is_long",
        "check_settings_agree",
    ]
