"""/audit: who gave time and who changed settings, and when."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from parental.children import limits
from parental.models import SettingsChange, TimeGrant
from tests.families import make_family, make_player, make_user
from tests.parental.homes import make_home
from tests.parental.pages.visitors import text_of
from tests.statements import statements
from viewing.models import PlayerToken, Profile

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def give(player, at=NOON, **fields):
    defaults = {"granted_by": player.profile.user, "is_remote": True, "minutes": 30, "day": at.date()}
    return TimeGrant.objects.create(profile=player.profile, granted_at=at, **{**defaults, **fields})


def change(player, at=NOON, **fields):
    defaults = {"changed_by": player.profile.user, "field": "reset_hour", "old_value": 6, "new_value": 7}
    return SettingsChange.objects.create(profile=player.profile, changed_at=at, **{**defaults, **fields})


@pytest.fixture
def family(server):
    family = make_family(children=2)
    Profile.objects.filter(pk=family.children[1].profile.pk).update(name="Leo")
    return family


def entry_texts(page):
    """The text of each entry, newest first."""
    assert page.status_code == 200, text_of(page)
    return [
        re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", re.sub(r"</?bdi>", "", entry)))).strip()
        for entry in re.findall(r"<li>\s*(<time.*?)</li>", page.text, re.DOTALL)
    ]


def test_what_the_api_did_is_listed(http, browse, quick_hashes, no_waiting):
    home = make_home(timezone="Europe/Berlin")
    home.set_pin()
    grant_id = home.grant(http, 30).json()["grant_id"]
    home.take_back(http, grant_id)
    home.grant_on_the_device(http, 15, pin="1234")
    home.change_with_pin(http, weekday_limit_minutes=90, weekend_limit_minutes=None, educational_exempt=False)

    entries = entry_texts(browse(home.parent.user).get("/audit"))

    assert {re.sub(r"\d\d:\d\d", "hh:mm", entry) for entry in entries} == {
        "hh:mm Mia Limit for Monday to Friday: from 2 h → to 1 h 30 min by you",
        "hh:mm Mia Limit for Saturday and Sunday: from 2 h → to no limit by you",
        "hh:mm Mia Educational titles: from not counted → to counted by you",
        "hh:mm Mia +15 min with the PIN on “Living room”",
        "hh:mm Mia +30 min taken back at hh:mm by you",
    }
    assert "+15" in entries[3]
    assert "+30" in entries[4]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"field": "weekday_limit_minutes", "old_value": None, "new_value": 15}, "from no limit → to 15 min"),
        ({"field": "reset_hour", "old_value": 0, "new_value": 23}, "Start of the day: from 00:00 → to 23:00"),
        ({"field": "educational_exempt", "old_value": False, "new_value": True}, "from counted → to not counted"),
        ({"field": "timezone", "old_value": "UTC", "new_value": "Asia/Tokyo"}, "Time zone: from UTC → to Asia/Tokyo"),
        ({"field": "of_a_later_day", "old_value": 1, "new_value": "<b>"}, "of_a_later_day: from 1 → to <b>"),
    ],
)
def test_every_setting_is_shown_in_words(browse, family, fields, sentence):
    change(family.children[0], **fields)

    (entry,) = entry_texts(browse(family.user).get("/audit"))

    assert sentence in entry


def test_defaults_that_were_kept_are_shown_in_words(browse, family):
    limits.confirm(family.children[0].profile.id, user_id=family.user.id, now=NOON)

    (entry,) = entry_texts(browse(family.user).get("/audit"))

    assert "reviewed and kept the defaults" in entry
    assert "None" not in entry


def test_who_it_was(browse, family):
    child, staff = family.children[0], make_user(is_staff=True)
    device = PlayerToken.objects.get(profile=child.profile)
    for n, fields in enumerate(
        (
            {},
            {"is_remote": False, "player_token": device},
            {"is_remote": False},
            {"granted_by": staff},
            {"granted_by": None, "minutes": None},
        )
    ):
        give(child, NOON - timedelta(minutes=n), **fields)

    page = browse(family.user).get("/audit")

    assert [entry.partition(" Mia ")[2] for entry in entry_texts(page)] == [
        "+30 min by you",
        "+30 min with the PIN on “Living room”",
        "+30 min with the PIN",
        "+30 min by our staff",
        "no limit until the next reset by a deleted account",
    ]
    assert staff.email not in page.text


def test_times_and_days_are_those_of_the_childs_zone(browse):
    user = make_user()
    give(make_player(user, timezone="Asia/Tokyo"), datetime(2026, 3, 4, 16, tzinfo=UTC))
    give(make_player(user, timezone="America/New_York"), datetime(2026, 3, 4, 2, tzinfo=UTC))

    said = text_of(browse(user).get("/audit"))

    assert "Thursday 5 March 2026 01:00 Mia" in said
    assert "Tuesday 3 March 2026 21:00 Mia" in said


def test_one_child_alone(browse, family):
    mia, leo = family.children
    give(mia)
    change(leo)
    visitor = browse(family.user)

    page = visitor.get(f"/audit?child={leo.profile.id}")

    (entry,) = entry_texts(page)
    assert "Leo" in entry
    assert len(entry_texts(visitor.get("/audit"))) == 2
    assert re.findall(r'<a href="/audit([^"]*)" aria-current="true">', page.text) == [f"?child={leo.profile.id}"]


def test_pages_lead_through_everything_of_one_child_or_all(browse, family):
    mia, leo = family.children
    for n in range(70):
        give(mia, NOON - timedelta(hours=n))
        change(leo, NOON - timedelta(hours=n))
    visitor = browse(family.user)

    for query, sizes in (("", [50, 50, 40]), (f"?child={mia.profile.id}", [50, 20])):
        pages, link = [], f"/audit{query}"
        while link:
            pages.append(visitor.get(link))
            older = re.search(r'rel="next" href="([^"]*)"', pages[-1].text)
            link = unescape(older[1]) if older else ""

        assert [len(entry_texts(page)) for page in pages] == sizes
        newest = re.search(r'<a class="button button--quiet" href="([^"]*)"', pages[-1].text)[1]
        assert entry_texts(visitor.get(newest)) == entry_texts(pages[0])


def test_only_the_accounts_own(browse, family):
    other = make_family()
    give(other.children[0])
    change(other.children[0])

    page = browse(family.user).get("/audit")

    assert entry_texts(page) == []
    assert "No changes yet." in text_of(page)


def test_not_yours_not_there_and_no_id_answer_alike(browse, family):
    other = make_family().children[0]
    give(other)
    visitor = browse(family.user)

    answers = [
        visitor.get(f"/audit?child={child}") for child in (other.profile.id, uuid.uuid4(), "x", "%00", "1" * 5000)
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({text_of(answer) for answer in answers}) == 1


@pytest.mark.parametrize("after", ["x", "%00", "~~", "2026-03-04T12:00:00Z~change~x", "9" * 3000])
def test_a_place_that_is_none_is_the_beginning(browse, family, after):
    give(family.children[0])

    assert len(entry_texts(browse(family.user).get(f"/audit?after={after}"))) == 1


def test_after_the_oldest_nothing_follows(browse, family):
    give(family.children[0])

    page = browse(family.user).get("/audit?after=2000-01-01T00:00:00Z~change~1")

    assert entry_texts(page) == []
    assert "No older entries." in text_of(page)


def test_without_settings_times_are_in_utc(browse, family):
    child = family.children[0]
    child.profile.config.delete()
    give(child)

    assert entry_texts(browse(family.user).get("/audit"))[0].startswith("12:00")


def test_names_are_written_as_text(browse, family):
    Profile.objects.filter(user=family.user).update(name="<b>Mia</b>")
    give(family.children[0])

    page = browse(family.user).get("/audit").text

    assert "&lt;b&gt;Mia&lt;/b&gt;" in page
    assert "<b>" not in page


def test_who_is_not_logged_in_is_sent_to_the_log_in(browse):
    answer = browse().get("/audit")

    assert (answer.status_code, answer.headers["location"]) == (302, "/login?next=/audit")


@pytest.mark.parametrize("children", [1, 10])
def test_the_same_statements_for_one_child_or_ten(browse, children):
    family = make_family(children=children)
    for child in family.children:
        give(child, player_token=PlayerToken.objects.get(profile=child.profile), is_remote=False)
        change(child)
    visitor = browse(family.user)
    visitor.get("/audit")

    with statements() as sent:
        page = visitor.get("/audit")

    assert len(entry_texts(page)) == 2 * children
    # 1. the session  2. the account  3. the profiles with their zones  4. the grants with their devices  5. the changes
    # 6. the other events  7. how many children ask for time
    assert len(sent) == 7, sent
