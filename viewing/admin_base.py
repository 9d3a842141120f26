"""What every admin of ours starts from: it denies what a subclass does not list, and it is fit for big tables."""

from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import structlog
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from perfmetrics.counting import metrics

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:
    _ModelAdmin, _Paginator = admin.ModelAdmin, Paginator

log = structlog.stdlib.get_logger(__name__)

MAX_COUNTED = 10_000
MAX_LISTED_IDS = 100

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

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self.is_permitted(request, "view", obj) and super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.is_permitted(request, "add") and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self.is_permitted(request, "change", obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self.is_permitted(request, "delete", obj) and super().has_delete_permission(request, obj)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in self.allowed_lookups

    def get_actions(self, request: HttpRequest) -> Any:
        """Only actions that name the permission they need: Django offers the others to anyone who may view."""
        offered: Any = super().get_actions(request)
        return {name: found for name, found in offered.items() if hasattr(found[0], "allowed_permissions")}

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Django's, for its own log; the names of the changed fields are kept for `log_change`."""
        changed = [*form.changed_data]
        for formset in formsets or ():
            changed += [name for _row, names in getattr(formset, "changed_objects", ()) for name in names]
        request.staff_changed = changed  # type: ignore[attr-defined]
        return super().construct_change_message(request, form, formsets, add)

    def log_addition(self, request: HttpRequest, obj: Any, message: object) -> LogEntry:
        self.report(request, "add", [obj.pk])
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: object) -> LogEntry:
        self.report(request, "change", [obj.pk], fields=getattr(request, "staff_changed", []))
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        self.report(request, "delete", [row.pk for row in queryset])
        return super().log_deletions(request, queryset)

    def report(
        self, request: HttpRequest, action: str, object_ids: Iterable[object], *, fields: Sequence[str] = ()
    ) -> None:
        """Log and count what staff did, once it is committed."""
        ids = [str(identity) for identity in object_ids]
        about = {"model": self.opts.label_lower, "action": action, "object_ids": ids, "fields": list(fields)}
        transaction.on_commit(partial(_report, by_user_id=request.user.pk, **about))

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """On ticked rows only: "all rows" would be one transaction over the whole table."""
        if request.POST.get("select_across", "0") not in ("", "0"):
            raise PermissionDenied
        answer = super().response_action(request, queryset)
        for name in self.get_actions(request).keys() & set(request.POST.getlist("action")):
            self.report(request, name, request.POST.getlist(ACTION_CHECKBOX_NAME)[:MAX_LISTED_IDS])
        return answer


def _report(**about: object) -> None:
    metrics.events.labels("staff_action").inc()
    log.info("staff_action", by="staff", **about)


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
