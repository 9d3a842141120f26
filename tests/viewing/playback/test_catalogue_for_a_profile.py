"""The catalogue for one profile: what may begin now, and what can be watched to its end."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.families import make_child, make_player, make_title, make_user
from tests.parental.plans.berlin import NIGHTS, SCHOOL, make_house
from tests.statements import statements
from viewing import rules
from viewing.rules.days import Schedule
from viewing.rules.hours import Timetable
from viewing.rules.plan import Lock, Period, Plan, Quiet
from viewing.rules.standing import DayUse, PlannedChild, make_frame, time_to_end

NOW = datetime(2026, 11, 25, 20, tzinfo=UTC)
BEDTIME = Quiet("bedtime", frozenset(range(7)), Period(20 * 60 + 30, 31 * 60))
PATH = "/api/v1/catalog/titles"


def to_end(*, used_minutes=50, is_charged=True, is_unlimited=False, **plan):
    child = PlannedChild(Timetable(Plan(rules.Limits.from_pair(weekday=60, weekend=60), **plan), "UTC"), Schedule(), {})
    use = DayUse(used_minutes * 60, is_unlimited=is_unlimited)
    seconds = time_to_end(make_frame(child, now=NOW, track="fun"), use, now=NOW, is_charged=is_charged)
    return None if seconds is None else seconds / 60


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ({}, 10),
        ({"finish_title": 15}, 25),
        ({"finish_title": 15, "is_charged": False}, None),
        ({"is_unlimited": True, "finish_title": 15}, None),
        ({"quiet": (BEDTIME,), "is_unlimited": True, "finish_title": 15}, 45),
        ({"quiet": (BEDTIME,), "is_charged": False}, 30),
        # A lock has no soft end.
        ({"lock": Lock(NOW + timedelta(minutes=20)), "finish_title": 15}, 20),
        ({"lock": Lock(NOW + timedelta(minutes=5)), "is_charged": False, "finish_title": 15}, 5),
    ],
)
def test_how_long_a_title_may_be(plan, expected):
    assert to_end(**plan) == expected


class TestOverHttp:
    @pytest.fixture
    def house(self, http, clock):
        return make_house(http, clock)

    def listed(self, house, titles):
        answer = house.http.get(
            PATH,
            headers=house.child.headers,
            params={"profile_id": str(house.child.profile.id), "q": titles[0].name.split()[0], "limit": 10},
        )
        assert answer.status_code == 200, answer.text
        found = {row["id"]: row for row in answer.json()}
        return [found[str(title.id)] for title in titles]

    @pytest.fixture
    def titles(self, house):
        word = uuid.uuid4().hex  # of many titles, those of this test
        titles = [make_title(f"{word} {n}") for n in range(4)] + [make_title(f"{word} 4", is_educational=True)]
        for title, minutes in zip(titles, (8, 20, 30, None, 90), strict=True):
            title.duration_seconds = minutes and minutes * 60
            title.save()
        from viewing.hotpath import entries, lookup

        lookup.invalidate(entries.CATALOG)
        return titles

    def test_what_fits(self, house, titles):
        house.plan(soft_end={"finish_title_minutes": 15})
        house.use(50, "2026-11-25")
        listed = self.listed(house, titles)
        assert [row["fits"] for row in listed] == [True, True, False, None, True]
        assert [row["may_begin"] for row in listed] == [True] * 5
        assert [row["duration_minutes"] for row in listed] == [8, 20, 30, None, 90]

    def test_without_a_plan_too(self, house, titles):
        house.use(50, "2026-11-25")
        assert [row["fits"] for row in self.listed(house, titles)] == [True, False, False, None, True]
        house.use(60, "2026-11-25")
        assert [row["reason"] for row in self.listed(house, titles)] == ["limit_reached"] * 5

    def test_during_school_learning_may_begin(self, house, titles):
        house.plan(quiet=[SCHOOL, *NIGHTS])
        house.at("2026-11-25 10:00")
        listed = self.listed(house, titles)
        assert [(row["may_begin"], row.get("reason")) for row in listed] == [
            *[(False, "outside_hours")] * 4,
            (True, None),
        ]
        assert not any(row["fits"] for row in listed[:4])

    def test_it_is_two_statements_warm(self, house, titles):
        self.listed(house, titles)
        with statements() as asked:
            self.listed(house, titles)
        assert len(asked) == 2  # the titles, and the balance

    def test_an_adult_has_no_limits(self, house, titles):
        house.child = make_player(house.home.parent.user, is_kids=False)
        assert all(row["may_begin"] and row["fits"] for row in self.listed(house, titles))

    def test_of_another_family_it_is_as_of_nobody(self, house, titles):
        answers = [
            house.http.get(PATH, headers=house.child.headers, params={"profile_id": str(id_)})
            for id_ in (make_child().profile.id, make_player(make_user()).profile.id, uuid.uuid4())
        ]
        assert {answer.status_code for answer in answers} == {403}
        assert len({answer.text for answer in answers}) == 1
