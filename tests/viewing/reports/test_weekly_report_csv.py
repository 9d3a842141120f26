"""The weekly report as CSV: one line per child and day."""

import csv
from io import StringIO

import pytest

from tests.families import make_player
from tests.parental.cast import make_parent
from tests.viewing.watched import add_session, weekly_report
from viewing.models import Profile

HEADER = "profile_id,profile_name,date,minutes,counted_minutes,educational_minutes,limit_minutes"


@pytest.fixture
def parent(server, clock):
    clock.set("2026-03-04T10:00:00Z")
    return make_parent()


def rows_of(response):
    assert response.status_code == 200, response.text
    return list(csv.DictReader(StringIO(response.content.decode("utf-8"), newline="")))


def test_the_whole_file(http, parent):
    child = make_player(parent.user, weekend_limit_minutes=None)
    add_session(child, "2026-03-03T08:00:00Z", is_educational=True, counted_seconds=60, exempt_seconds=40)

    response = weekly_report(http, parent, format="csv")

    assert response.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert response.headers["content-disposition"] == (
        'attachment; filename="weekly-report-2026-02-26-to-2026-03-04.csv"'
    )
    assert "content-length" not in response.headers
    who = f"{child.profile.id},Mia"
    assert response.content.decode("utf-8").split("\r\n") == [
        HEADER,
        f"{who},2026-02-26,0.0,0.0,0.0,120",
        f"{who},2026-02-27,0.0,0.0,0.0,120",
        f"{who},2026-02-28,0.0,0.0,0.0,",
        f"{who},2026-03-01,0.0,0.0,0.0,",
        f"{who},2026-03-02,0.0,0.0,0.0,120",
        f"{who},2026-03-03,1.67,1.0,1.67,120",
        f"{who},2026-03-04,0.0,0.0,0.0,120",
        "",
    ]


def test_every_child_has_seven_lines_in_the_order_they_were_made(http, parent):
    children = [make_player(parent.user) for _ in range(3)]
    make_player(parent.user, is_kids=False)

    rows = rows_of(weekly_report(http, parent, format="csv"))

    assert [row["profile_id"] for row in rows] == [str(child.profile.id) for child in children for _ in range(7)]


def test_without_children_it_is_the_header_alone(http, parent):
    assert weekly_report(http, parent, format="csv").text == HEADER + "\r\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_name_that_looks_like_a_formula_is_made_text(http, parent, start):
    child = make_player(parent.user)
    Profile.objects.filter(pk=child.profile.pk).update(name=f'{start}1+1, "Mia"')

    rows = rows_of(weekly_report(http, parent, format="csv"))

    assert {row["profile_name"] for row in rows} == {f'\'{start}1+1, "Mia"'}
