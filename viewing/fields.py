"""Model fields of limits, reset hours and external ids, and their bounds."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from viewing import rules

MAX_DURATION_SECONDS: Final = 86_400

# Printable ASCII without spaces and slashes: it is a part of paths.
EXTERNAL_ID_PATTERN: Final = r"^[!-.0-~]{1,255}\Z"
validate_external_id = RegexValidator(
    EXTERNAL_ID_PATTERN, _("Use 1 to 255 printable ASCII characters, without spaces and slashes.")
)


def validate_limit(minutes: int) -> None:
    """A daily limit is 15–480 minutes in steps of 15 (docs/contract.md#limits); null (no limit) never gets here."""
    if not 15 <= minutes <= 480 or minutes % 15:
        raise ValidationError(_("Enter 15 to 480 minutes, in steps of 15."), code="limit")


def validate_timezone(name: str) -> None:
    """An IANA name that this host's zone data knows."""
    if not rules.is_timezone(name):
        raise ValidationError(_("Enter a time zone name such as Europe/Berlin."), code="timezone")


def limit_field(verbose_name: Any, *, default: int | None) -> Any:
    return models.PositiveSmallIntegerField(
        verbose_name,
        null=True,
        blank=True,
        default=default,
        validators=[validate_limit],
        help_text=_("Leave empty for no limit."),
    )


def reset_hour_field() -> Any:
    return models.PositiveSmallIntegerField(
        _("reset hour"), default=rules.DEFAULT_RESET_HOUR, validators=[MinValueValidator(0), MaxValueValidator(23)]
    )


def duration_field() -> Any:
    return models.PositiveIntegerField(
        _("length (s)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_DURATION_SECONDS)],
        help_text=_("Leave empty if unknown."),
    )


def duration_is_valid(field: str) -> Q:
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gte": 1, f"{field}__lte": MAX_DURATION_SECONDS})


def limit_is_valid(field: str) -> Q:
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gte": 15, f"{field}__lte": 480})


def external_id_field() -> Any:
    """The platform's own id of a row; null where the platform did not bring it."""
    return models.CharField(
        _("external ID"), max_length=255, null=True, blank=True, editable=False, validators=[validate_external_id]
    )
