"""GET and POST /auth/profiles."""

import uuid
from datetime import timedelta

import httpx
import pytest
from django.utils import timezone

from tests.families import make_player, make_title, make_user
from tests.parental.cast import fields_of, log_in, make_parent
from tests.races import in_parallel
from tests.site import site
from tests.statements import statements
from viewing.models import Profile, ViewingSession, ViewingTimeConfig

URL = "/api/v1/auth/profiles"


@pytest.fixture
def parent(server):
    return make_parent()


def create(http, parent, **body):
    return http.post(URL, json={"name": "Mia", **body}, headers=parent.headers)


def config_of(answer):
    return ViewingTimeConfig.objects.get(profile_id=answer.json()["id"])


def test_makes_a_kids_profile_with_the_default_limits(http, parent):
    answer = create(http, parent, name="Mia 🦊", is_kids=True, avatar_url="https://cdn.example.com/fox.png")

    assert answer.status_code == 201
    profile = Profile.objects.get(user=parent.user)
    assert answer.json() == {
        "id": str(profile.id),
        "name": "Mia 🦊",
        "avatar_url": "https://cdn.example.com/fox.png",
        "is_kids": True,
        "session_count": 0,
    }
    config = config_of(answer)
    assert (config.weekday_limit_minutes, config.weekend_limit_minutes) == (120, 180)
    assert (config.reset_hour, config.educational_exempt, config.timezone) == (6, True, "UTC")
    assert config.held_day is None


def test_an_adult_has_no_limits_but_a_timezone(http, parent):
    answer = create(http, parent, timezone="America/New_York")

    assert answer.json()["is_kids"] is False
    config = config_of(answer)
    assert (config.weekday_limit_minutes, config.weekend_limit_minutes) == (None, None)
    assert config.timezone == "America/New_York"


def test_a_child_lives_in_the_given_timezone(http, parent):
    assert config_of(create(http, parent, is_kids=True, timezone="Europe/Berlin")).timezone == "Europe/Berlin"


def test_staff_may_set_other_defaults(http, parent):
    with site(default_weekday_limit_minutes=45, default_weekend_limit_minutes=None, default_reset_hour=4):
        config = config_of(create(http, parent, is_kids=True))

    assert (config.weekday_limit_minutes, config.weekend_limit_minutes, config.reset_hour) == (45, None, 4)


@pytest.mark.parametrize("avatar_url", [None, "", ...])
def test_no_avatar_is_null(http, parent, avatar_url):
    body = {} if avatar_url is ... else {"avatar_url": avatar_url}

    assert create(http, parent, **body).json()["avatar_url"] is None
    assert http.get(URL, headers=parent.headers).json()[0]["avatar_url"] is None


def test_the_new_profile_can_be_used_immediately(http, parent):
    profile_id = create(http, parent, is_kids=True).json()["id"]

    balance = http.get(f"/api/v1/viewing-time/balance/{profile_id}", headers=parent.headers)

    assert balance.json()["has_limits"] is True


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("name", "", "string_too_short"),
        ("name", " \t\n", "blank"),
        ("name", "x" * 101, "string_too_long"),
        ("name", "a\0", "nul_character"),
        ("name", 5, "string_type"),
        ("name", None, "string_type"),
        ("is_kids", "perhaps", "bool_parsing"),
        ("is_kids", None, "bool_type"),
        ("avatar_url", "javascript:alert(1)", "web_url"),
        ("avatar_url", "ftp://example.com/a.png", "web_url"),
        ("avatar_url", "//example.com/a.png", "web_url"),
        ("avatar_url", "https://example.com/" + "x" * 481, "string_too_long"),
        ("avatar_url", "https://example.com/\0", "nul_character"),
        ("avatar_url", 5, "string_type"),
        ("timezone", "Mars/Olympus", "timezone"),
        ("timezone", "../etc/passwd", "timezone"),
        ("timezone", "europe/berlin", "timezone"),
        ("timezone", "", "timezone"),
        ("timezone", "x" * 65, "string_too_long"),
        ("timezone", "UTC\0", "nul_character"),
        ("timezone", None, "string_type"),
    ],
)
def test_bad_fields_are_named(http, parent, field, value, kind):
    assert fields_of(create(http, parent, **{field: value})) == [(["body", field], kind)]
    assert not Profile.objects.filter(user=parent.user).exists()


def test_a_missing_name_and_broken_json(http, parent):
    assert fields_of(http.post(URL, json={}, headers=parent.headers)) == [(["body", "name"], "missing")]
    broken = http.post(URL, content=b"{", headers=parent.headers)
    assert (broken.status_code, broken.json()) == (400, {"detail": "Cannot parse request body", "code": "broken_body"})


def test_the_longest_fields_fit(http, parent):
    answer = create(http, parent, name="ü" * 100, avatar_url="https://example.com/" + "x" * 480)

    assert answer.status_code == 201
    assert len(answer.json()["avatar_url"]) == 500


def test_an_account_has_at_most_20_profiles_however_parallel(server, parent):
    for n in range(15):
        Profile.objects.create(user=parent.user, name=str(n))

    answers = in_parallel(
        10, lambda n: httpx.post(server + URL, json={"name": "Mia"}, headers=parent.headers, timeout=30)
    )

    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [409] * 5
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json() == {"detail": "An account can have at most 20 profiles", "code": "too_many"}
    assert Profile.objects.filter(user=parent.user).count() == 20


def test_lists_them_in_the_order_they_were_made(http, parent):
    now = timezone.now()
    for name, minutes in (("second", 2), ("third", 3), ("first", 1)):
        Profile.objects.create(user=parent.user, name=name, created_at=now + timedelta(minutes=minutes))
    make_player(make_user())  # another family's

    answer = http.get(URL, headers=parent.headers)

    assert answer.status_code == 200
    assert [profile["name"] for profile in answer.json()] == ["first", "second", "third"]
    assert all(set(item) == {"id", "name", "avatar_url", "is_kids", "session_count"} for item in answer.json())


def test_no_profiles(http, parent):
    assert http.get(URL, headers=parent.headers).json() == []


def add_sessions(profile, count):
    title, now = make_title(), timezone.now()
    ViewingSession.objects.bulk_create(
        ViewingSession(
            id=uuid.uuid4(), profile=profile, title=title, device_id="tv", device_type="tv", day=now.date(),
            started_at=now, last_heartbeat_at=now, ended_at=now, end_reason="ended",
        )
        for _ in range(count)
    )  # fmt: skip


def test_counts_sessions_in_one_statement_however_many_profiles(http):
    parent = log_in(make_user())
    players = [make_player(parent.user) for _ in range(5)]
    for count, player in enumerate(players):
        add_sessions(player.profile, count)
    http.get("/api/v1/auth/me", headers=parent.headers)

    with statements() as sent:
        answer = http.get(URL, headers=parent.headers)

    # 1. the profiles with their counts
    assert len(sent) == 1, sent
    assert [profile["session_count"] for profile in answer.json()] == [0, 1, 2, 3, 4]
