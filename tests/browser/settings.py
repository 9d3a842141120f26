"""The service's settings, with static files collected into a folder of the tests' own."""

import os

from config.settings import *  # noqa: F403

STATIC_ROOT = os.environ["BROWSER_STATIC_ROOT"]
