"""The service's settings, with static files collected into a folder of the tests' own, and mail that goes nowhere."""

import os

from config.settings import *

STATIC_ROOT = os.environ["BROWSER_STATIC_ROOT"]
# With none set there would be no page for a forgotten password.
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
