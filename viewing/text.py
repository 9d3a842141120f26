"""Text from outside that others read: names of children, devices, titles and gateways, in API, forms and admin.

It is brought to NFC, so that a letter is the same letter however it was typed. Refused are control characters, line
ends, characters that turn the direction of what follows, and text that shows as nothing. All scripts stay, and so do
emoji with what joins and varies them.
"""

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

# Control characters and line ends; marks, embeddings and isolates of direction; annotations, noncharacters, tags that
# no emoji uses, and lone surrogates, which no UTF-8 can hold.
_HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"
    "\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e001f\ud800-\udfff]"
)
# Letters and symbols by their category, and yet nothing to see: fillers of Hangul, the empty Braille pattern.
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_VISIBLE: Final = frozenset("LNPS")


def normalized(text: str) -> str:
    """The text in NFC."""
    return unicodedata.normalize("NFC", text)


def is_plain(text: str) -> bool:
    """Whether the text has no control character, line end or character of direction."""
    return not _HIDDEN.search(text)


def is_visible(text: str) -> bool:
    """Whether anything of the text can be seen."""
    return any(unicodedata.category(each)[0] in _VISIBLE and each not in _BLANK for each in text)


def _normalized(value: Any) -> Any:
    return normalized(value) if isinstance(value, str) else value


def _readable(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "String must not be only white space")
    if not is_plain(text):
        raise PydanticCustomError(
            "hidden_character", "String must not contain control characters, line ends or marks of direction"
        )
    if not is_visible(text):
        raise PydanticCustomError("blank", "String must have a visible character")
    return text


if TYPE_CHECKING:
    _CharField = models.CharField[str, str]
else:
    _CharField = models.CharField

# For a name in a schema: NFC before the field's bounds, which count the characters that are stored; the rest after
# them, so that errors keep the bounds' names.
NFC: Final = BeforeValidator(_normalized)
READABLE: Final = AfterValidator(_readable)


class NameFormField(forms.CharField):
    """A name in a form."""

    def to_python(self, value: Any) -> Any:
        return _normalized(super().to_python(value))

    def validate(self, value: Any) -> None:
        super().validate(value)
        _check(value)


class NameField(_CharField):
    """A column that holds a name. To the database and to migrations it is a `CharField`."""

    def to_python(self, value: Any) -> Any:
        return _normalized(super().to_python(value))

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        super().validate(value, model_instance)
        _check(value)

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


def _check(value: str) -> None:
    """ValidationError with what a person should change; an empty value is for the field to judge."""
    if value and not is_plain(value):
        raise ValidationError(_("Remove line breaks and hidden characters."), code="hidden_character")
    if value and not is_visible(value):
        raise ValidationError(_("Use at least one letter or symbol."), code="blank")
