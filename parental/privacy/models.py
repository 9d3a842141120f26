"""What was asked to be erased. Django finds it through `parental/models.py`."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ErasureKind(models.TextChoices):
    PROFILE = "profile", _("profile")
    ACCOUNT = "account", _("account")


class Erasure(models.Model):
    """That an account or a profile was asked to be erased, and that it was done. It names nobody for long.

    No foreign keys: it outlives its subject.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=7, choices=ErasureKind.choices)
    # Kept for 60 days, so that a restored backup can be erased again; then only its hash is left.
    subject_id = models.UUIDField(_("of"), null=True)
    account_id = models.UUIDField(null=True)
    subject_hash = models.BinaryField(max_length=32, editable=False)
    # Whether the account was active, and is again if it is restored.
    was_active = models.BooleanField(default=True)
    asked_by = models.CharField(_("asked by"), max_length=16)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    erase_at = models.DateTimeField(_("due"))
    begun_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    # Rows deleted, by table.
    counts = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        constraints = [
            # Asked twice, it is one.
            models.UniqueConstraint(fields=["subject_id"], condition=Q(done_at__isnull=True), name="erasure_open_uniq"),
        ]
        indexes = [
            # What the deliverer does next.
            models.Index(fields=["erase_at"], condition=Q(done_at__isnull=True), name="erasure_due_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
