"""The viewers of an account. Django finds them through the package."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from viewing.fields import external_id_field
from viewing.text import NameField


class LivingManager(models.Manager["Profile"]):
    """All profiles but those that are to be erased, which nobody sees any more."""

    def get_queryset(self) -> models.QuerySet["Profile"]:
        return super().get_queryset().filter(erase_at__isnull=True)


class Profile(models.Model):
    """One viewer of an account: a child (`is_kids`, limited) or an adult (history only)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="profiles",
        db_index=False,  # the composite index below serves it
        verbose_name=_("account"),
    )
    name = NameField(_("name"), max_length=100)
    external_id = external_id_field()
    avatar_url = models.URLField(_("avatar"), max_length=500, blank=True, default="")
    is_kids = models.BooleanField(_("child"), default=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    # From when on the deliverer erases it (`parental/privacy/`). Set, the profile is as good as gone.
    erase_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = LivingManager()
    everyone = models.Manager["Profile"]()

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        indexes = [
            # An account's profiles in the order they were made.
            models.Index(fields=["user", "created_at"], name="profile_user_created_idx"),
        ]
        constraints = [
            # Parallel upserts by the platform find one row; they name it by these columns.
            models.UniqueConstraint(
                fields=["user", "external_id"],
                condition=Q(external_id__isnull=False),
                name="profile_user_external_id_uniq",
            ),
        ]

    def __str__(self) -> str:
        return self.name
