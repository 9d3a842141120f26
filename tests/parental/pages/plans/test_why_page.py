"""The page that says why a child may watch, or not; another limit for one day; the family's weekend."""

import pytest

from tests.parental.pages.visitors import text_after, text_of
from tests.parental.plans.berlin import NIGHTS, SCHOOL, make_house
from viewing.models import FamilyCalendar, PlanException


@pytest.fixture
def house(http, clock):
    return make_house(http, clock)


@pytest.fixture
def parent(house, browse):
    return browse(house.home.parent.user)


def path(house, page):
    return f"/children/{house.child.profile.id}/{page}"


class TestWhy:
    def test_nothing_stands_in_the_way(self, house, parent):
        text = text_of(parent.get(path(house, "why")))
        assert "Mia can watch now" in text
        assert "0 min of 1 h used" in text

    def test_bedtime(self, house, parent):
        house.plan(quiet=NIGHTS)
        house.at("2026-11-25 21:00").use(10, "2026-11-25")
        text = text_of(parent.get(path(house, "why")))
        assert "Mia can't watch now Bedtime until tomorrow at 07:00" in text
        assert "possible again tomorrow at 07:00" in text
        assert "20 minutes anyway" in text
        assert "10 min of 1 h used" in text

    def test_the_same_sentence_on_the_card_the_device_and_from_the_api(self, house, parent):
        house.plan(quiet=NIGHTS)
        house.at("2026-11-25 21:00")
        sentence = "Bedtime until tomorrow at 07:00"
        explained = house.call("GET", f"profiles/{house.child.profile.id}/explain").json()
        answers = [house.beat(), house.balance(), house.eligible(), explained]
        assert [answer["sentence"] for answer in answers] == [sentence] * 4
        assert sentence in text_of(parent.get("/"))

    def test_school_while_learning_is_allowed(self, house, parent):
        house.plan(quiet=[SCHOOL])
        text = text_of(parent.get(path(house.at("2026-11-25 10:00"), "why")))
        assert "School until 13:00" in text
        assert "Educational titles may play." in text

    def test_stopped_by_a_parent(self, house, parent):
        house.lock(note="Dinner")
        text = text_of(parent.get(path(house, "why")))
        assert "Stopped until a parent allows it" in text
        assert "“Dinner”" in text
        assert "This doesn't end by itself." in text
        assert "Allow again" in text

    def test_the_week_and_what_was_carried(self, house, parent):
        house.at("2026-11-23 12:00").plan(week={"limit_minutes": 120, "carry_over_minutes": 30})
        house.use(40, "2026-11-23")
        house.at("2026-11-24 12:00").use(80, "2026-11-24")
        text = text_of(parent.get(path(house, "why")))
        assert "2 h of 2 h used" in text
        assert "Limit of the day: 1 h 20 min carried over from the days before" in text
        assert "Mon 23 Nov" in text.replace("Nov.", "Nov")
        assert "Give 15 minutes" in text

    def test_an_exception_is_named(self, house, parent):
        house.exception("2026-11-25", name="Birthday", changes={"limit_minutes": 180})
        assert "Limit from the exception “Birthday”" in text_of(parent.get(path(house, "why")))


class TestOneDay:
    def test_only_today(self, house, parent):
        assert "Changed for today only." in text_after(
            parent, parent.post(path(house, "one-day"), day="today", limit="30")
        )
        assert house.balance()["limit_minutes"] == 30
        assert house.at("2026-11-26 12:00").balance()["limit_minutes"] == 60

    def test_only_tomorrow_and_nothing_at_all(self, house, parent):
        parent.post(path(house, "one-day"), day="tomorrow", limit="0")
        assert house.balance()["remaining_minutes"] == 60
        assert house.at("2026-11-26 12:00").beat()["hours_kind"] == "closed"

    def test_the_later_choice_replaces_the_earlier(self, house, parent):
        for limit in ("0", "30", "", "90", "90"):
            parent.post(path(house, "one-day"), day="today", limit=limit)
        (made,) = PlanException.objects.filter(user=house.home.parent.user)
        assert made.changes == {"limit": 90}
        page = parent.get(path(house, "limits"))
        assert "Limit: 1 h 30 min" in text_of(page)
        parent.post(path(house, f"today/{made.pk}/undo"))
        assert house.balance()["limit_minutes"] == 60

    def test_a_choice_that_is_none(self, house, parent):
        page = text_after(parent, parent.post(path(house, "one-day"), day="someday", limit="30"))
        assert "Choose a day and a limit" in page
        assert house.config.plan_version == 0


class TestFamilyCalendar:
    def test_friday_and_saturday(self, house, parent):
        form = {"weekend": ["friday", "saturday"], "week_starts_on": "sunday"}
        assert "Saved." in text_after(parent, parent.post("/family/calendar", **form))
        calendar = FamilyCalendar.objects.get(pk=house.home.parent.user.pk)
        assert (calendar.weekend_days, calendar.week_starts_on) == (48, 6)

    @pytest.mark.parametrize(
        "days", [[], ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]]
    )
    def test_a_week_has_some_of_both(self, house, parent, days):
        assert parent.post("/family/calendar", weekend=days, week_starts_on="monday").status_code == 200
        assert not FamilyCalendar.objects.filter(pk=house.home.parent.user.pk).exists()
