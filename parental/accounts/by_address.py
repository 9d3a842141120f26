"""Lists of the admin whose rows belong to accounts."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from parental.models import normalize_email
from viewing.admin_base import BigTableAdmin


class ByAddressAdmin(BigTableAdmin):
    """Rows of accounts: in the order of the primary key, found by the beginning of an address."""

    sortable_by = ()
    ordering = ("-pk",)
    actions: Any = ()
    search_help_text = _("Start of the account's email address")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Addresses are stored in lower case, so that their index serves the search."""
        return admin.ModelAdmin.get_search_results(self, request, queryset, normalize_email(search_term))
