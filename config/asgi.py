"""The one entry point: prepares the process, then loads the application (`config/server/application.py`)."""

import os

import django

from perfmetrics.counting import folder
from perfmetrics.counting.asgi import ASGIApplication, Receive, Scope, Send

# Before the settings are read.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["SANDGLASS_SERVER"] = "true"

# uvicorn without gunicorn, whose master makes the folder; before anything that counts is imported
IS_ALONE = folder.path() is None
if IS_ALONE:
    folder.make()

django.setup(set_prefix=False)

from config.server.application import serve  # noqa: E402 — after the set-up


async def _alone(scope: Scope, receive: Receive, send: Send) -> None:
    await serve(scope, receive, send)
    if scope["type"] == "lifespan":
        folder.remove()


application: ASGIApplication = _alone if IS_ALONE else serve
