"""Weekly report and history over HTTP, with a million sessions of other families in the same table."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from django.db import connection
from django.utils import timezone

import viewing.reports.history
import viewing.reports.weekly
from tests import processes
from tests.bench.results import Figure, NotMeasured
from tests.families import Player, make_player, make_title, make_user
from tests.parental.cast import Parent, log_in
from tests.viewing.watched import add_many, plans
from viewing.models import Title
from viewing.profile import Profile
from viewing.reports.periods import Period

CALLS = 200
CALLS_CSV = 50
OTHERS = 1_000_000 if os.environ.get("BENCH_LONG") == "true" else 250_000
TITLES = 40


def figures(logs: Path) -> list[Figure]:
    """p95 of both reports, asked for by one client; and whether their statements use the index."""
    titles = [make_title(f"Title {n}") for n in range(TITLES)]
    now = timezone.now()
    _make_others(now)
    family, viewer = _make_family(titles, now), _make_viewer(titles, now)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE viewing_viewingsession")
    parent, viewers_parent = log_in(family[0].profile.user), log_in(viewer.profile.user)
    history = f"/api/v1/parental-controls/profiles/{viewer.profile.id}/history"
    with processes.service(logs / "reports") as service:
        weekly_ms = _p95_ms(service.url + "/api/v1/parental-controls/weekly-report", parent)
        history_ms = _p95_ms(service.url + history, viewers_parent)
        csv_ms = _p95_ms(service.url + history + "?format=csv", viewers_parent, calls=CALLS_CSV)
    scans = _sequential_scans(family, viewer, now)
    limits: dict[str, Any] = {"floor": 100, "maximum": True, "absolute": True}
    return [
        Figure("p95 of a weekly report, 10 children with 2,000 sessions each", weekly_ms, "ms", aim=30, **limits),
        Figure("p95 of a history, 5,000 sessions in 31 days", history_ms, "ms", aim=20, **limits),
        Figure("p95 of the same as CSV, all 5,000 lines", csv_ms, "ms"),
        Figure(f"sequential scans for them with {OTHERS:,} sessions", scans, floor=0, aim=0, maximum=True),
    ]


def _make_others(now: datetime) -> None:
    user = make_user()
    for _ in range(100):
        add_many(make_player(user), OTHERS // 100, until=now, every=timedelta(minutes=10))


def _make_family(titles: list[Title], now: datetime) -> list[Player]:
    user = make_user()
    children = [make_player(user) for _ in range(10)]
    for child in children:
        add_many(child, 2_000, until=_end_of_day(now), every=timedelta(days=7) / 2_000, titles=titles)
    return children


def _make_viewer(titles: list[Title], now: datetime) -> Player:
    viewer = make_player(make_user())
    add_many(viewer, 5_000, until=_end_of_day(now), every=timedelta(days=31) / 5_000, titles=titles)
    return viewer


def _end_of_day(now: datetime) -> datetime:
    return datetime.combine(now.date(), datetime.max.time(), tzinfo=UTC)


def _p95_ms(url: str, parent: Parent, *, calls: int = CALLS) -> float:
    """Without the first ten."""
    times = []
    with httpx.Client(headers=parent.headers, timeout=30) as client:
        for _ in range(calls):
            started = time.perf_counter()
            response = client.get(url)
            times.append(time.perf_counter() - started)
            if response.status_code != 200:
                raise NotMeasured(f"{url} answered {response.status_code}")
    return sorted(times[10:])[int((calls - 10) * 0.95)] * 1000


def _sequential_scans(family: list[Player], viewer: Player, now: datetime) -> int:
    quarter = Period(now.date() - timedelta(days=90), now.date())
    profile = Profile(id=viewer.profile.id, user_id=viewer.profile.user_id, is_kids=True)
    with plans() as found:
        viewing.reports.weekly.weekly_report(family[0].profile.user_id, now=now)
        viewing.reports.history.history(profile, quarter, now=now)
    return sum("Seq Scan on viewing_viewingsession" in plan for plan in found)
