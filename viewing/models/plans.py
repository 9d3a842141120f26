"""The week plan's columns and tables. Django finds them through the package.

`viewing/rules/plan.py` says what they mean, `viewing/rules/documents.py` how the JSON is written.
"""

import uuid
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from viewing.text import NameField

# Sets of weekdays are bits, Monday the lowest.
DEFAULT_WEEKEND: Final = 0b1100000
MAX_NAME_LENGTH: Final = 60


def day_limits_field() -> Any:
    return ArrayField(models.SmallIntegerField(null=True), size=7, null=True, blank=True, editable=False)


class PlanColumns(models.Model):
    """A child's week plan, in the row of their settings. `plan_version` 0: there is none, and all else has no meaning.

    Columns of existing rows: their defaults are the database's, because workers of the version before insert without
    them.
    """

    # Raised with every change of the plan, a lock, a pass, the family's calendar or an exception.
    plan_version = models.IntegerField(default=0, db_default=0, editable=False)
    # Monday first; an element that is null: no limit. Null: the two limits of weekdays and weekend days hold.
    day_limits = day_limits_field()
    plan = models.JSONField(null=True, blank=True, editable=False)
    # A week's limit or carried minutes are set, so earlier days matter.
    uses_week = models.BooleanField(default=False, db_default=False, editable=False)
    # A parent's lock; its beginning may be in the future, its end null: until it is lifted.
    locked_at = models.DateTimeField(null=True, blank=True, editable=False)
    locked_until = models.DateTimeField(null=True, blank=True, editable=False)
    lock_note = models.CharField(max_length=MAX_NAME_LENGTH, blank=True, default="", db_default="", editable=False)
    # Hours do not matter until then.
    open_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True


def _on(column: str, template: str) -> Func:
    return Func(F(column), template=template, output_field=models.BooleanField())


PLAN_CONSTRAINTS: Final = [
    models.CheckConstraint(condition=Q(plan_version__gte=0), name="config_plan_version_valid"),
    # Elements that are null pass: a comparison with null is no false.
    models.CheckConstraint(
        condition=Q(day_limits__isnull=True)
        | Q(
            _on("day_limits", "cardinality(%(expressions)s) = 7"),
            _on("day_limits", "15 <= ALL(%(expressions)s)"),
            _on("day_limits", "480 >= ALL(%(expressions)s)"),
        ),
        name="config_day_limits_valid",
    ),
    models.CheckConstraint(
        condition=Q(plan__isnull=True) | Q(_on("plan", "jsonb_typeof(%(expressions)s) = 'object'")),
        name="config_plan_object",
    ),
    models.CheckConstraint(
        condition=Q(locked_until__isnull=True) | Q(locked_at__isnull=False, locked_until__gt=F("locked_at")),
        name="config_lock_ordered",
    ),
]


class FamilyCalendar(models.Model):
    """An account's weekend and first day of the week; without a row Saturday and Sunday, and Monday."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="family_calendar"
    )
    weekend_days = models.SmallIntegerField(
        default=DEFAULT_WEEKEND, validators=[MinValueValidator(1), MaxValueValidator(126)]
    )
    week_starts_on = models.SmallIntegerField(default=0, validators=[MinValueValidator(0), MaxValueValidator(6)])

    class Meta:
        verbose_name = _("family calendar")
        verbose_name_plural = _("family calendars")
        constraints = [
            # At least one day, and not all of them.
            models.CheckConstraint(
                condition=Q(weekend_days__gte=1, weekend_days__lte=126), name="family_weekend_valid"
            ),
            models.CheckConstraint(
                condition=Q(week_starts_on__gte=0, week_starts_on__lte=6), name="family_week_start_valid"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}"


class PlanException(models.Model):
    """What is different on some dates, for one child or, `profile` null, for every child of the account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="plan_exceptions",
        db_index=False,  # (user, to_date) serves it
    )
    profile = models.ForeignKey(
        "Profile",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="plan_exceptions",
        db_index=False,  # read by account; to delete a profile is rare
    )
    from_date = models.DateField(_("from"))
    to_date = models.DateField(_("to"))
    name = NameField(_("name"), max_length=MAX_NAME_LENGTH)
    source = models.CharField(max_length=7, choices=[("quick", _("only today")), ("manual", _("planned"))])
    changes = models.JSONField()
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("plan exception")
        verbose_name_plural = _("plan exceptions")
        constraints = [
            models.CheckConstraint(
                condition=Q(from_date__lte=F("to_date"), to_date__lte=F("from_date") + timedelta(days=366)),
                name="exception_dates_valid",
            ),
            models.CheckConstraint(
                condition=Q(_on("changes", "jsonb_typeof(%(expressions)s) = 'object'")),
                name="exception_changes_object",
            ),
        ]
        indexes = [
            # A family's exceptions that are not over: heartbeats' reads, and the pages.
            models.Index(fields=["user", "to_date"], name="exception_user_to_idx"),
        ]

    def __str__(self) -> str:
        return self.name
