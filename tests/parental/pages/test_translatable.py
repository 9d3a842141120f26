"""Every word of the parents' pages goes through gettext: with a language that marks all it says, none is unmarked."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone, translation

import parental.pages.urls  # noqa: F401 — before the marks: texts that are translated on import stay in one language
from parental.models import SettingsChange, TimeGrant
from tests.families import make_family, make_title
from tests.parental.pages.visitors import text_of
from tests.viewing.watched import add_session
from viewing.models import PlayerToken, Profile

PATHS = (
    "/",
    "/report",
    "/report?last=x",
    "/children/{child}/history",
    "/children/{child}/history?from_date=2026-03-02&to_date=2026-03-01",
    "/children/{adult}/history",
    "/audit",
    "/children/add",
    "/children/{child}",
    "/children/{child}/limits",
    "/children/{child}/devices",
    "/children/{child}/remove",
    "/pin",
    "/logins",
    "/password",
    "/audit?child=x",
)
# Said in every language, or by the account itself: names here are numbers.
SAME = ("Sandglass", "UTC", "PIN", "CSV", "@example.com", "python-httpx")


@pytest.fixture
def marking_language(server, monkeypatch):
    """All that is translated stands in ⟦ ⟧."""
    for name in ("gettext", "ngettext", "pgettext", "npgettext"):
        translate = getattr(translation._trans, name)

        def marked(*given: Any, translate: Any = translate) -> str:
            return f"⟦{translate(*given)}⟧"

        monkeypatch.setattr(translation._trans, name, marked)


@pytest.fixture
def family(server):
    family = make_family(adult=True)
    child, now = family.children[0].profile, timezone.now()
    Profile.objects.filter(user=family.user).update(name="17")
    PlayerToken.objects.filter(profile=child).update(device_name="18")
    film = make_title("19", is_educational=True)
    for n in range(12):
        add_session(
            family.children[0], str(now - timedelta(days=n)), title=film, is_educational=n % 2 == 0, device_id="20"
        )
    add_session(family.adult, str(now - timedelta(days=1)), title=film)
    device = PlayerToken.objects.get(profile=child)
    for minutes, fields in ((30, {"player_token": device, "is_remote": False}), (None, {"is_remote": True})):
        TimeGrant.objects.create(
            profile=child, granted_by=family.user, minutes=minutes, day=now.date(), taken_back_at=now, **fields
        )
    for field, value in (("weekday_limit_minutes", 15), ("educational_exempt", True), ("reset_hour", 7)):
        SettingsChange.objects.create(profile=child, changed_by=family.user, field=field, new_value=value)
    return family


@pytest.mark.parametrize("path", PATHS)
def test_no_word_is_left_untranslated(browse, family, marking_language, path):
    ids = {"child": family.children[0].profile.id, "adult": family.adult.profile.id}

    page = browse(family.user).get(path.format(**ids))

    text = text_of(page)
    for attribute in ("aria-label", "placeholder", "alt"):
        text += " ".join(re.findall(rf'{attribute}="([^"]*)"', page.text))
    text += " ".join(re.findall(r"<(?:title|desc)[^>]*>(.*?)</", page.text, re.DOTALL))
    assert "⟦" in text
    marks = 1
    while marks:  # they may stand within each other
        text, marks = re.subn(r"⟦[^⟦⟧]*⟧", " ", text)
    for word in (family.user.email.partition("@")[0], *SAME):
        text = text.replace(word, " ")
    assert not re.findall(r"[^\W\d_]{2,}", text), text
