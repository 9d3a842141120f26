"""A child's settings: limits, the day, the PIN that some of them need, and what is text when saved."""

import re

import pytest

from parental.models import Pin, SettingsChange
from tests.families import make_player
from tests.parental.homes import PIN, make_home
from tests.parental.pages.visitors import text_after, text_of

pytestmark = pytest.mark.usefixtures("quick_hashes", "no_waiting")


@pytest.fixture
def home(server):
    home = make_home(timezone="Europe/Berlin", reset_hour=6)
    home.set_pin()
    return home


@pytest.fixture
def visitor(browse, home):
    return browse(home.parent.user)


def url(home):
    return f"/children/{home.child.profile.id}/limits"


def form_of(home, **changes):
    """What the browser sends for the settings as they are, but for the changes; None: an unticked box."""
    config = home.config
    form = {
        "weekday_limit_minutes": config.weekday_limit_minutes or "",
        "weekend_limit_minutes": config.weekend_limit_minutes or "",
        "reset_hour": config.reset_hour,
        "timezone": config.timezone,
        "educational_exempt": "on" if config.educational_exempt else None,
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}


def save(visitor, home, **changes):
    return visitor.post(url(home), **form_of(home, **changes))


def chosen(page, field):
    select = re.search(rf'<select name="{field}".*?</select>', page.text, re.DOTALL)[0]
    return re.search(r'<option value="(\w*)" selected', select)[1]


def test_shows_the_settings_as_they_are(visitor, home):
    page = visitor.get(url(home))

    assert (chosen(page, "weekday_limit_minutes"), chosen(page, "weekend_limit_minutes")) == ("120", "120")
    assert chosen(page, "reset_hour") == "6"
    assert 'value="Europe/Berlin"' in page.text
    assert re.search(r'name="same_every_day"[^>]* checked', page.text)
    assert re.search(r'name="educational_exempt"[^>]* checked', page.text)


def test_limits_go_from_15_to_480_minutes_in_steps_of_15(visitor, home):
    page = visitor.get(url(home))

    select = re.search(r'<select name="weekend_limit_minutes".*?</select>', page.text, re.DOTALL)[0]
    assert re.findall(r'value="(\d*)"', select) == ["", *map(str, range(15, 481, 15))]


def test_changes_limits_without_a_pin(visitor, home, http):
    text = text_after(visitor, save(visitor, home, weekday_limit_minutes=45, weekend_limit_minutes=90))

    assert "Saved." in text
    assert (home.config.weekday_limit_minutes, home.config.weekend_limit_minutes) == (45, 90)


def test_they_hold_on_the_next_beat(visitor, home, http):
    home.child.beat(http)

    save(visitor, home, weekday_limit_minutes=60, weekend_limit_minutes=60)

    assert home.child.beat(http).json()["remaining_minutes"] == 59


def test_the_same_every_day_takes_the_weekdays_limit(visitor, home):
    save(visitor, home, same_every_day="on", weekday_limit_minutes=30, weekend_limit_minutes=240)

    assert (home.config.weekday_limit_minutes, home.config.weekend_limit_minutes) == (30, 30)


