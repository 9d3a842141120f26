"""What the players' path reads of week plans: nothing for children who have none, and nothing that it knows already."""

import json
import random
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from tests.families import make_child
from viewing import rules
from viewing.heartbeats.sql import _NOTHING_LEFT
from viewing.hotpath import plans, sql
from viewing.models import FamilyCalendar, PlanException, ViewingTimeConfig
from viewing.rules.hours import Hours
from viewing.rules.plan import Lock
from viewing.rules.standing import DayUse, Frame, stand
from viewing.rules.weeks import Opening

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ROWS = 10_000
READ_ONLY_FOR_PLANS = {"viewing_planexception", "viewing_familycalendar", "viewing_viewingtimebalance"}


@dataclass
class Case:
    """A row of a heartbeat with the balance of its day, and what the rules say about it."""

    row: dict[str, object]
    is_blocked: bool


def random_case(n, dice):
    limit, cap = (dice.choice([None, dice.randrange(0, 7200, 30)]) for _ in range(2))
    has_balance = dice.random() < 0.9
    use = DayUse(dice.randrange(0, 9000, 30), dice.choice([0, 0, 900, 3600]), dice.random() < 0.1)
    use = use if has_balance else DayUse()
    is_locked, is_open = dice.random() < 0.1, dice.random() < 0.9
    frame = Frame(
        since=NOW,
        until=NOW + timedelta(hours=1),
        day=rules.ViewingDay(NOW.date(), NOW, NOW + timedelta(hours=1)),
        opening=Opening(limit),
        hours=Hours(is_open=is_open, kind=None if is_open else "closed"),
        limit_seconds=limit,
        cap_seconds=cap,
        lock=Lock(NOW) if is_locked else None,
        locks_at=None,
        closes_at=None,
        closes_by="hours",
        finish_seconds=0,
    )
    is_kids = dice.random() < 0.95
    row = {
        "n": n,
        "is_kids": is_kids,
        "limit_seconds": frame.limit_seconds,
        "used_seconds": use.used_seconds if has_balance else None,
        "granted_seconds": use.granted_seconds if has_balance else None,
        "is_unlimited_override": use.is_unlimited if has_balance else None,
    }
    if frame.is_blocked or cap is not None or dice.random() < 0.5:
        row |= {"is_blocked": frame.is_blocked, "cap_seconds": frame.cap_seconds}
    return Case(row, is_kids and bool(stand(frame, use, now=NOW).reasons))


def test_the_statement_decides_as_the_rules(db):
    dice = random.Random(7)
    cases = [random_case(n, dice) for n in range(ROWS)]
    statement = f"""
        SELECT b.n, coalesce({_NOTHING_LEFT}, false) FROM json_to_recordset(%s::json) AS b(
            n int, is_kids bool, limit_seconds int, is_blocked bool, cap_seconds int)
        JOIN json_to_recordset(%s::json) AS today(
            n int, used_seconds int, granted_seconds int, is_unlimited_override bool) USING (n)
    """
    rows = json.dumps([case.row for case in cases])
    with connection.cursor() as cursor:
        cursor.execute(statement, [rows, rows])
        found = dict(cursor.fetchall())

    assert {n for n in found if found[n]} == {n for n, case in enumerate(cases) if case.is_blocked}
    assert 0.2 < sum(found.values()) / ROWS < 0.8


def tables_read(asked):
    """The tables that the read of the profiles looked into, of those that only plans need."""
    parameters = {
        "profile_ids": list(asked),
        "versions": json.dumps({str(id_): each.version for id_, each in asked.items() if each.version > 0}),
        "past_known": [id_ for id_, each in asked.items() if not each.with_past],
        "since": NOW.date() - timedelta(days=9),
        "until": NOW.date() + timedelta(days=17),
        "title_ids": [],
        "with_site": True,
    }
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql._READ_BEAT_ENTRIES}", parameters)
        found = cursor.fetchone()[0]

    def executed(node):
        if node.get("Relation Name") in READ_ONLY_FOR_PLANS and node["Actual Loops"]:
            yield node["Relation Name"]
        for child in node.get("Plans", []):
            yield from executed(child)

    return set(executed((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]))


def give_plan(child, **columns):
    config = ViewingTimeConfig.objects.filter(pk=child.profile.id)
    config.update(plan_version=3, plan={"week_limit": 300}, uses_week=True, **columns)
    FamilyCalendar.objects.create(user=child.profile.user, weekend_days=48)
    today = NOW.date()
    PlanException.objects.create(
        user=child.profile.user, from_date=today, to_date=today, name="x", source="manual", changes={"limit": 30}
    )
    child.use_up(600, day=today - timedelta(days=1))


UNKNOWN = plans.Asked(plans.UNKNOWN, with_past=True)


def test_a_child_without_a_plan_costs_no_look_up(db):
    child = make_child()
    child.use_up(600)

    assert tables_read({child.profile.id: UNKNOWN}) == set()


def test_a_plan_that_is_known_is_not_read(db):
    child = make_child()
    give_plan(child)

    assert tables_read({child.profile.id: UNKNOWN}) == READ_ONLY_FOR_PLANS
    assert tables_read({child.profile.id: plans.Asked(3, with_past=False)}) == set()
    assert tables_read({child.profile.id: plans.Asked(3, with_past=True)}) == {"viewing_viewingtimebalance"}
    assert "viewing_planexception" in tables_read({child.profile.id: plans.Asked(2, with_past=False)})


