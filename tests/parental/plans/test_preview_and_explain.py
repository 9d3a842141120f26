"""What the plan makes of the coming days, and why something may play now: the same values as heartbeats decide by."""

from datetime import date, datetime

import pytest

from tests.families import make_player, make_title
from tests.parental.plans.berlin import NIGHTS, SCHOOL, ZONE, make_house, utc
from tests.statements import statements
from viewing.models import ViewingTimeConfig
from viewing.planned import TRACKS
from viewing.playback import plan_reads
from viewing.rules.hours import stretches


@pytest.fixture
def house(http, clock):
    return make_house(http, clock)


def preview(house, **params):
    answer = house.call("GET", f"profiles/{house.child.profile.id}/plan/preview", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["days"]


def explain(house, **params):
    answer = house.call("GET", f"profiles/{house.child.profile.id}/explain", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def checks(answer):
    return {check["check"]: check for check in answer["checks"]}


class TestPreview:
    def test_it_is_what_the_rules_say_over_a_change_of_the_clock(self, house):
        house.at("2027-03-20 12:00").plan(quiet=[*NIGHTS, SCHOOL], days={"sunday": {"limit_minutes": 90}})
        made = house.exception("2027-03-28", name="Clocks", changes={"bedtime": None, "limit_minutes": 30}).json()
        days = {day["date"]: day for day in preview(house)}
        assert len(days) == 14
        config = ViewingTimeConfig.objects.get(pk=house.child.profile.id)
        plan = plan_reads.for_child(config, now=house.clock.now).plan
        for text, day in days.items():
            on = date.fromisoformat(text)
            for track in TRACKS.values():
                shown = [
                    (datetime.fromisoformat(each["opens_at"]), datetime.fromisoformat(each["closes_at"]))
                    for each in day["windows"]
                    if each["track"] == track
                ]
                assert shown == list(stretches(plan, ZONE, on, on, track))
        clocks = days["2027-03-28"]
        assert (clocks["limit_minutes"], clocks["exceptions"]) == (30, [{"id": made["id"], "name": "Clocks"}])
        assert clocks["sources"] == {
            "limit_minutes": f"exception:{made['id']}",
            "windows": "plan",
            "bedtime": f"exception:{made['id']}",
        }

    def test_it_takes_three_statements_at_most(self, house):
        house.plan(quiet=NIGHTS)
        preview(house)
        with statements() as asked:
            preview(house)
        assert len(asked) <= 3, asked.all

    @pytest.mark.parametrize(
        ("first", "last"), [("2026-11-24", None), (None, "2026-12-09"), ("2026-11-30", "2026-11-26")]
    )
    def test_it_covers_two_weeks_from_today(self, house, first, last):
        params = {name: day for name, day in (("from_date", first), ("to_date", last)) if day}
        answer = house.call("GET", f"profiles/{house.child.profile.id}/plan/preview", params=params)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")

    def test_without_a_plan_it_is_the_two_limits(self, house):
        days = preview(house, to_date="2026-11-28")
        assert [day["limit_minutes"] for day in days] == [60, 60, 60, 120]
        assert days[0]["windows"][0]["opens_at"] == utc("2026-11-25 00:00")


class TestExplain:
    def test_today_is_as_the_preview_says(self, house):
        house.plan(quiet=NIGHTS, week={"limit_minutes": 300})
        made = house.exception("2026-11-25", name="Birthday", changes={"limit_minutes": 180}).json()
        found, today = checks(explain(house)), preview(house, to_date="2026-11-25")[0]
        assert found["day"]["limit_minutes"] == today["limit_minutes"] == 180
        assert found["day"]["source"] == today["sources"]["limit_minutes"] == f"exception:{made['id']}"
        assert found["hours"]["until"] == today["windows"][0]["closes_at"]

    def test_it_says_what_a_heartbeat_would(self, house):
        house.plan(quiet=[SCHOOL, *NIGHTS])
        house.use(60, "2026-11-25")
        for at in ("2026-11-25 10:00", "2026-11-25 15:00", "2026-11-25 21:00", "2026-11-26 07:30"):
            answer, beat = explain(house.at(at)), house.beat()
            assert answer["reason"] == beat.get("reason")
            assert answer["allowed"] is ("reason" not in beat)
            assert answer["next_allowed_at"] == beat.get("next_allowed_at")

    def test_of_an_educational_title_during_school(self, house):
        house.plan(quiet=[SCHOOL])
        house.at("2026-11-25 10:00")
        assert explain(house)["what_helps"] == ["despite_hours", "wait"]
        assert explain(house, title_id=str(make_title(is_educational=True).id))["allowed"] is True
        unknown = house.call(
            "GET", f"profiles/{house.child.profile.id}/explain", params={"title_id": str(house.child.token_id)}
        )
        assert (unknown.status_code, unknown.json()["code"]) == (404, "title_unknown")

    def test_every_rule_that_fails_is_named(self, house):
        house.plan(quiet=NIGHTS)
        house.use(60, "2026-11-25")
        house.at("2026-11-25 21:00").lock(note="Dinner")
        answer = explain(house)
        assert [name for name, check in checks(answer).items() if not check["passes"]] == ["lock", "hours", "day"]
        assert answer["what_helps"] == ["unlock", "despite_hours", "grant"]
        assert checks(answer)["lock"]["note"] == "Dinner"

    def test_nothing_limits_an_adult(self, house):
        adult = make_player(house.home.parent.user, is_kids=False)
        answer = house.call("GET", f"profiles/{adult.profile.id}/explain")
        assert answer.status_code == 200
        assert (answer.json()["allowed"], answer.json()["checks"], answer.json()["what_helps"]) == (True, [], [])


def test_nothing_but_a_change_of_the_plan_writes_it(house):
    """Exceptions, locks, passes and grants are next to the plan: once they are gone, it is as it was."""
    house.plan(quiet=NIGHTS, days={"wednesday": {"limit_minutes": 45}}, week={"limit_minutes": 300})
    before, days = house.plan(), preview(house)
    stored = house.config.plan, house.config.day_limits
    made = house.exception("2026-11-25", changes={"limit_minutes": 180, "bedtime": None}).json()
    house.lock(minutes=60)
    granted = house.home.grant(house.http, 30, despite_hours=True).json()
    assert (house.config.plan, house.config.day_limits) == stored
    house.home.take_back(house.http, granted["grant_id"])
    house.unlock()
    house.call("DELETE", f"exceptions/{made['id']}")
    after = house.plan()
    assert {**after, "version": 0, "updated_at": ""} == {**before, "version": 0, "updated_at": ""}
    assert preview(house) == days
