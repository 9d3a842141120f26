"""Staff's view of what was watched, fit for big tables: no full counts, no search without an index, no wide selects."""

from django.contrib import admin
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from viewing.admin_base import BigTableAdmin, DefaultDenyAdmin
from viewing.hotpath import invalidation
from viewing.models import (
    SiteSettings,
    Title,
    ViewingSession,
    ViewingTimeBalance,
)


@admin.register(Title)
class TitleAdmin(BigTableAdmin):
    """Never deleted: sessions name it, and to ask which would scan them all."""

    permits = ("add", "change")
    allowed_lookups = ("is_educational__exact",)
    list_display = ("name", "is_educational", "created_at")
    list_filter = ("is_educational",)
    search_fields = ("=id",)
    search_help_text = _("Full title ID")

    def save_model(self, request: HttpRequest, obj: Title, form: BaseForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        invalidation.title_changed(obj.pk)


@admin.register(ViewingTimeBalance)
class ViewingTimeBalanceAdmin(BigTableAdmin):
    list_display = (
        "profile_id",
        "day",
        "used_seconds",
        "educational_seconds",
        "granted_seconds",
        "is_unlimited_override",
    )
    ordering = ("-pk",)
    search_fields = ("=profile__id",)
    search_help_text = _("Full profile ID")


@admin.register(ViewingSession)
class ViewingSessionAdmin(BigTableAdmin):
    list_display = ("id", "profile_id", "title", "device_type", "day", "started_at", "ended_at", "total_seconds")
    list_select_related = ("title",)
    ordering = ("pk",)
    search_fields = ("=id", "=profile__id")
    search_help_text = _("Full session or profile ID")


@admin.register(SiteSettings)
class SiteSettingsAdmin(DefaultDenyAdmin):
    """One row: its list leads straight to it."""

    permits = ("add", "change")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        if SiteSettings.objects.exists():
            return redirect("admin:viewing_sitesettings_change", 1)
        return redirect("admin:viewing_sitesettings_add")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not SiteSettings.objects.exists()

    def save_model(self, request: HttpRequest, obj: SiteSettings, form: BaseForm, change: bool) -> None:
        """Only what was changed: of two people who change different fields neither takes the other's back."""
        obj.save(update_fields=form.changed_data if change else None)
        invalidation.site_changed()
