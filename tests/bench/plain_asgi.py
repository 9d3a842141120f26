"""The baseline as it would be served: Django's own ASGI application, with the same pool as ours."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.plain_settings"
os.environ["SANDGLASS_SERVER"] = "true"

from django.core.asgi import get_asgi_application

application = get_asgi_application()
