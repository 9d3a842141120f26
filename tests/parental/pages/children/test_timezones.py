"""A timezone is found by what a person writes."""

from datetime import UTC, datetime

import pytest

from parental.pages.children import timezones
from viewing import rules

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Istanbul", "Europe/Istanbul"),
        ("İstanbul", "Europe/Istanbul"),
        ("Asia/Istanbul", "Asia/Istanbul"),
        ("Buenos Aires", "America/Argentina/Buenos_Aires"),
        ("Nicosia", "Asia/Nicosia"),
        ("São Paulo", "America/Sao_Paulo"),
        ("Sa\u0303o Paulo", "America/Sao_Paulo"),
        ("sao paulo", "America/Sao_Paulo"),
        ("Bogotá", "America/Bogota"),
        ("ASUNCIÓN", "America/Asuncion"),
        ("america/bogotá", "America/Bogota"),
        ("Port-au-Prince", "America/Port-au-Prince"),
        ("port au prince", "America/Port-au-Prince"),
        ("St. Johns", "America/St_Johns"),
        ("  new   york ", "America/New_York"),
        ("Indianapolis", "America/Indiana/Indianapolis"),
        ("singapore", "Asia/Singapore"),
        ("turkey", "Turkey"),
        ("utc", "UTC"),
    ],
)
def test_a_place_is_found(written, meant):
    assert timezones.find(written) == meant


@pytest.mark.parametrize("written", ["", " ", "_", "Nowhere", "Central", "Eastern", "West", "../UTC", "a\0b", "\ud800"])
def test_what_names_no_zone_or_several_is_not_guessed(written):
    assert timezones.find(written) is None


def test_every_place_of_the_list_is_found_unless_several_zones_have_the_name():
    lost = [
        name for name in timezones.suggestions() if timezones.find(name.rpartition("/")[2].replace("_", " ")) is None
    ]

    assert {name.rpartition("/")[2] for name in lost} == {"Central", "Eastern", "Mountain", "Pacific", "West"}


def test_aliases_are_of_one_zone_today():
    for alias, name in timezones._links().items():
        if rules.is_timezone(alias):
            assert rules.next_reset(rules.Schedule(alias, 6), now=NOW) == rules.next_reset(
                rules.Schedule(name, 6), now=NOW
            )
