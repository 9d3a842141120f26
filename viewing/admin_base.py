"""What every admin of ours starts from: it denies what a subclass does not list, and it is fit for big tables."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:
    _ModelAdmin, _Paginator = admin.ModelAdmin, Paginator

MAX_COUNTED = 10_000

# It would collect every row that hangs on the selected ones. What may be deleted is deleted one by one.
admin.site.disable_action("delete_selected")


class DefaultDenyAdmin(_ModelAdmin):
    """Rows are viewed by staff with the permission to; everything else is off unless a subclass lists it."""

    # Of "add", "change" and "delete": what the permissions of these names allow here.
    permits: ClassVar[tuple[str, ...]] = ()
    # The lookups that a list's address may hold. Any other would let staff read columns that no page shows, one
    # character at a time: `?pin_hash__startswith=`.
    allowed_lookups: ClassVar[tuple[str, ...]] = ()
    actions_selection_counter = False

    def is_permitted(self, request: HttpRequest, action: str, obj: Any = None) -> bool:
        """Whether this admin offers `action` at all; whether the user has the permission is asked besides."""
        return action == "view" or action in self.permits

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.is_permitted(request, "view", obj) and super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.is_permitted(request, "add") and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.is_permitted(request, "change", obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.is_permitted(request, "delete", obj) and super().has_delete_permission(request, obj)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in self.allowed_lookups

    def get_actions(self, request: HttpRequest) -> Any:
        """Only actions that name the permission they need: Django offers the others to anyone who may view."""
        offered: Any = super().get_actions(request)
        return {name: found for name, found in offered.items() if hasattr(found[0], "allowed_permissions")}

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """On ticked rows only: "all rows" would be one transaction over the whole table."""
        if request.POST.get("select_across", "0") not in ("", "0"):
            raise PermissionDenied
        return super().response_action(request, queryset)


class UncountedPaginator(_Paginator):
    """Counts no further than anyone turns pages: `count(*)` of a big table takes minutes."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows.order_by().values("pk")[:MAX_COUNTED].count()


class BigTableAdmin(DefaultDenyAdmin):
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
