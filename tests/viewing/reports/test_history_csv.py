"""History as CSV: one line per session, all of them, streamed; nothing that a spreadsheet would run."""

import asyncio
import csv
from datetime import date, timedelta
from io import StringIO

import httpx
import pytest

from tests.families import make_player, make_title
from tests.parental.cast import make_parent
from tests.viewing.watched import add_many, add_session, days_of, history
from viewing.profile import Profile
from viewing.reports import downloads
from viewing.reports.periods import Period

HEADER = "date,session_id,title_id,title_name,device_type,is_educational,started_at,ended_at,duration_minutes"
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
SPAN = {"from_date": "2026-03-01", "to_date": "2026-03-05"}


@pytest.fixture
def parent(server):
    return make_parent()


@pytest.fixture
def child(parent):
    return make_player(parent.user)


def rows_of(response):
    assert response.status_code == 200, response.text
    return list(csv.DictReader(StringIO(response.content.decode("utf-8"), newline="")))


def as_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def test_the_whole_file(http, parent, child):
    lesson = make_title('Ants, "bees" & Füchse 🦊', is_educational=True)
    first = add_session(child, "2026-03-03T08:00:00Z", counted_seconds=100)
    second = add_session(
        child, "2026-03-04T02:00:00.5Z", day="2026-03-03", title=lesson, is_educational=True, exempt_seconds=30
    )
    running = add_session(child, "2026-03-04T09:00:00Z", device_type="web", ended_at=None, end_reason="")

    response = history(http, parent, child, **SPAN, format="csv")

    later = "2026-03-04T02:00:00.500Z,2026-03-04T02:01:00.500Z"
    assert response.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert response.headers["content-disposition"] == 'attachment; filename="history-2026-03-01-to-2026-03-05.csv"'
    assert response.content.decode("utf-8").split("\r\n") == [
        HEADER,
        f"2026-03-04,{running.id},{child.title.id},The Sandpit,web,false,2026-03-04T09:00:00Z,,1.0",
        f'2026-03-03,{second.id},{lesson.id},"Ants, ""bees"" & Füchse 🦊",tv,true,{later},1.5',
        f"2026-03-03,{first.id},{child.title.id},The Sandpit,tv,false,2026-03-03T08:00:00Z,2026-03-03T08:01:00Z,1.67",
        "",
    ]


def test_it_says_what_the_json_says(http, clock, parent, child):
    clock.set("2026-03-04T10:00:00Z")
    child.watch(http, 3)
    child.watch(http, 2, title_id=str(make_title("Volcanoes", is_educational=True).id))

    rows = rows_of(history(http, parent, child, format="csv"))
    (day,) = days_of(http, parent, child)

    listed = [{"date": day["date"], **session} for session in day["sessions"]]
    assert rows == [{name: as_text(value) for name, value in row.items()} for row in listed]


def test_nothing_watched_is_the_header_alone(http, parent, child):
    assert history(http, parent, child, format="csv").text == HEADER + "\r\n"


def test_json_may_be_asked_for_by_name(http, parent, child):
    assert history(http, parent, child, format="json").json() == history(http, parent, child).json()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_title_that_looks_like_a_formula_is_made_text(http, parent, child, start):
    name = f'{start}cmd|"/c calc"!A1'
    add_session(child, "2026-03-04T08:00:00Z", title=make_title(name))

    (row,) = rows_of(history(http, parent, child, **SPAN, format="csv"))

    assert row["title_name"] == f"'{name}"


@pytest.mark.parametrize("name", ["2 = 2", "Mia's day", "'quoted", " =1"])
def test_other_titles_stay_as_they_are(http, parent, child, name):
    add_session(child, "2026-03-04T08:00:00Z", title=make_title(name))

    (row,) = rows_of(history(http, parent, child, **SPAN, format="csv"))

    assert row["title_name"] == name


def test_a_download_is_not_cut_and_has_every_session_once(http, parent, child):
    add_many(child, 2 * downloads.PAGE_SIZE + 7, until="2026-03-05T20:00:00Z", every=timedelta(seconds=90))

    rows = rows_of(history(http, parent, child, **SPAN, format="csv"))

    assert len({row["session_id"] for row in rows}) == len(rows) == 2 * downloads.PAGE_SIZE + 7
    began = [row["started_at"] for row in rows]
    assert began == sorted(began, reverse=True)


def test_sessions_that_began_together_are_not_lost_between_two_pages(http, parent, child, monkeypatch):
    monkeypatch.setattr(downloads, "PAGE_SIZE", 3)
    made = {str(add_session(child, f"2026-03-0{1 + n % 2}T08:00:00Z").id) for n in range(20)}

    rows = rows_of(history(http, parent, child, **SPAN, format="csv"))

    assert [row["date"] for row in rows] == ["2026-03-02"] * 10 + ["2026-03-01"] * 10
    assert {row["session_id"] for row in rows} == made


def test_it_comes_in_pieces_while_the_rest_is_still_to_be_read(server, parent, child, monkeypatch):
    add_many(child, 30, until="2026-03-05T20:00:00Z", every=timedelta(seconds=90))
    monkeypatch.setattr(downloads, "PAGE_SIZE", 10)
    url = f"{server}/api/v1/parental-controls/profiles/{child.profile.id}/history"

    with httpx.stream("GET", url, params={**SPAN, "format": "csv"}, headers=parent.headers, timeout=30) as response:
        pieces = [len(piece.splitlines()) for piece in response.iter_raw() if piece]

    assert response.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in response.headers
    assert sum(pieces) == 31


def test_a_failure_before_the_first_line_is_answered_as_such(http, parent, child, monkeypatch):
    def fail(*_args):
        raise RuntimeError("no page")

    monkeypatch.setattr(downloads, "_page", fail)

    response = history(http, parent, child, format="csv")

    assert (response.status_code, response.json()) == (500, {"detail": "Internal Server Error", "code": "internal"})


def test_a_failure_on_the_way_breaks_the_download_off(http, parent, child, monkeypatch):
    add_many(child, 5, until="2026-03-05T20:00:00Z", every=timedelta(seconds=90))
    read = downloads._page
    monkeypatch.setattr(downloads, "PAGE_SIZE", 2)

    def fail_on_the_second(profile_id, period, last):
        if last:
            raise RuntimeError("no second page")
        return read(profile_id, period, last)

    monkeypatch.setattr(downloads, "_page", fail_on_the_second)

    async def download():
        response = await downloads.history_csv(Profile(child.profile.id, child.profile.user_id, True), MARCH)
        return [piece async for piece in response]

    # The server closes the connection then: a file that only looks whole would be worse.
    with pytest.raises(RuntimeError, match="no second page"):
        asyncio.run(download())
