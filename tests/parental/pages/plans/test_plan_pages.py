"""The pages of the week plan: its form, the first page after adding a child, and exceptions."""

import re

import pytest
from django.test import override_settings

from tests.parental.pages.visitors import text_after, text_of
from tests.parental.plans.berlin import NIGHTS, SCHOOL, make_house
from viewing.models import PlanException, Profile


def path(house, page):
    return f"/children/{house.child.profile.id}/{page}"


def plan_form(page):
    """The form's fields as a browser would send them back."""
    fields = {}
    for tag in re.findall(r"<input [^>]*>", page.text):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        kind = attributes.get("type", "text")
        if "name" not in attributes or (kind == "checkbox" and " checked" not in tag):
            continue
        name, value = attributes["name"], attributes.get("value", "on" if kind == "checkbox" else "")
        fields[name] = [*fields.get(name, []), value] if kind == "checkbox" else value
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', page.text, flags=re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        fields[name] = chosen.group(1) if chosen else ""
    fields.pop("csrfmiddlewaretoken", None)
    return fields


class TestPlanPage:
    def test_it_saves_what_was_changed(self, house, parent):
        form = plan_form(parent.get(path(house, "plan")))
        form |= {"limit_monday": "30", "limit_sunday": "0"}
        form |= {"from_friday_0": "20:00", "to_friday_0": "21:30", "from_friday_1": "16:00", "to_friday_1": "19:00"}
        form |= {"week_limit": "600", "carry_over": "30", "finish_title": "15"}
        assert "Saved." in text_after(parent, parent.post(path(house, "plan"), **form))
        plan = house.plan()
        assert plan["version"] == 1
        assert plan["days"]["monday"]["limit_minutes"] == 30
        assert plan["days"]["friday"]["windows"] == [
            {"from": "16:00", "to": "19:00"},
            {"from": "20:00", "to": "21:30"},
        ]
        assert plan["days"]["sunday"]["windows"] == []
        assert (plan["week"], plan["soft_end"]) == (
            {"limit_minutes": 600, "carry_over_minutes": 30},
            {"finish_title_minutes": 15},
        )
        assert plan["quiet"] == []  # the rows that are offered are not ticked

    def test_sent_back_as_it_is_it_changes_nothing(self, house, parent):
        house.plan(
            days={
                "friday": {"windows": [{"from": f"{hour:02}:00", "to": f"{hour:02}:30"} for hour in range(10, 16)]},
                "saturday": {"windows": [{"from": "16:00", "to": "24:00"}]},
                "sunday": {"windows": [{"from": "00:00", "to": "24:00"}]},
                "monday": {"limit_minutes": 30, "windows": []},
            },
            quiet=[*NIGHTS, {**NIGHTS[0], "kind": "other", "from": "12:00", "to": "24:00"}],
            week={"limit_minutes": 315, "carry_over_minutes": 30},
        )
        form = plan_form(parent.get(path(house, "plan")))
        parent.post(path(house, "plan"), **form)
        assert house.plan()["version"] == 1

    def test_a_bedtime_that_is_offered_is_ticked(self, house, parent):
        form = plan_form(parent.get(path(house, "plan")))
        parent.post(path(house, "plan"), **{**form, "quiet-0-is_on": "on"})
        assert house.plan()["quiet"] == [
            {
                "from": "20:30",
                "to": "07:00",
                "kind": "bedtime",
                "weekdays": ["monday", "tuesday", "wednesday", "thursday", "sunday"],
                "allow_educational": False,
            }
        ]

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"from_monday_0": "after school"}, "Choose both times"),
            ({"from_monday_0": "16:00"}, "Choose both times"),
            ({"from_monday_0": "16:03", "to_monday_0": "18:00"}, "in steps of 5 minutes"),
            ({"from_monday_0": "16:00", "to_monday_0": "16:00"}, "A time must not end when it begins."),
            (
                {"from_monday_0": "16:00", "to_monday_0": "18:00", "from_monday_1": "17:00", "to_monday_1": "19:00"},
                "without overlap",
            ),
            ({"limit_monday": "20"}, "Choose one from the list."),
        ],
    )
    def test_it_says_what_is_wrong(self, house, parent, fields, sentence):
        form = plan_form(parent.get(path(house, "plan")))
        answer = parent.post(path(house, "plan"), **{**form, **fields})
        assert answer.status_code == 200
        assert sentence in text_of(answer)
        assert house.plan()["version"] == 0

    def test_a_plan_that_was_changed_in_the_meantime(self, house, parent):
        form = plan_form(parent.get(path(house, "plan")))
        house.plan(days={"monday": {"limit_minutes": 45}})
        page = text_after(parent, parent.post(path(house, "plan"), **{**form, "limit_monday": "30"}))
        assert "Someone else changed this plan." in page
        assert house.plan()["days"]["monday"]["limit_minutes"] == 45

    def test_a_double_tap_saves_once_and_warns_of_nobody(self, house, parent):
        form = plan_form(parent.get(path(house, "plan"))) | {"limit_monday": "30", "carry_over": "30"}
        answers = [parent.post(path(house, "plan"), **form) for _tap in range(2)]
        page = text_after(parent, answers[-1])
        assert "Saved." in page
        assert "Someone else" not in page
        assert house.plan()["version"] == 1

    def test_the_next_two_weeks(self, house, parent):
        house.plan(quiet=NIGHTS, days={"sunday": {"windows": []}})
        house.exception("2026-11-27", name="Birthday", changes={"limit_minutes": 180, "bedtime": None})
        text = text_of(parent.get(path(house, "calendar"))).replace("Nov.", "Nov")
        assert "Wed 25 Nov today 1 h 07:00–20:30" in text
        assert "Fri 27 Nov 3 h 07:00–24:00 Birthday" in text
        assert "Sun 29 Nov 2 h No screens" in text
        assert text.count("07:00–20:30") == 10

    def test_the_next_two_weeks_show_learning(self, house, parent):
        house.plan(quiet=[SCHOOL])
        text = text_of(parent.get(path(house, "calendar")))
        assert "00:00–08:00, 13:00–24:00 · Educational: 00:00–24:00" in text

    def test_a_day_is_as_the_day_above(self, house, parent):
        form = plan_form(parent.get(path(house, "plan")))
        form |= {"limit_monday": "30", "from_monday_0": "16:00", "to_monday_0": "19:00"}
        page = parent.post(path(house, "plan"), **form, copy="tuesday")
        assert page.status_code == 200
        shown = plan_form(page)
        assert [shown[f"{name}_tuesday{end}"] for name, end in (("limit", ""), ("from", "_0"), ("to", "_0"))] == [
            "30",
            "16:00",
            "19:00",
        ]
        assert house.plan()["version"] == 0

    def test_another_familys_child_has_no_page(self, house, browse, http, clock):
        stranger = browse(make_house(http, clock).home.parent.user)
        for page in ("plan", "calendar", "why", "school-nights"):
            assert stranger.get(path(house, page)).status_code == 404

    def test_where_there_are_no_plans(self, house, parent):
        with override_settings(WEEK_PLAN=False):
            assert parent.get(path(house, "plan")).status_code == 503
            assert parent.get(path(house, "school-nights")).headers["location"] == path(house, "limits")
            assert "/plan" not in parent.get("/").text


