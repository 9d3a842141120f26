"""Children's devices for staff: listed, and revoked."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from parental.events.record import for_staff
from parental.tokens import players
from viewing.admin_base import BigTableAdmin
from viewing.models import PlayerToken


@admin.register(PlayerToken)
class PlayerTokenAdmin(BigTableAdmin):
    list_display = ("device_name", "profile_id", "created_at", "last_used_at", "expires_at", "revoked_at")
    ordering = ("pk",)
    search_fields = ("=id", "=profile__id")
    search_help_text = _("Full token or profile ID")
    actions = ("revoke",)

    @admin.action(description=_("Revoke the selected tokens"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: Any) -> None:
        revoked = players.revoke_all(queryset, actor=for_staff(request.user), now=timezone.now())
        sentence = ngettext("Revoked %(count)s token.", "Revoked %(count)s tokens.", revoked)
        self.message_user(request, sentence % {"count": revoked})

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Nobody edits a token, so the permission to change one means this."""
        return request.user.has_perm("viewing.change_playertoken")
