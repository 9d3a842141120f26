"""The settings of services that many tests share: those of production, but hashes cost little.

TEST_STATIC_ROOT names a folder in which static files are collected.
"""

import os

from django.contrib.auth.hashers import BCryptSHA256PasswordHasher

from config.settings import *  # noqa: F403

if "TEST_STATIC_ROOT" in os.environ:
    STATIC_ROOT = os.environ["TEST_STATIC_ROOT"]


class QuickHasher(BCryptSHA256PasswordHasher):
    """1 ms instead of 200; a hash that was made at the full cost takes as long as ever to compare with."""

    rounds = 4


PASSWORD_HASHERS = ["tests.service_settings.QuickHasher"]
