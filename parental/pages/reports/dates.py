"""A day that is asked for on a page, and the days that may be."""

from datetime import date
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

# No film was streamed before; and a calendar's edges are no one's days.
EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2999, 12, 31)


def day_field(label: Any) -> forms.DateField:
    """An optional day, as browsers send it, from 2000 to 2999."""
    field = forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "min": str(EARLIEST), "max": str(LATEST)}),
        error_messages={"invalid": _("Enter a date like 2026-03-31.")},
    )
    field.validators.append(_in_bounds)
    return field


def _in_bounds(day: date) -> None:
    if not EARLIEST <= day <= LATEST:
        raise forms.ValidationError(_("Enter a date from 2000 onward."), code="bounds")