def columns(**given):
    defaults = {
        "weekday_limit_minutes": 60,
        "weekend_limit_minutes": 60,
        "day_limits": None,
        "plan": None,
        "locked_at": None,
        "locked_until": None,
        "lock_note": "",
        "open_until": None,
        "weekend_days": None,
        "week_starts_on": None,
        "exceptions": None,
    }
    return plans.PlanColumns(**{**defaults, **given})


SCHEDULE = rules.Schedule("UTC", 0)
WEEK = columns(plan='{"week_limit": 300}')
YESTERDAY = '{"2026-11-24": 600}'


@pytest.fixture
def memo():
    return plans.Memo()


def refill(memo, id_, key_columns, *, version=1, now=NOW, past=None):
    """What a read of the profile finds, which sends no plan where the memo knows the version."""
    asked = memo.asked(id_, now=now)
    if asked.version == version:
        key_columns = replace(key_columns, plan=None)
    key = plans.Key(version, SCHEDULE, key_columns)
    return memo.planned(id_, key, asked, past=past if asked.with_past else None, read_at=now)


class TestMemo:
    def test_it_keeps_what_it_built(self, memo):
        id_ = uuid.uuid4()
        plan, planned = refill(memo, id_, WEEK, past=YESTERDAY)
        assert planned.child.past == {date(2026, 11, 24): 600}
        again = refill(memo, id_, WEEK, now=NOW + timedelta(minutes=2))
        assert (again[0], again[1]) == (plan, planned)
        assert again[1] is planned

    def test_another_version_is_built(self, memo):
        id_ = uuid.uuid4()
        refill(memo, id_, WEEK, past=YESTERDAY)
        plan, _planned = refill(memo, id_, columns(plan='{"week_limit": 60}'), version=2, now=NOW)
        assert plan.week_limit == 60

    def test_a_limit_that_an_older_worker_changed_counts_without_a_version(self, memo):
        id_ = uuid.uuid4()
        refill(memo, id_, WEEK, past=YESTERDAY)
        plan, _planned = refill(memo, id_, replace(WEEK, weekday_limit_minutes=15))
        assert (plan.limits.by_weekday[0], plan.week_limit) == (15, 300)

    def test_earlier_days_are_asked_for_until_they_are_final(self, memo):
        id_ = uuid.uuid4()
        midnight = datetime(2026, 11, 26, tzinfo=UTC)
        refill(memo, id_, WEEK, now=midnight - timedelta(hours=1), past=YESTERDAY)
        assert not memo.asked(id_, now=midnight - timedelta(seconds=1)).with_past
        for seconds, past in ((10, '{"2026-11-25": 60}'), (70, '{"2026-11-25": 90}')):
            at = midnight + timedelta(seconds=seconds)
            assert memo.asked(id_, now=at).with_past
            _plan, planned = refill(memo, id_, WEEK, now=at, past=past)
        assert planned.child.past == {date(2026, 11, 25): 90}
        assert planned.stale_at == midnight + timedelta(days=1)
        assert not memo.asked(id_, now=midnight + timedelta(seconds=130)).with_past

    def test_a_new_version_keeps_the_earlier_days(self, memo):
        """A lock or an exception raises the version at noon, when earlier days are not read again."""
        id_ = uuid.uuid4()
        refill(memo, id_, WEEK, past=YESTERDAY)
        assert not memo.asked(id_, now=NOW).with_past
        _plan, planned = refill(memo, id_, WEEK, version=2)
        assert planned.child.past == {date(2026, 11, 24): 600}

    def test_a_plan_that_others_of_the_same_read_push_out_stays(self, memo, settings):
        settings.CONFIG_CACHE_MAX_ENTRIES = 1
        id_, other = uuid.uuid4(), uuid.uuid4()
        refill(memo, id_, WEEK, past=YESTERDAY)
        asked = memo.asked(id_, now=NOW)
        refill(memo, other, WEEK)
        key = plans.Key(1, SCHEDULE, replace(WEEK, plan=None))
        plan, planned = memo.planned(id_, key, asked, past=None, read_at=NOW)
        assert plan.week_limit == 300
        assert planned.child.past == {date(2026, 11, 24): 600}

    def test_it_is_built_again_after_a_day(self, memo):
        id_ = uuid.uuid4()
        refill(memo, id_, WEEK, past=YESTERDAY)
        assert memo.asked(id_, now=NOW + timedelta(hours=24)).version == 1
        assert memo.asked(id_, now=NOW + timedelta(hours=24, seconds=1)).version == plans.UNKNOWN

    def test_two_limits_alone_need_no_plan(self, memo):
        plan, planned = refill(memo, uuid.uuid4(), columns(weekend_limit_minutes=90, weekend_days=48))
        assert planned is None
        assert plan.limits.by_weekday == (60, 60, 60, 60, 90, 90, 60)

    def test_seven_limits_are_a_plan(self, memo):
        plan, planned = refill(memo, uuid.uuid4(), columns(day_limits=[15, 30, 45, 60, 75, 90, None]))
        assert planned is not None
        assert plan.limits.by_weekday == (15, 30, 45, 60, 75, 90, None)

    def test_it_is_bounded(self, memo, settings):
        settings.CONFIG_CACHE_MAX_ENTRIES = 3
        ids = [uuid.uuid4() for _ in range(4)]
        for id_ in ids:
            refill(memo, id_, WEEK)
        assert [memo.asked(id_, now=NOW).version for id_ in ids] == [plans.UNKNOWN, 1, 1, 1]
