"""The service's settings with the baseline's one view."""

from config.settings import *

ROOT_URLCONF = "tests.bench.plain"