class TestSchoolNights:
    def test_it_comes_after_a_child_is_added(self, house, parent):
        answer = parent.post("/children/add", name="Noa", timezone="Europe/Berlin")
        child = Profile.objects.get(user=house.home.parent.user, name="Noa")
        assert answer.headers["location"] == f"/children/{child.id}/school-nights"
        page = parent.get(answer.headers["location"])
        assert "How much and when may Noa watch?" in text_of(page)
        form = plan_form(page) | {"weekday_limit_minutes": "60", "quiet-0-is_on": "on"}
        assert "Saved." in text_after(parent, parent.post(answer.headers["location"], **form))
        plan = house.call("GET", f"profiles/{child.id}/plan").json()
        assert plan["days"]["monday"]["limit_minutes"] == 60
        assert [quiet["kind"] for quiet in plan["quiet"]] == ["bedtime"]
        assert "Are these limits right?" not in text_of(parent.get("/")).split("Noa")[-1]

    def test_without_hours_there_is_no_plan(self, house, parent):
        form = plan_form(parent.get(path(house, "school-nights")))
        assert parent.post(path(house, "school-nights"), **form).status_code == 302
        assert house.plan()["version"] == 0


class TestExceptionsPage:
    def test_one_is_added_and_removed(self, house, parent):
        form = {"name": "Holidays", "child": "", "from_date": "2026-12-21", "to_date": "2027-01-03"}
        form |= {"what": "weekend", "nights_before": "on"}
        page = text_after(parent, parent.post("/exceptions", **form))
        assert "Added." in page
        assert "Holidays Mon 21 Dec 2026 – Sun 3 Jan 2027 · All children" in page.replace("Dec.", "Dec").replace(
            "Jan.", "Jan"
        )
        made = PlanException.objects.get(user=house.home.parent.user)
        assert (made.changes, made.profile) == ({"like": 5, "nights": "before"}, None)
        assert "Removed." in text_after(parent, parent.post(f"/exceptions/{made.pk}/end"))
        assert not PlanException.objects.filter(user=house.home.parent.user).exists()

    def test_a_form_sent_twice_adds_one(self, house, parent):
        form = {"name": "Holidays", "child": "", "from_date": "2026-12-21", "what": "no_bedtime"}
        for _ in range(2):
            assert "Added." in text_after(parent, parent.post("/exceptions", **form))
        assert PlanException.objects.filter(user=house.home.parent.user).count() == 1

    def test_it_says_what_is_wrong(self, house, parent):
        form = {"name": "Holidays", "child": "", "from_date": "2026-11-01", "what": "no_screens"}
        assert "Choose a date that is not in the past." in text_of(parent.post("/exceptions", **form))
        form |= {"from_date": "2026-12-01", "child": str(make_stranger_id(house))}
        assert "Choose one from the list." in text_of(parent.post("/exceptions", **form))


def make_stranger_id(house):
    return make_house(house.http, house.clock).child.profile.id
