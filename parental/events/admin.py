"""The audit for staff: grants, changed settings and events. Nobody changes it."""

from django.contrib import admin

from parental.accounts.by_address import ByAddressAdmin
from parental.models import AuditEntry, SettingsChange, TimeGrant, TimeRequest


@admin.register(TimeGrant)
class TimeGrantAdmin(ByAddressAdmin):
    """The audit of grants: nobody changes it."""

    list_display = ("profile", "minutes", "day", "granted_by", "is_remote", "granted_at", "taken_back_at")
    list_select_related = ("profile", "granted_by")
    search_fields = ("profile__user__email__startswith",)


@admin.register(TimeRequest)
class TimeRequestAdmin(ByAddressAdmin):
    """What children asked for, without what they and their parents wrote."""

    list_display = ("profile", "minutes", "day", "state", "created_at", "ended_at", "granted_minutes")
    list_select_related = ("profile",)
    search_fields = ("profile__user__email__startswith",)
    exclude = ("reason", "note")


@admin.register(SettingsChange)
class SettingsChangeAdmin(ByAddressAdmin):
    """The audit of limits and resets: nobody changes it."""

    list_display = ("profile", "field", "old_value", "new_value", "changed_by", "changed_at")
    list_select_related = ("profile", "changed_by")
    search_fields = ("profile__user__email__startswith",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ByAddressAdmin):
    """The audit of everything else: nobody changes it."""

    list_display = ("family", "kind", "profile", "actor_kind", "actor_user", "actor_label", "at")
    list_select_related = ("family", "profile", "actor_user")
    search_fields = ("family__email__startswith",)
