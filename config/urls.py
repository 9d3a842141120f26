"""Where everything lives."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from config import health
from config.api import api
from config.web.render_once import render_once
from parental.pages.account.accounts import log_out
from parental.pairing.qr import qr
from perfmetrics.reading.scrape import prometheus
from viewing.player.views import player


def without_csrf(urls: Any) -> Any:
    """No call of the API has a CSRF token, nor needs one. Ninja says so of its operations, but not of its own pages.

    Those would answer a POST with 403, instead of 404 at the root and 405 at the schema and its page.
    """
    for pattern in urls[0]:
        if pattern.name == "api-root":
            pattern.callback = csrf_exempt(pattern.callback)
        elif pattern.name in ("openapi-json", "openapi-view"):
            pattern.callback = csrf_exempt(require_safe(pattern.callback))
    return urls


urlpatterns = [
    path("api/v1/", without_csrf(api.urls)),
    # The same for everyone, and large.
    path("player/", require_safe(render_once(player)), name="player"),
    path("player/qr", qr, name="player_qr"),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("health", health.ready),
    path("metrics", prometheus),
    # Of one's own: the admin's page would hash in its thread, and let the present password be guessed without end.
    path("admin/password_change/", RedirectView.as_view(pattern_name="password_change")),
    # It also ends the login that the session belongs to.
    path("admin/logout/", log_out),
    path("admin/", admin.site.urls),
    path("", include("parental.pages.urls")),
]
if settings.DEBUG_TOOLBAR:
    urlpatterns.append(path("__debug__/", include("debug_toolbar.urls")))

handler403 = "parental.pages.errors.forbidden"
handler404 = "parental.pages.errors.not_found"
