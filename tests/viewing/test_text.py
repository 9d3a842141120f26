"""Names: NFC, nothing hidden, something visible; every script and emoji stays."""

import pytest
from pydantic import TypeAdapter, ValidationError

from parental.children.profile_schemas import Name
from viewing import text
from viewing.models import GatewayToken, PlayerToken, Profile, SiteSettings, Title

name = TypeAdapter(Name)

GOOD = [
    "Mia",
    "Zoë",
    "Łukasz Żółć",
    "Μαρία",
    "שירה",
    "محمد",
    "می‌خواهم",  # with a zero-width non-joiner, which Persian needs
    "देवनागरी",
    "ශ්‍රී",  # with a zero-width joiner
    "ไทย",
    "小明",
    "ひかり",
    "지우",
    "👨‍👩‍👧‍👦",
    "❤️",
    "👍🏽",
    "🇩🇪",
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # Scotland, by tags
    "1️⃣",
    ".",
    "O'Neill-Smith (2)",
    "soft\u00adhyphen",
]
HIDDEN = [
    "a\nb",
    "a\rb",
    "a\tb",
    "a\x1bb",
    "a\x7fb",
    "a\x85b",
    "a\u2028b",
    "\u202egnp.exe",
    "a\u2066b",
    "a\u200fb",
    "a\u061cb",
    "a\u206ab",
    "a\ufff9b",
    "a\uffffb",
    "a\U000e0001b",
]
NOTHING = [
    "\u200b",
    "\u200d\u200c",
    "\ufeff",
    "\u00ad",
    "\u3164",
    "\u2800",
    "\uffa0 \u115f",
    "\ufe0f",
    "\u0301",
    "\u2060",
]


@pytest.mark.parametrize("given", GOOD)
def test_every_script_and_emoji_stays(given):
    assert name.validate_python(given) == given
    assert text.NameFormField().clean(given) == given


@pytest.mark.parametrize("given", HIDDEN)
def test_what_is_hidden_is_refused(given):
    with pytest.raises(ValidationError, match="hidden_character"):
        name.validate_python(given)
    with pytest.raises(text.ValidationError) as refused:
        text.NameFormField().clean(given)
    assert refused.value.messages == ["Remove line breaks and hidden characters."]


@pytest.mark.parametrize("given", NOTHING)
def test_what_shows_as_nothing_is_refused(given):
    with pytest.raises(ValidationError, match="blank"):
        name.validate_python(given)
    with pytest.raises(text.ValidationError):
        text.NameFormField().clean(given)


def test_a_letter_is_the_same_letter_however_it_was_typed():
    assert name.validate_python("Zoe\u0308") == "Zo\u00eb"
    assert text.NameFormField().clean("Zoe\u0308") == "Zo\u00eb"


def test_the_bound_counts_what_is_stored():
    assert name.validate_python("e\u0301" * 100) == "\u00e9" * 100
    with pytest.raises(ValidationError, match="at most 100"):
        name.validate_python("\u0958" * 100)  # NFC takes it apart: 200 characters


@pytest.mark.parametrize("given", ["\ud800", "a\0b", 3, None])
def test_what_is_no_text_is_refused(given):
    with pytest.raises(ValidationError):
        name.validate_python(given)


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (Profile, "name"),
        (Title, "name"),
        (PlayerToken, "device_name"),
        (GatewayToken, "name"),
        (SiteSettings, "notice"),
    ],
)
def test_the_admins_columns_follow_the_same_rules(model, field):
    column = model._meta.get_field(field)

    assert column.clean("Zoe\u0308", None) == "Zo\u00eb"
    for given in (*HIDDEN, *NOTHING):
        with pytest.raises(text.ValidationError):
            column.clean(given, None)
