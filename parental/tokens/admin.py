"""Tokens for staff: children's devices, and what gateways and services of the platform hold."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from parental.events.record import for_staff
from parental.tokens import gateways, players
from viewing.admin_base import BigTableAdmin
from viewing.models import GatewayToken, PlayerToken, ServiceToken
from viewing.models.tokens import Scope


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


class MadeByStaffAdmin(BigTableAdmin):
    """Made here and shown once; then only what is `changeable` may change. Revoked, never deleted: it stays known."""

    permits = ("add", "change")
    changeable: tuple[str, ...] = ("expires_at",)
    fixed = ("created_at", "last_used_at", "revoked_at")
    list_display: tuple[str, ...] = ("name", "created_at", "last_used_at", "expires_at", "revoked_at")
    ordering = ("-created_at",)
    actions = ("revoke",)

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> tuple[str, ...]:
        return ("name", *self.fixed) if obj is not None else ()

    def get_fields(self, request: HttpRequest, obj: object = None) -> tuple[str, ...]:
        return ("name", *self.changeable, *self.fixed) if obj else ("name", *self.changeable)

    def new_token(self) -> tuple[str, bytes]:
        """A new token, and the hash of it that is kept."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Any, form: BaseForm, change: bool) -> None:
        if change:
            obj.save(update_fields=self.changeable)
            gateways.changed(obj)
            return
        obj.token, obj.token_hash = self.new_token()
        obj.save(force_insert=True)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> TemplateResponse:
        """The token, in this answer alone: in a message it would travel in a cookie."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, "made": obj, "title": obj.name}
        return TemplateResponse(request, "admin/viewing/token_shown_once.html", context)

    @admin.action(description=_("Revoke the selected tokens"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        revoked = gateways.revoke(queryset, now=timezone.now())
        sentence = ngettext("Revoked %(count)s token.", "Revoked %(count)s tokens.", revoked)
        self.message_user(request, sentence % {"count": revoked})


@admin.register(GatewayToken)
class GatewayTokenAdmin(MadeByStaffAdmin):
    def new_token(self) -> tuple[str, bytes]:
        return gateways.new_token()


class ServiceTokenForm(forms.ModelForm):  # type: ignore[type-arg]
    scopes = forms.MultipleChoiceField(label=_("Scopes"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple())


@admin.register(ServiceToken)
class ServiceTokenAdmin(MadeByStaffAdmin):
    form = ServiceTokenForm
    changeable = ("scopes", "expires_at")
    list_display = ("name", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at")

    def new_token(self) -> tuple[str, bytes]:
        return gateways.new_service_token()
