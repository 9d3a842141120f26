"""Where everything lives."""

from django.contrib import admin
from django.urls import include, path

from config import health
from config.api import api
from viewing.player import player

urlpatterns = [
    path("api/v1/", api.urls),
    path("player/", player, name="player"),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("health", health.ready),
    path("admin/", admin.site.urls),
    path("", include("parental.pages.urls")),
]

handler403 = "parental.pages.errors.forbidden"
handler404 = "parental.pages.errors.not_found"
