"""The service's settings, with static files collected into a folder of the test's own."""

import os

from config.settings import *  # noqa: F403

STATIC_ROOT = os.environ["TEST_STATIC_ROOT"]
