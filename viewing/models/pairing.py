"""Pairing by code: a screen shows a code, and a parent approves it. Django finds it through the package."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from viewing.text import NameField


class PairingState(models.TextChoices):
    PENDING = "pending", _("pending")
    APPROVED = "approved", _("approved")
    DENIED = "denied", _("denied")
    REDEEMED = "redeemed", _("redeemed")


class DevicePairing(models.Model):
    """A screen that waits for a parent, or was approved; see `parental/pairing/`.

    Of the screen's own secret only the hash is kept. The code that it shows is worth nothing without a parent's login.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    device_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    user_code = models.CharField(max_length=8)
    # As the screen calls itself; a parent may choose another name.
    device_name = NameField(_("device"), max_length=100, blank=True, default="")
    device_type = models.CharField(max_length=10)
    state = models.CharField(max_length=10, choices=PairingState.choices, default=PairingState.PENDING)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    # One per child. Made at the approval, with hashes that no token has until the screen fetches them.
    token_ids = ArrayField(models.UUIDField(), default=list)
    redeemed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("pairing")
        verbose_name_plural = _("pairings")
        constraints = [
            models.UniqueConstraint(
                fields=["user_code"],
                condition=Q(state__in=(PairingState.PENDING, PairingState.APPROVED)),
                name="pairing_code_uniq",
            ),
        ]
        indexes = [
            # Each new pairing deletes some that are over.
            models.Index(fields=["expires_at"], name="pairing_expires_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"
