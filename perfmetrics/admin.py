"""The admin site's page "Performance", for all staff."""

import time
from typing import TYPE_CHECKING, Any

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
    """In place of a list of minutes: what they show."""

    def get_urls(self) -> list[URLPattern]:
        """No forms: nobody edits figures."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("", view(self.performance_view), name=f"{name}_changelist"),
            path("live/", view(self.live_view), name=f"{name}_live"),
        ]

    def performance_view(self, request: HttpRequest) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            **performance.page(now=time.time(), with_history=True),
            "title": _("Performance"),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/perfmetrics/performance.html", context)

    def live_view(self, request: HttpRequest) -> JsonResponse:
        """What the page's script draws; `?history=1` with hour and week."""
        found = performance.page(now=time.time(), with_history="history" in request.GET)
        return JsonResponse(found)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 — Django's signature
        return True  # the admin site lets in staff only

    def has_module_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False
