"""The admin site's page "Performance", for all staff."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from perfmetrics.models import MinuteFigures
from perfmetrics.page import performance

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[MinuteFigures]
else:
    _ModelAdmin = admin.ModelAdmin


@admin.register(MinuteFigures)
class PerformanceAdmin(_ModelAdmin):
    """Shows plots of the minutes instead of a list of them."""

    def get_urls(self) -> list[URLPattern]:
        """No forms: nobody edits figures."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("", view(self.performance_view), name=f"{name}_changelist"),
            path("live/", view(self.live_view), name=f"{name}_live"),
        ]

    def performance_view(self, request: HttpRequest) -> TemplateResponse:
        page = performance.read_page(now=time.time())
        context = {
            **self.admin_site.each_context(request),
            "now": page.now,
            "hour": page.hour,
            "week": page.week,
            "reconcile": page.reconcile,
            "title": _("Performance"),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/perfmetrics/performance.html", context)

    def live_view(self, request: HttpRequest) -> JsonResponse:
        """What the page's script draws; with `?history=1` the hour and the week too, which change once per minute."""
        now = time.time()
        if "history" in request.GET:
            return JsonResponse(asdict(performance.read_page(now=now)))
        return JsonResponse({"now": asdict(performance.read_live(now=now))})

    # The admin site lets in staff only: all of them may see it, and nobody may change anything.

    def has_view_permission(self, request: HttpRequest, obj: MinuteFigures | None = None) -> bool:
        return True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: MinuteFigures | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: MinuteFigures | None = None) -> bool:
        return False
