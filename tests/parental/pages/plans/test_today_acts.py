"""One tap for today on the dashboard: stop, allow, no bedtime, no screens; and how the audit words a plan's changes."""

import re

import pytest

from tests.parental.pages.visitors import text_after, text_of
from tests.parental.plans.berlin import NIGHTS, make_house
from viewing.models import PlanException
from viewing.rules.documents import WEEKDAYS


def path(house, page):
    return f"/children/{house.child.profile.id}/{page}"


class TestToday:
    def test_everyone_is_stopped_and_allowed_again(self, house, parent):
        assert "Stopped. Playback ends within 30 seconds." in text_after(parent, parent.post("/lock"))
        assert house.beat()["reason"] == "locked"
        page = text_of(parent.get("/"))
        assert "Stopped until a parent allows it" in page
        assert "Allow everyone again" in page
        text_after(parent, parent.post("/unlock"))
        assert house.beat()["enforcement"] == "allowed"
        assert "Allow everyone again" not in text_of(parent.get("/"))

    def test_in_ten_minutes(self, house, parent):
        parent.post("/lock", **{"in": "10"})
        assert house.beat()["remaining_minutes"] == 10
        assert "Stops today at 12:10" in text_of(parent.get("/"))

    @pytest.mark.parametrize(("until", "at"), [("hour", "2026-11-25 13:00"), ("today", "2026-11-26 06:00"), ("", None)])
    def test_one_child_is_stopped(self, house, parent, until, at):
        parent.post(path(house, "lock"), until=until)
        assert house.beat()["reason"] == "locked"
        if at is not None:
            assert house.at(at).beat()["enforcement"] == "allowed"
        else:
            assert house.at("2026-11-27 12:00").beat()["reason"] == "locked"
        parent.post(path(house, "unlock"))
        assert house.beat()["enforcement"] == "allowed"

    def test_no_bedtime_tonight_and_undo(self, house, parent):
        house.plan(quiet=NIGHTS)
        house.at("2026-11-25 21:00")
        assert "Bedtime until tomorrow at 07:00" in text_of(parent.get("/"))
        assert "Changed for today only." in text_after(parent, parent.post(path(house, "today"), act="no_bedtime"))
        assert house.beat()["enforcement"] == "allowed"
        made = PlanException.objects.get(user=house.home.parent.user)
        assert f"today/{made.pk}/undo" in parent.get("/").text
        parent.post(path(house, f"today/{made.pk}/undo"))
        assert house.beat()["hours_kind"] == "bedtime"
        # Again, and of one that is gone, nothing happens.
        assert parent.post(path(house, f"today/{made.pk}/undo")).status_code == 302

    def test_after_midnight_it_is_the_bedtime_that_runs(self, house, parent):
        house.plan(quiet=NIGHTS)
        parent.post(path(house.at("2026-11-28 00:30"), "today"), act="no_bedtime")
        assert PlanException.objects.get(user=house.home.parent.user).from_date.isoformat() == "2026-11-27"
        assert house.beat()["enforcement"] == "allowed"

    def test_a_button_tapped_twice_is_undone_once(self, house, parent):
        for _ in range(2):
            parent.post(path(house, "today"), act="no_screens")
        made = PlanException.objects.get(user=house.home.parent.user)
        parent.post(path(house, f"today/{made.pk}/undo"))
        assert house.beat()["enforcement"] == "allowed"

    def test_like_a_weekend_day(self, house, parent):
        parent.post(path(house, "today"), act="weekend")
        assert house.balance()["limit_minutes"] == 120

    def test_no_screens(self, house, parent):
        for _tap in range(2):
            parent.post(path(house, "today"), act="no_screens")
        assert house.beat()["hours_kind"] == "closed"
        assert PlanException.objects.filter(user=house.home.parent.user).count() == 1

    def test_an_act_that_is_none(self, house, parent):
        assert parent.post(path(house, "today"), act="party").status_code == 404
        assert not PlanException.objects.filter(user=house.home.parent.user).exists()

    def test_time_despite_bedtime(self, house, parent):
        house.plan(quiet=NIGHTS)
        house.at("2026-11-25 21:00")
        assert "Allow despite bedtime" in text_of(parent.get("/"))
        page = text_after(parent, parent.post(path(house, "grant"), minutes="30"))
        assert "playback is still stopped" in page
        assert house.beat()["hours_kind"] == "bedtime"
        card = parent.get("/").text.partition("Give more time despite bedtime")[0]
        form = re.findall(r'name="grant_id" value="([^"]+)"', card)[-1]
        for _ in range(2):
            parent.post(path(house, "grant"), minutes="20", despite_hours="on", grant_id=form)
        assert house.beat()["remaining_minutes"] == 20

    def test_others_children_stay_as_they_are(self, house, browse):
        stranger = browse(make_house(house.http, house.clock).home.parent.user)
        for page in ("lock", "unlock", "today"):
            assert stranger.post(path(house, page), act="weekend").status_code == 404
        assert house.config.plan_version == 0


def test_the_audit_says_it_in_words(house, parent):
    house.plan(
        days={WEEKDAYS[0]: {"limit_minutes": 30, "windows": []}},
        quiet=NIGHTS,
        week={"limit_minutes": 600, "carry_over_minutes": 30},
        soft_end={"finish_title_minutes": 15},
    )
    house.call("PUT", "family/calendar", json={"weekend": ["friday", "saturday"], "week_starts_on": "sunday"})
    house.exception("2026-11-27", name="Birthday", changes={"limit_minutes": 180})
    house.lock()
    text = text_of(parent.get("/audit"))
    for said in (
        "Daily limits: from Mon 1 h → to Mon 30 min",
        "Viewing times: from Mon any time → to Mon never",
        "Bedtime and school hours: from none → to Bedtime 20:30–07:00",
        "Weekly limit: from no limit → to 10 h, up to 30 min carried over",
        "Finishing a title: from off → to 15 min",
        "Weekend: from Sat, Sun → to Fri, Sat",
        "First day of the week: from Monday → to Sunday",
        "Exception: from none → to Birthday, 27 November",
        "Stopped",
    ):
        assert said in text
