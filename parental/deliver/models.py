"""Webhook endpoints, and what is delivered to them or by email. Django finds them through `parental/models.py`."""

import uuid
from typing import Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from viewing.text import NameField

# Priorities of webhooks; emails have 5 too. What is sent again in bulk waits behind what is new.
NORMAL: Final = 5
AGAIN: Final = 9


class DisabledReason(models.TextChoices):
    GONE = "gone", _("it answered 410 Gone")
    FAILING = "failing", _("it failed for five days")
    STAFF = "staff", _("disabled by staff")


class WebhookEndpoint(models.Model):
    """An address of the platform that is sent what happens."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = NameField(_("name"), max_length=100)
    url = models.CharField(_("URL"), max_length=500)
    types = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("event types"),
        default=list,
        blank=True,
        help_text=_("None selected: all types, also those that are added later."),
    )
    # Encrypted (`parental/deliver/signing.py`).
    secret = models.TextField(editable=False)
    old_secret = models.TextField(blank=True, default="", editable=False)
    old_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    disabled_reason = models.CharField(
        _("disabled because"), max_length=7, choices=DisabledReason.choices, blank=True, default=""
    )
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")

    def __str__(self) -> str:
        return self.name


class Channel(models.TextChoices):
    WEBHOOK = "webhook", _("webhook")
    MAIL = "mail", _("email")


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    SENDING = "sending", _("sending")
    DONE = "done", _("delivered")
    DEAD = "dead", _("failed for good")
    CANCELLED = "cancelled", _("cancelled")


class Delivery(models.Model):
    """One event on its way to one endpoint, or to one parent by email."""

    channel = models.CharField(_("channel"), max_length=7, choices=Channel.choices)
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="deliveries",
        db_index=False,  # (endpoint, id) serves it
    )
    # Who gets the email.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    event_id = models.UUIDField(_("event"))
    type = models.CharField(_("type"), max_length=40)
    # No foreign keys: a family that is erased is still to be reported as such.
    family_id = models.UUIDField(_("account"), null=True, blank=True, db_index=True)
    profile_id = models.UUIDField(_("profile"), null=True, blank=True)
    # A webhook's: the bytes that are signed. An email's: the ids that its text is made from, as JSON.
    body = models.TextField(_("body"))
    priority = models.PositiveSmallIntegerField(default=NORMAL)
    state = models.CharField(_("state"), max_length=9, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"))
    claimed_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    last_status = models.PositiveSmallIntegerField(_("status"), null=True, blank=True)
    last_error = models.CharField(_("error"), max_length=200, blank=True, default="")
    last_answer = models.CharField(_("answer"), max_length=500, blank=True, default="")
    duration_ms = models.PositiveIntegerField(_("duration (ms)"), null=True, blank=True)
    # Without a constraint: old deliveries are deleted, whether or not they were sent again.
    replay_of = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="replays",
        db_constraint=False,
        db_index=False,  # the partial index serves it
    )

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            # What a deliverer may claim next: of one endpoint, or (null) the emails.
            models.Index(
                fields=["endpoint", "priority", "due_at", "id"],
                condition=Q(state="waiting"),
                name="delivery_due_idx",
            ),
            # Claims whose process died.
            models.Index(fields=["claimed_until"], condition=Q(state="sending"), name="delivery_sending_idx"),
            models.Index(fields=["replay_of"], condition=Q(replay_of__isnull=False), name="delivery_replay_idx"),
            # An endpoint's deliveries, newest first.
            models.Index(F("endpoint"), F("id").desc(), name="delivery_endpoint_idx"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(channel="webhook", endpoint__isnull=False, user__isnull=True)
                | Q(channel="mail", endpoint__isnull=True, user__isnull=False),
                name="delivery_has_receiver",
            ),
            models.CheckConstraint(
                condition=Q(state="sending", claimed_until__isnull=False)
                | ~Q(state="sending") & Q(claimed_until__isnull=True),
                name="delivery_claim_has_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.type}"


class DeliveryTotal(models.Model):
    """How many deliveries ended in what since the beginning: deliverers are processes without metrics of their own."""

    channel = models.CharField(max_length=7)
    outcome = models.CharField(max_length=9)
    count = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0)

    class Meta:
        verbose_name = _("deliveries by outcome")
        verbose_name_plural = _("deliveries by outcome")
        constraints = [models.UniqueConstraint(fields=["channel", "outcome"], name="delivery_total_uniq")]

    def __str__(self) -> str:
        return f"{self.channel} {self.outcome}"


class Bounces(models.Model):
    """How often in a row an account's mail server refused its address. Another address begins with none."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="bounces"
    )
    email_hash = models.BinaryField(max_length=32, editable=False)
    count = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("bounces")
        verbose_name_plural = _("bounces")

    def __str__(self) -> str:
        return f"{self.user_id}"
