"""The service's settings with the baseline's one view."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.plain"
