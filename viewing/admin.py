"""Staff's view of what was watched, fit for big tables: no full counts, no search without an index, no wide selects."""

from typing import Any, Final

from django.contrib import admin
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from viewing.admin_base import BigTableAdmin, DefaultDenyAdmin
from viewing.catalogue.sql import query
from viewing.hotpath import invalidation
from viewing.models import (
    SiteSettings,
    Title,
    ViewingSession,
    ViewingTimeBalance,
)

MAX_FOUND: Final = 200


@admin.register(Title)
class TitleAdmin(BigTableAdmin):
    """Never deleted: sessions name it, and to ask which would scan them all."""

    permits = ("add", "change")
    allowed_lookups = ("is_educational__exact",)
    list_display = ("name", "external_id", "is_educational", "retired_at", "created_at")
    list_filter = ("is_educational",)
    fields = ("name", "is_educational", "duration_seconds", "external_id", "retired_at")
    readonly_fields = ("external_id",)
    search_fields = ("=id",)
    search_help_text = _("Full title ID or external ID, or the beginnings of words of the name")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Indexes: the primary key, title_external_id_uniq, title_words_idx."""
        found, has_duplicates = super().get_search_results(request, queryset, search_term)
        words = query(search_term)
        if not search_term or words is None:
            return found, has_duplicates
        by_name = queryset.annotate(words=SearchVector("name", config="simple")).filter(
            words=SearchQuery(words, config="simple", search_type="raw")
        )
        by_external_id = queryset.filter(external_id=search_term.strip())
        ids = [
            row for rows in (found, by_external_id, by_name) for row in rows.values_list("pk", flat=True)[:MAX_FOUND]
        ]
        return queryset.filter(pk__in=ids).order_by("name", "id"), False

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
