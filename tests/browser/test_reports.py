"""What a child watched, on the report, in its CSV and from the API: the same everywhere."""

import csv
from pathlib import Path

import httpx
import pytest

from tests.families import make_child
from tests.parental.cast import log_in

REPORTS = "/api/v1/parental-controls"


@pytest.fixture
def watched(open_screen, films):
    """A child that watched 90 s of a film and 60 s of a learning one, in the browser."""
    child = make_child(title=films.plain)
    screen = open_screen()
    screen.pair(child)
    screen.pick(child)
    screen.next_beat()
    screen.next_beat()
    screen.press("Stop")
    child.title = films.learning
    screen.pick(child)
    screen.next_beat()
    screen.press("Stop")
    return child


def api(site, child, path):
    return httpx.get(f"{site}{REPORTS}{path}", headers=log_in(child.profile.user).headers).json()


def downloaded(parent):
    with parent.page.expect_download() as download:
        parent.page.get_by_role("link", name="Download as CSV").click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def minutes_in(cells):
    """Each is a number or, where there is none, nothing."""
    return [float(cell) if cell else None for cell in cells]


def values(locator):
    return minutes_in(locator.locator("data").evaluate_all("all => all.map((one) => one.value)"))


def test_the_weekly_report_and_its_csv_agree_with_the_api(open_screen, site, watched):
    parent = open_screen()
    parent.log_in(watched.profile.user)
    parent.page.goto("/report")
    [week] = api(site, watched, "/weekly-report")["profiles"]

    total, average, educational = values(parent.page.locator(".facts"))
    assert total == week["total_minutes"] == 2.5
    assert average == week["average_daily_minutes"]
    assert educational == week["educational_minutes"] == 1

    columns = ("counted_minutes", "limit_minutes", "educational_minutes", "minutes")
    rows = parent.page.locator(".figures-aside tbody tr").all()
    assert [values(row)[:4] for row in rows] == [[day[name] for name in columns] for day in week["daily_totals"]]

    lines = downloaded(parent)
    assert [line["date"] for line in lines] == [day["date"] for day in week["daily_totals"]]
    assert [minutes_in(line[name] for name in columns) for line in lines] == [
        [day[name] for name in columns] for day in week["daily_totals"]
    ]


def test_the_history_and_its_csv_agree_with_the_api(open_screen, site, watched):
    parent = open_screen()
    parent.log_in(watched.profile.user)
    parent.page.goto("/report")
    parent.page.get_by_role("link", name="Full history").click()
    [day] = api(site, watched, f"/profiles/{watched.profile.id}/history")["days"]

    assert values(parent.page.locator(".facts"))[:3] == [2.5, 1.5, 1]
    assert [day[name] for name in ("total_minutes", "counted_minutes", "educational_minutes")] == [2.5, 1.5, 1]
    shown = [values(row)[0] for row in parent.page.locator(".sessions li").all()]
    assert shown == [session["duration_minutes"] for session in day["sessions"]] == [1, 1.5]

    lines = downloaded(parent)
    assert [line["session_id"] for line in lines] == [session["session_id"] for session in day["sessions"]]
    assert minutes_in(line["duration_minutes"] for line in lines) == [1, 1.5]
