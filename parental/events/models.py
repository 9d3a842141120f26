"""The entry that an event leaves in the family's audit. Django finds it through `parental/models.py`."""

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """One event of a family that is no grant and no changed setting, which have rows of their own.

    The family is the account. `data` holds ids, numbers and codes; no free text and no address.
    """

    family = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="audit_entries",
        db_index=False,  # (family, at, id) serves it
    )
    profile = models.ForeignKey(
        "viewing.Profile",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="audit_entries",
        db_index=False,  # (profile, at, id) serves it
    )
    actor_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_kind = models.CharField(_("by"), max_length=16)
    # The name of a device, a token or an endpoint; never an address.
    actor_label = models.CharField(_("named"), max_length=100, blank=True, default="")
    kind = models.CharField(_("event"), max_length=32)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            # The audit page, of a family or of one child, newest first.
            models.Index(F("family"), F("at").desc(), F("id").desc(), name="audit_family_at_idx"),
            models.Index(F("profile"), F("at").desc(), F("id").desc(), name="audit_profile_at_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.family_id} {self.kind}"
