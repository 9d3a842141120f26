"""Form fields that several pages share; their bounds are those of the API's schemas. NUL is refused by Django's own."""

from typing import Any, Final
from uuid import uuid4

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import DjangoTemplates
from django.utils.translation import gettext_lazy as _

from parental.accounts import schemas
from parental.children import limits
from parental.wording import duration

# Of a field that takes no text: a number, a date, a choice.
MAX_ECHO: Final = 100
UNLIMITED: Final = ""
NOT_A_CHOICE: Final = _("Choose one from the list.")


class BoundedField(BoundField):
    """Shows no more of what was sent than the field takes: an answer must not grow with its request.

    The first wrong field of a form gets the focus, which scrolls it into view, without JavaScript too.
    """

    def value(self) -> Any:
        value = super().value()
        if not isinstance(value, str):
            return value
        if isinstance(self.field, forms.CharField):
            return value[: self.field.max_length]
        return value[:MAX_ECHO]

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        attrs = super().build_widget_attrs(attrs, widget)
        if self.errors and self.name == next(name for name in self.form.fields if name in self.form.errors):
            attrs["autofocus"] = True
        return attrs


class Renderer(DjangoTemplates):
    """Of every form (FORM_RENDERER)."""

    bound_field_class = BoundedField


def once_field() -> forms.UUIDField:
    """A hidden value that is new with each showing of the form: what is made gets it as its id, and is made once."""
    return forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid4)


def email_field() -> forms.EmailField:
    """Not normalized: `models.normalize_email` does that."""
    attributes = {"autocomplete": "username", "inputmode": "email"}
    widget = forms.EmailInput(attrs=attributes)
    errors = {"required": _("Enter your email address."), "invalid": _("Enter an address like name@example.com.")}
    return forms.EmailField(
        label=_("Email address"), max_length=schemas.MAX_EMAIL_LENGTH, widget=widget, error_messages=errors
    )


def password_field(label: Any) -> forms.CharField:
    """The password that an account has."""
    widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})
    return forms.CharField(
        label=label,
        max_length=schemas.MAX_PASSWORD_LENGTH,
        strip=False,
        widget=widget,
        error_messages={"required": _("Enter your password.")},
    )


def new_password_field(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        min_length=schemas.MIN_PASSWORD_LENGTH,
        max_length=schemas.MAX_NEW_PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": _("Choose a password."), "min_length": _("Use at least 8 characters.")},
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
        error_messages={"invalid": _("Enter four digits."), "required": _("Enter four digits.")},
        help_text=_("Four digits your children don't know.") if is_new else "",
    )


def limit_field(label: Any) -> forms.TypedChoiceField:
    """15–480 minutes in steps of 15, or None: no limit."""
    return forms.TypedChoiceField(
        label=label,
        choices=_limits,
        coerce=int,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": NOT_A_CHOICE},
    )


def _limits() -> list[tuple[Any, Any]]:
    # Called for every page: written as the module is read, they would stay in one language.
    steps = [(minutes, duration(minutes * 60)) for minutes in range(15, 481, limits.STEP_MINUTES)]
    return [(UNLIMITED, _("No limit")), *steps]
