"""The settings of services that many tests share: those of production, but hashes cost little.

TEST_STATIC_ROOT names a folder in which static files are collected.
"""

import os

from config.settings import *

if "TEST_STATIC_ROOT" in os.environ:
    STATIC_ROOT = os.environ["TEST_STATIC_ROOT"]

PASSWORD_HASHERS = ["tests.hashers.QuickHasher"]
