"""Webhook endpoints and deliveries for staff."""

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from parental.deliver import endpoints, events, send, signing
from parental.deliver.guard import AddressRefused
from parental.deliver.models import Channel, Delivery, DeliveryState, WebhookEndpoint
from parental.deliver.outcomes import Answer
from viewing.admin_base import BigTableAdmin

TYPES = [(name, name) for name in events.EVENTS if name != events.TEST]


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    types = forms.MultipleChoiceField(
        label=_("Event types"),
        choices=TYPES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None selected: all types, also those that are added later."),
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("name", "url", "types")

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            endpoints.check_url(url)
        except AddressRefused as error:
            raise ValidationError(str(error)) from error
        return url

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.instance.secret and endpoints.is_full():
            raise ValidationError(endpoints.FULL % {"most": endpoints.MAX_ENDPOINTS})
        return cleaned


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(BigTableAdmin):
    """Made here; the secret is shown once. Disabled, never deleted: its deliveries stay known."""

    permits = ("add", "change")
    form = EndpointForm
    list_display = ("name", "id", "url", "is_enabled", "disabled_reason", "failing_since", "paused_until")
    ordering = ("-created_at",)
    actions = ("send_test", "rotate_secret", "enable", "disable", "send_again_day", "send_again_week")

    def get_fields(self, request: HttpRequest, obj: object = None) -> tuple[str, ...]:
        state = ("is_enabled", "disabled_reason", "failing_since", "paused_until", "created_at")
        return ("name", "url", "types", *state) if obj else ("name", "url", "types")

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> tuple[str, ...]:
        return ("is_enabled", "disabled_reason", "failing_since", "paused_until", "created_at")

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=form.changed_data)
        else:
            obj.shown_secret = endpoints.give_secret(obj)
            obj.created_by_id = request.user.pk
            obj.save(force_insert=True)
        endpoints.note_wishes()

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> TemplateResponse:
        """The secret, in this answer alone: in a message it would travel in a cookie."""
        return self._show(request, obj, obj.shown_secret, is_rotation=False)

    def _show(self, request: HttpRequest, obj: Any, secret: str, *, is_rotation: bool) -> TemplateResponse:
        about = {"opts": self.opts, "endpoint": obj, "secret": secret, "is_rotation": is_rotation, "title": obj.name}
        context = {**self.admin_site.each_context(request), **about}
        return TemplateResponse(request, "admin/parental/webhookendpoint/shown_once.html", context)

    def _the_one(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> WebhookEndpoint | None:
        chosen = list(queryset[:2])
        if len(chosen) != 1:
            self.message_user(request, _("Select one endpoint."), messages.WARNING)
            return None
        return chosen[0]

    @admin.action(description=_("Send a test to the selected endpoint"), permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        endpoint = self._the_one(request, queryset)
        if endpoint is not None:
            answer = endpoints.send_test(endpoint, now=timezone.now())
            level = messages.SUCCESS if answer.is_success else messages.ERROR
            self.message_user(request, _describe(answer), level)

    @admin.action(description=_("Replace the secret of the selected endpoint"), permissions=["change"])
    def rotate_secret(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> HttpResponse | None:
        endpoint = self._the_one(request, queryset)
        if endpoint is None:
            return None
        secret = endpoints.rotate(endpoint, now=timezone.now())
        return self._show(request, endpoint, secret, is_rotation=True)

    @admin.action(description=_("Enable the selected endpoints"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        for endpoint in queryset.filter(is_enabled=False):
            if endpoints.is_full():
                self.message_user(request, endpoints.FULL % {"most": endpoints.MAX_ENDPOINTS}, messages.ERROR)
                return
            endpoints.enable(endpoint)
        self.message_user(request, _("Enabled."))

    @admin.action(description=_("Disable the selected endpoints"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        for endpoint in queryset:
            endpoints.disable(endpoint, now=timezone.now())
        self.message_user(request, _("Disabled. What was waiting is cancelled."))

    @admin.action(description=_("Send again what failed in the last 24 hours"), permissions=["change"])
    def send_again_day(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        self._send_again(request, queryset, timedelta(days=1))

    @admin.action(description=_("Send again what failed in the last 7 days"), permissions=["change"])
    def send_again_week(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        self._send_again(request, queryset, timedelta(days=7))

    def _send_again(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint], age: timedelta) -> None:
        now = timezone.now()
        ended = Delivery.objects.filter(
            endpoint__in=queryset,
            state__in=[DeliveryState.DEAD, DeliveryState.CANCELLED],
            created_at__gte=now - age,
            replays__isnull=True,
        )
        _say_sent_again(self, request, endpoints.send_again(ended, now=now))


def _describe(answer: Answer) -> str:
    if answer.status is None:
        return _("The test failed: %(error)s.") % {"error": answer.error}
    about = {"status": answer.status, "ms": round(answer.seconds * 1000)}
    return _("The endpoint answered %(status)s in %(ms)s ms.") % about


def _say_sent_again(model_admin: Any, request: HttpRequest, count: int) -> None:
    sentence = ngettext("Sending %(count)s delivery again.", "Sending %(count)s deliveries again.", count)
    model_admin.message_user(request, sentence % {"count": count})


@admin.register(Delivery)
class DeliveryAdmin(BigTableAdmin):
    allowed_lookups = ("state__exact", "channel__exact")
    list_display = ("created_at", "type", "endpoint", "channel", "state", "attempts", "last_status", "last_error")
    list_select_related = ("endpoint",)
    list_filter = ("state", "channel")
    ordering = ("-pk",)
    sortable_by = ()
    search_fields = ("=family_id", "=endpoint__id")
    search_help_text = _("Full account or endpoint ID")
    actions = ("send_again",)
    exclude: ClassVar[Any] = ("claimed_until", "priority", "replay_of", "user")
    readonly_fields = ("sent_headers",)

    @admin.display(description=_("headers"))
    def sent_headers(self, delivery: Delivery) -> str:
        """Those of an attempt, but for its time and its signature."""
        if delivery.channel != Channel.WEBHOOK:
            return ""
        known = {"content-type": "application/json", "user-agent": send.USER_AGENT}
        shown = {**known, "webhook-id": signing.message_id(delivery.event_id)}
        return "\n".join(f"{name}: {value}" for name, value in shown.items())

    @admin.action(description=_("Send the selected deliveries again"), permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        _say_sent_again(self, request, endpoints.send_again(queryset, now=timezone.now()))

    def has_resend_permission(self, request: HttpRequest) -> bool:
        """Nobody edits a delivery, so the permission to change one means this."""
        return request.user.has_perm("parental.change_delivery")