def test_no_limit_is_no_limit(visitor, home):
    save(visitor, home, weekday_limit_minutes="", weekend_limit_minutes=60)

    assert (home.config.weekday_limit_minutes, home.config.weekend_limit_minutes) == (None, 60)
    assert chosen(visitor.get(url(home)), "weekday_limit_minutes") == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("weekday_limit_minutes", "20"),
        ("weekend_limit_minutes", "495"),
        ("weekday_limit_minutes", "0"),
        ("weekday_limit_minutes", "x\0"),
        ("reset_hour", "24"),
        ("reset_hour", "-1"),
        ("reset_hour", ""),
        ("timezone", "Middle-earth/Shire"),
        ("timezone", ""),
        ("pin", "12345"),
        ("pin", "abcd"),
        ("pin", "٣٣٣٣"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_changes(visitor, home, field, value):
    answer = save(visitor, home, **{"weekday_limit_minutes": 45, "weekend_limit_minutes": 45, field: value})

    assert answer.status_code == 200
    assert f'id="id_{field}_error"' in answer.text
    assert not SettingsChange.objects.filter(profile=home.child.profile).exists()


@pytest.mark.parametrize(
    "change",
    [{"reset_hour": 5}, {"timezone": "Asia/Tokyo"}, {"educational_exempt": None}],
    ids=lambda it: next(iter(it)),
)
def test_the_day_and_the_exemption_need_the_pin(visitor, home, change):
    answer = save(visitor, home, weekday_limit_minutes=45, **change)

    assert "Enter your PIN to change when the day starts" in text_of(answer)
    assert chosen(answer, "weekday_limit_minutes") == "45"
    assert not SettingsChange.objects.filter(profile=home.child.profile).exists()

    assert save(visitor, home, pin=PIN, **change).status_code == 302
    assert set(SettingsChange.objects.values_list("field", flat=True).filter(profile=home.child.profile)) == set(change)


def test_the_pin_is_asked_for_once_in_five_minutes(visitor, home, monkeypatch):
    save(visitor, home, reset_hour=5, pin=PIN)
    assert 'name="pin"' not in visitor.get(url(home)).text
    assert save(visitor, home, reset_hour=4).status_code == 302

    monkeypatch.setattr("django.conf.settings.PIN_TOKEN_SECONDS", -1)

    assert 'name="pin"' in visitor.get(url(home)).text
    assert "Enter your PIN to change when the day starts" in text_of(save(visitor, home, reset_hour=3))
    assert home.config.reset_hour == 4


def test_another_browser_is_asked_for_itself(browse, visitor, home):
    save(visitor, home, reset_hour=5, pin=PIN)

    assert "Enter your PIN to change when the day starts" in text_of(save(browse(home.parent.user), home, reset_hour=4))


def test_a_changed_pin_is_asked_for_again(visitor, home):
    save(visitor, home, reset_hour=5, pin=PIN)
    Pin.objects.filter(user=home.parent.user).update(version=home.child.profile.id)

    assert "Enter your PIN to change when the day starts" in text_of(save(visitor, home, reset_hour=4))


def test_a_wrong_pin_changes_nothing_and_five_lock_it(visitor, home):
    for _ in range(4):
        assert "Incorrect PIN" in text_of(save(visitor, home, reset_hour=5, pin="9999"))
    assert "Your PIN is locked until" in text_of(save(visitor, home, reset_hour=5, pin="9999"))

    answer = save(visitor, home, reset_hour=5, pin=PIN)

    assert re.search(r"locked until (today|tomorrow) at \d\d:\d\d", text_of(answer))
    assert home.config.reset_hour == 6
    # What needs no PIN still works.
    assert save(visitor, home, weekday_limit_minutes=30).status_code == 302


def test_without_a_pin_what_needs_one_stays_as_it_is_and_says_why(browse, server):
    home = make_home(timezone="Europe/Berlin", reset_hour=6)
    visitor = browse(home.parent.user)
    page = visitor.get(url(home))
    assert "Set a PIN to change the greyed-out settings" in text_of(page)
    assert re.search(r'<select name="reset_hour"[^>]* disabled', page.text)

    save(visitor, home, reset_hour=3, timezone="Asia/Tokyo", educational_exempt=None, weekday_limit_minutes=30)

    config = home.config
    assert (config.reset_hour, config.timezone, config.educational_exempt) == (6, "Europe/Berlin", True)
    assert config.weekday_limit_minutes == 30


def test_the_first_move_of_the_timezone_needs_no_pin(browse, server):
    home = make_home()
    visitor = browse(home.parent.user)

    assert save(visitor, home, timezone="Europe/Berlin").status_code == 302

    assert home.config.timezone == "Europe/Berlin"
    assert re.search(r'name="timezone"[^>]* disabled', visitor.get(url(home)).text)


def test_a_moved_reset_says_when_it_takes_effect(visitor, home, clock):
    clock.set("2026-03-04T12:00:00+00:00")

    text = text_after(visitor, save(visitor, home, reset_hour=18, pin=PIN))

    assert "the new schedule starts tomorrow at 18:00" in text
    assert "You changed when the day starts" in text_of(visitor.get(url(home)))
    assert "Resets tomorrow at 18:00" in text_of(visitor.get("/"))
    clock.set("2026-03-05T18:00:01+00:00")
    assert "You changed when the day starts" not in text_of(visitor.get(url(home)))


def test_saving_is_reviewing(visitor, home):
    assert "Are these limits right?" in text_of(visitor.get("/"))

    save(visitor, home)

    assert "Are these limits right?" not in text_of(visitor.get("/"))
    row = SettingsChange.objects.get(profile=home.child.profile)
    assert (row.field, row.changed_by) == ("confirmed", home.parent.user)


def test_confirming_is_audited_and_twice_leaves_one_row(visitor, home):
    for _ in range(2):
        text_after(visitor, visitor.post(f"{url(home)}/confirm"))

    assert "Are these limits right?" not in text_of(visitor.get("/"))
    assert SettingsChange.objects.filter(profile=home.child.profile).count() == 1


def test_an_adult_has_no_limits(visitor, home):
    adult = make_player(home.parent.user, is_kids=False)

    assert visitor.get(f"/children/{adult.profile.id}/limits").status_code == 404
