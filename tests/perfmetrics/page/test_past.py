"""The last hour and week on the Performance page: all hosts' minutes, by workers of this version or the last."""

from datetime import UTC, datetime, timedelta

import pytest

from perfmetrics.models import MinuteFigures
from perfmetrics.page import past
from tests.perfmetrics.old_version import insert_as_old_version

NOW = datetime(2031, 5, 14, 12, 30, 20, tzinfo=UTC).timestamp()


def insert_as_this_version(*, minute, host, **figures):
    MinuteFigures.objects.create(minute=minute, host=host, workers=1, figures=figures)


@pytest.fixture(params=[insert_as_this_version, insert_as_old_version], ids=["this-version", "old-version"])
def history(request, committed):
    """Writes what workers did in a minute of UTC."""

    def add(at, host="one", *, insert=request.param, **figures):
        counts = dict.fromkeys(("heartbeats", "statements", "cache_hits", "cache_reads", "failures", "queue"), 0)
        insert(minute=datetime.fromisoformat(f"{at}+00:00"), host=host, **{**counts, **figures})

    MinuteFigures.objects.all().delete()
    past.forget_hours()
    yield add
    past.forget_hours()
    MinuteFigures.objects.all().delete()


def row_of(table, first):
    (row,) = (row for row in table.rows if row[0] == first)
    return dict(zip(table.heads, row[1:], strict=True))


class TestPast:
    def test_an_hour_is_by_minutes_of_all_hosts(self, history):
        history("2031-05-14 12:10", heartbeats=600, statements=60, p95=20, cache_hits=90, cache_reads=90, queue=4)
        history("2031-05-14 12:10", host="two", heartbeats=1200, statements=300, p95=30, cache_reads=10, failures=2)

        row = row_of(past.last_hour(now=NOW), "12:10")

        assert row["Heartbeats per second"] == "30"
        assert row["Statements per heartbeat"] == "0.2"
        assert row["Config cache hits"] == "90%"
        assert row["p95"] == "30"
        assert row["p50"] == "–"
        assert row["Longest worker queue"] == "4"
        assert row["failures"] == "2"

    def test_both_versions_are_added_up_while_a_deploy_runs(self, history):
        counts = {"heartbeats": 600, "statements": 60, "cache_hits": 9, "cache_reads": 10}
        for host, insert in (("one", insert_as_this_version), ("two", insert_as_old_version)):
            history("2031-05-14 12:10", host, insert=insert, **counts)

        row = row_of(past.last_hour(now=NOW), "12:10")

        assert row["Heartbeats per second"] == "20"
        assert row["Statements per heartbeat"] == "0.1"
        assert row["Config cache hits"] == "90%"

    def test_a_week_is_by_hours_and_shows_the_worst_minute(self, history):
        history("2031-05-13 09:00", heartbeats=60, p95=10, config_fetches=0.5)
        history("2031-05-13 09:59", heartbeats=180, p95=90, config_fetches=2.5)
        history("2031-05-13 10:00", heartbeats=60, p95=300)

        row = row_of(past.last_week(now=NOW), "Tue 13, 09:00")

        assert row["Heartbeats per second"] == "2"  # 240 in the two minutes that there are
        assert row["p95"] == "90"
        assert row["Config reads per profile per TTL"] == "2.5"

    def test_an_hour_that_is_over_is_read_once(self, history, django_assert_num_queries):
        for at in ("2031-05-13 09:00", "2031-05-14 08:59", "2031-05-14 09:00", "2031-05-14 12:10"):
            history(at, heartbeats=60)
        first = past.last_week(now=NOW)
        # These minutes are gone, so what the page shows says which hours were read again.
        MinuteFigures.objects.all().delete()

        with django_assert_num_queries(1):
            again = past.last_week(now=NOW)

        assert [row[0] for row in first.rows] == ["Wed 14, 12:00", "Wed 14, 09:00", "Wed 14, 08:00", "Tue 13, 09:00"]
        assert again.rows == first.rows[2:]

    def test_a_minute_that_comes_two_hours_late_is_shown(self, history):
        assert past.last_week(now=NOW).rows == []
        history("2031-05-14 10:29", heartbeats=60)

        assert [row[0] for row in past.last_week(now=NOW).rows] == ["Wed 14, 10:00"]

    def test_kept_hours_leave_the_week(self, history):
        history("2031-05-08 09:00", heartbeats=60)

        assert len(past.last_week(now=NOW).rows) == 1
        assert past.last_week(now=NOW + 7 * 86400).rows == []

    def test_what_is_older_is_not_shown(self, history):
        history("2031-05-14 11:29", heartbeats=60)
        history("2031-05-07 12:59", heartbeats=60)

        assert past.last_hour(now=NOW).rows == []
        assert [row[0] for row in past.last_week(now=NOW).rows] == ["Wed 14, 11:00"]

    def test_limits_are_marked(self, history):
        history("2031-05-14 12:10", heartbeats=600, p95=250, config_fetches=3)

        for found in (past.last_hour(now=NOW), past.last_week(now=NOW)):
            assert {plot.key for plot in found.plots if plot.over} == {"latency", "config_fetches"}

    def test_the_last_minute_is_this_hosts_and_recent(self, history, settings):
        settings.METRICS_HOST = "this-one"
        now = datetime.now(UTC)
        for host, minutes, fetches in (("this-one", 10, 9), ("another", 1, 8), ("this-one", 2, 7)):
            history(f"{now - timedelta(minutes=minutes):%Y-%m-%d %H:%M}", host, config_fetches=fetches)

        assert past.last_minute()["config_fetches"] == 7
        settings.METRICS_HOST = "a-new-one"
        assert past.last_minute() == {}
