"""Staff's view of what was watched, fit for big tables: no full counts, no search without an index, no wide selects."""

from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from viewing.hotpath import invalidation
from viewing.models import (
    PlayerToken,
    SiteSettings,
    Title,
    ViewingSession,
    ViewingTimeBalance,
)

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:
    _ModelAdmin, _Paginator = admin.ModelAdmin, Paginator

MOST_COUNTED = 10_000


class UncountedPaginator(_Paginator):
    """Counts no further than anyone turns pages: `count(*)` of a big table takes minutes."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows.order_by().values("pk")[:MOST_COUNTED].count()


class BigTableAdmin(_ModelAdmin):
    """Lists without counting; finds rows by an exact id, which an index serves."""

    paginator = UncountedPaginator
    show_full_result_count = False
    list_per_page = 50

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Only whole ids: a part of one would need a scan."""
        if not search_term:
            return queryset, False
        try:
            identity = UUID(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset.none(), search_term)
        return super().get_search_results(request, queryset, str(identity))


class ReadOnlyAdmin(BigTableAdmin):
    """Rows that the service writes while it runs: looked at, never edited."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 — Django's signature
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


@admin.register(Title)
class TitleAdmin(BigTableAdmin):
    list_display = ("name", "is_educational", "created_at")
    list_filter = ("is_educational",)
    search_fields = ("=id",)
    search_help_text = _("The whole id of a title")

    def save_model(self, request: HttpRequest, obj: Title, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        invalidation.title_changed(obj.pk)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False  # sessions name it, and to ask which would scan them all


@admin.register(ViewingTimeBalance)
class ViewingTimeBalanceAdmin(ReadOnlyAdmin):
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
    search_help_text = _("The whole id of a profile")


@admin.register(ViewingSession)
class ViewingSessionAdmin(ReadOnlyAdmin):
    list_display = ("id", "profile_id", "title", "device_type", "day", "started_at", "ended_at", "total_seconds")
    list_select_related = ("title",)
    ordering = ("pk",)
    search_fields = ("=id", "=profile__id")
    search_help_text = _("The whole id of a session or of a profile")


@admin.register(PlayerToken)
class PlayerTokenAdmin(ReadOnlyAdmin):
    list_display = ("device_name", "profile_id", "created_at", "last_used_at", "expires_at", "revoked_at")
    ordering = ("pk",)
    search_fields = ("=id", "=profile__id")
    search_help_text = _("The whole id of a token or of a profile")
    actions = ("revoke",)

    @admin.action(description=_("Revoke the selected tokens"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: Any) -> None:
        revoked = len(queryset.revoke(now=timezone.now()))
        sentence = ngettext("Revoked %(count)s token.", "Revoked %(count)s tokens.", revoked)
        self.message_user(request, sentence % {"count": revoked})

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Nobody edits a token, so the permission to change one means this."""
        return request.user.has_perm("viewing.change_playertoken")


@admin.register(SiteSettings)
class SiteSettingsAdmin(_ModelAdmin):
    """One row: its list leads straight to it."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002
        if SiteSettings.objects.exists():
            return redirect("admin:viewing_sitesettings_change", 1)
        return redirect("admin:viewing_sitesettings_add")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not SiteSettings.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def save_model(self, request: HttpRequest, obj: SiteSettings, form: Any, change: bool) -> None:  # noqa: ARG002
        """Only what was changed: of two people who change different fields neither takes the other's back."""
        obj.save(update_fields=form.changed_data if change else None)
        invalidation.site_changed()
