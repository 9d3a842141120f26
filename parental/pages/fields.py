"""Form fields that several pages share; their bounds are those of the API's schemas. NUL is refused by Django's own."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from parental.accounts import schemas


def email_field() -> forms.EmailField:
    """Not normalized: `models.normalize_email` does that."""
    attributes = {"autocomplete": "username", "inputmode": "email"}
    widget = forms.EmailInput(attrs=attributes)
    return forms.EmailField(label=_("Email address"), max_length=schemas.MAX_EMAIL_LENGTH, widget=widget)


def password_field(label: Any) -> forms.CharField:
    """The password that an account has."""
    widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})
    return forms.CharField(label=label, max_length=schemas.MAX_PASSWORD_LENGTH, strip=False, widget=widget)


def new_password_field(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        min_length=schemas.MIN_PASSWORD_LENGTH,
        max_length=schemas.MAX_NEW_PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 8 characters. Three or four random words are easy to remember and hard to guess."),
    )


def pin_field(label: Any, *, is_new: bool = False) -> forms.CharField:
    """Four digits, never filled in again. Not a password for the browser to keep: children use it too."""
    attributes = {
        "inputmode": "numeric",
        "autocomplete": "off",
        "class": "input--pin",
        "pattern": "[0-9]{4}",
        "maxlength": "4",
    }
    return forms.RegexField(
        # [0-9] and not \d, which other scripts' digits match.
        regex=r"\A[0-9]{4}\Z",
        label=label,
        strip=True,
        widget=forms.PasswordInput(attrs=attributes),
        error_messages={"invalid": _("Enter four digits.")},
        help_text=_("Four digits your children don't know.") if is_new else "",
    )
