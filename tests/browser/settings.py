"""The settings of the service before the browser: mail goes nowhere."""

from tests.service_settings import *

# With none set there would be no page to reset a password.
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
# The pages poll here, as behind a proxy that holds streams back; `live_settings.py` has them.
EVENTS_MAX_STREAMS = 0
