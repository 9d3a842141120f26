"""What staff may change while the service runs. Django finds it through the package."""

from typing import Any

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from viewing import rules
from viewing.fields import limit_field, reset_hour_field
from viewing.text import NameField


class SiteSettings(models.Model):
    """One row of settings that staff may change while the service runs; where it is missing the defaults hold."""

    pause_grace_seconds = models.PositiveIntegerField(
        _("pause grace (s)"), default=rules.PAUSE_GRACE_SECONDS, validators=[MaxValueValidator(3600)]
    )
    default_weekday_limit_minutes = limit_field(
        _("weekday limit of new children (minutes)"), default=rules.DEFAULT_WEEKDAY_LIMIT_MINUTES
    )
    default_weekend_limit_minutes = limit_field(
        _("weekend limit of new children (minutes)"), default=rules.DEFAULT_WEEKEND_LIMIT_MINUTES
    )
    default_reset_hour = reset_hour_field()
    notice = NameField(_("notice on the parents' pages"), max_length=500, blank=True, default="")
    # Kept up to date by the deliverer's endpoints (`parental/deliver/endpoints.py`).
    wants_limit_reached = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        verbose_name = _("site settings")
        verbose_name_plural = _("site settings")
        constraints = [
            # A singleton: the only id that the table takes.
            models.CheckConstraint(condition=Q(id=1), name="site_settings_single"),
        ]

    def __str__(self) -> str:
        return str(_("site settings"))

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    @property
    def default_limits(self) -> rules.Limits:
        """The limits of a new child."""
        return rules.Limits.from_pair(
            weekday=self.default_weekday_limit_minutes, weekend=self.default_weekend_limit_minutes
        )
