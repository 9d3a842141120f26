"""Sums of the reports as they are shown: days over the limit, and parts that add up."""

import re

import pytest

from tests.families import make_player, make_title, make_user
from tests.parental.pages.visitors import text_of
from tests.viewing.watched import add_session


@pytest.fixture(autouse=True)
def wednesday(clock):
    clock.set("2026-03-04T10:00:00Z")


@pytest.fixture
def user(server):
    return make_user()


def test_days_over_the_limit_are_counted_and_not_their_share(browse, user):
    child = make_player(user, weekday_limit_minutes=60, weekend_limit_minutes=None)
    add_session(child, "2026-03-03T12:00:00Z", counted_seconds=3630)
    add_session(child, "2026-03-02T12:00:00Z", counted_seconds=3600)
    add_session(child, "2026-03-01T12:00:00Z", counted_seconds=30_000)

    card = browse(user).get("/report").text

    assert "<dt>Days over the limit</dt><dd>1 of 5</dd>" in card
    assert "%" not in re.search(r'<dl class="facts">.*?</dl>', card, re.DOTALL)[0]


def test_the_parts_of_a_day_add_up_as_they_are_shown(browse, user):
    child, lesson = make_player(user), make_title("Volcanoes", is_educational=True)
    add_session(child, "2026-03-03T12:00:00Z", counted_seconds=21 * 60 + 30)
    add_session(
        child, "2026-03-03T15:00:00Z", counted_seconds=0, exempt_seconds=28 * 60 + 30, title=lesson, is_educational=True
    )
    visitor = browse(user)

    card = visitor.get("/report").text
    history = text_of(visitor.get(f"/children/{child.profile.pk}/history"))

    row = next(row for row in re.findall(r"<tr>.*?</tr>", card, re.DOTALL) if "0:50" in row)
    shown = re.findall(r">(\d:\d\d)<", row)
    assert shown[:4] == ["0:22", "2:00", "0:28", "0:50"]
    assert "50 min · counted 22 min · educational 28 min" in history
