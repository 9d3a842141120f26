"""`manage.py reconcile`: balances are the sums of their sessions, to the second."""

import asyncio
import itertools
import threading
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from parental.demo.families.seeding import seed
from perfmetrics import accuracy
from tests.families import make_child, make_family, make_title
from tests.load import closed_loop
from tests.parental.homes import make_home
from viewing.models import Profile, ViewingSession, ViewingTimeBalance
from viewing.reports import reconcile, sql
from viewing.reports.models import ReconcileRun

# Days that no other test writes to, and each test has its own.
DAYS = (date(2041, 1, 1) + timedelta(days=n) for n in itertools.count())


@pytest.fixture
def day(clock):
    day = next(DAYS)
    clock.set(f"{day}T12:00:00+00:00")
    return day


@pytest.fixture
def child(http, day):
    """Watched a minute of one title, half of an educational one."""
    child = make_child()
    child.watch(http, 2)
    child.watch(http, 1, title_id=str(make_title(is_educational=True).id))
    return child


def run(*options):
    """Whether it found no difference, and what it wrote."""
    written = StringIO()
    try:
        call_command("reconcile", *options, stdout=written)
    except CommandError as error:
        return False, f"{written.getvalue()}{error}"
    return True, written.getvalue()


def balance_of(child):
    return ViewingTimeBalance.objects.filter(profile=child.profile)


def test_a_day_that_adds_up(child, day):
    found = reconcile.compare(day)

    assert (found.profiles, found.sessions) == (1, 2)
    assert (found.differing_profiles, found.difference_seconds, found.differences) == (0, 0, ())
    assert run(f"--day={day}")[0]


@pytest.mark.parametrize("seconds", [1, -1])
@pytest.mark.parametrize("column", ["used_seconds", "educational_seconds"])
def test_one_second_too_many_or_too_few_in_a_balance_is_found(child, day, column, seconds):
    balance_of(child).update(**{column: F(column) + seconds})

    found = reconcile.compare(day)

    assert (found.differing_profiles, found.difference_seconds) == (1, 1)
    differences = {"used_seconds": 0, "educational_seconds": 0, column: seconds}
    assert found.differences == (reconcile.Difference(profile_id=child.profile.id, **differences),)
    is_clean, written = run(f"--day={day}")
    assert not is_clean
    assert f"{day}: 1 profiles, 2 sessions, 1 s of difference" in written
    assert str(child.profile.id) in written
    assert written.endswith("1 s of difference.")


@pytest.mark.parametrize("column", ["counted_seconds", "exempt_seconds"])
def test_one_second_in_a_session_is_found(child, day, column):
    sessions = ViewingSession.objects.filter(profile=child.profile, is_educational=column == "exempt_seconds")
    assert sessions.update(**{column: F(column) + 1}) == 1

    assert reconcile.compare(day).difference_seconds == 1


def test_differences_do_not_cancel_each_other_out(http, child, day):
    other = make_child()
    other.watch(http, 2)
    balance_of(child).update(used_seconds=F("used_seconds") + 30)
    balance_of(other).update(used_seconds=F("used_seconds") - 30)

    found = reconcile.compare(day)

    assert (found.differing_profiles, found.difference_seconds) == (2, 60)


def test_a_balance_without_sessions_and_sessions_without_a_balance_are_found(http, child, day):
    lost = make_child()
    lost.watch(http, 1)
    balance_of(lost).delete()
    made_up = make_child()
    made_up.use_up(45, day=day)

    found = reconcile.compare(day)

    by_profile = {row.profile_id: row.used_seconds for row in found.differences}
    assert by_profile == {lost.profile.id: -30, made_up.profile.id: 45}
    assert found.difference_seconds == 75


def test_granted_time_is_not_watched_time(http, day):
    home = make_home()
    home.child.watch(http, 1)
    assert home.grant(http, 30).status_code == 200
    idle = make_home()
    assert idle.grant(http, None).status_code == 200  # a balance of nothing, with no limit

    found = reconcile.compare(day)

    assert (found.profiles, found.difference_seconds) == (2, 0)


def test_an_adult_has_sessions_and_no_balance(http, day):
    adult = make_family(adult=True).adult
    adult.watch(http, 2)
    adult.watch(http, 2, title_id=str(make_title(is_educational=True).id))

    found = reconcile.compare(day)

    assert (found.sessions, found.differing_profiles, found.difference_seconds) == (2, 0, 0)


def test_only_the_day_that_was_asked_for_counts(http, child, day, clock):
    balance_of(child).update(used_seconds=F("used_seconds") + 1)
    clock.forward(days=1)
    next(DAYS)  # this one is used here
    child.watch(http, 1)

    assert reconcile.compare(day).difference_seconds == 1
    assert reconcile.compare(day + timedelta(days=1)).difference_seconds == 0
    assert reconcile.compare(day - timedelta(days=1)).difference_seconds == 0


def test_one_profile_alone_may_be_asked_for_and_is_not_stored(http, child, day):
    other = make_child()
    other.watch(http, 1)
    balance_of(other).update(used_seconds=F("used_seconds") + 1)

    assert run(f"--day={day}", f"--profile={child.profile.id}")[0]
    assert not run(f"--day={day}", f"--profile={other.profile.id}")[0]
    assert not ReconcileRun.objects.filter(day=day).exists()


def test_each_day_of_a_run_is_stored(child, day, clock):
    balance_of(child).update(used_seconds=F("used_seconds") + 1)

    is_clean, written = run("--days=2")

    assert not is_clean
    assert [line[:10] for line in written.splitlines() if line.startswith("20")] == [
        str(day - timedelta(days=1)),
        str(day),
    ]
    stored = ReconcileRun.objects.get(day=day, ran_at=clock.now)
    assert (stored.profiles_checked, stored.sessions_checked) == (1, 2)
    assert (stored.differing_profiles, stored.difference_seconds) == (1, 1)
    assert stored.duration_ms > 0
    assert ReconcileRun.objects.filter(day=day - timedelta(days=1), ran_at=clock.now).exists()


def test_yesterday_and_today_are_the_default(day, clock):
    run()

    days = ReconcileRun.objects.filter(ran_at=clock.now).values_list("day", flat=True)
    assert sorted(days) == [day - timedelta(days=1), day]


def test_a_difference_is_logged_as_an_error(child, day, events):
    run(f"--day={day}")
    balance_of(child).update(used_seconds=F("used_seconds") + 1)
    run(f"--day={day}")

    assert [(line["level"], line["difference_seconds"]) for line in events("reconciled")] == [("info", 0), ("error", 1)]


def test_the_performance_page_shows_the_last_run(committed, clock):
    ReconcileRun.objects.all().delete()
    assert accuracy.last_check() is None

    for seconds in (0, 90):
        clock.set(f"2031-05-14T12:{seconds // 60:02}:00+00:00")
        found = reconcile.Comparison(
            day=date(2031, 5, 13),
            profiles=1200,
            sessions=3400,
            differing_profiles=1 if seconds else 0,
            difference_seconds=seconds,
            differences=(),
            duration_ms=5,
        )
        reconcile.keep(found, now=clock.now)
        check = accuracy.last_check()
        assert check.is_bad == bool(seconds)

    assert check.text == "2031-05-13: 1,200 profiles, 3,400 sessions; 1 differing (90 s in total)"
    assert check.ran_at == "2031-05-14 12:01 UTC"
    ReconcileRun.objects.all().delete()


def test_no_more_than_a_hundred_profiles_are_listed(day):
    user = make_child().profile.user
    made = Profile.objects.bulk_create(Profile(user=user, name=str(n), is_kids=True) for n in range(103))
    ViewingTimeBalance.objects.bulk_create(ViewingTimeBalance(profile=p, day=day, used_seconds=2) for p in made)

    found = reconcile.compare(day)

    assert (found.differing_profiles, found.difference_seconds, len(found.differences)) == (103, 206, 100)
    assert "and 3 more profiles" in run(f"--day={day}")[1]


@pytest.mark.parametrize(
    "options",
    [["--day=yesterday"], ["--day=2041-02-30"], ["--days=0"], ["--days=x"], ["--days=401"], ["--profile=x"]],
    ids=lambda options: options[0],
)
def test_other_options_are_refused(committed, options):
    with pytest.raises(CommandError, match="is not"):
        call_command("reconcile", *options)


def test_beats_that_come_meanwhile_are_no_difference(service):
    """The days of the load are those of the real clock; other tests make up balances, so only these are compared."""
    title = make_title()
    children = [make_child(title=title) for _ in range(5)]
    ended, differing = threading.Event(), []

    def watch():
        asyncio.run(closed_loop(service.url, children, beats_each=150))
        ended.set()

    load = threading.Thread(target=watch)
    load.start()
    runs = 0
    while not ended.is_set():
        for child in children:
            for back in (0, 1):
                day = date.today() - timedelta(days=back)
                differing += reconcile.compare(day, profile_id=child.profile.id).differences
        runs += 1
    load.join()

    assert runs > 3
    assert not differing
    assert {child.balance().used_seconds for child in children} == {150 * 30}


def test_both_sides_are_read_in_one_snapshot(http, child, day, monkeypatch):
    """A beat between the beginning of the transaction and the statement is seen by neither side."""
    compare_day = sql.compare_day
    seen = []

    def later(*args, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')")
            seen.append(cursor.fetchone())
        return compare_day(*args, **kwargs)

    monkeypatch.setattr(sql, "compare_day", later)

    reconcile.compare(day)

    assert seen == [("repeatable read", "on")]


def test_the_demos_history_adds_up(committed, clock, monkeypatch):
    clock.set("2043-06-15T12:00:00+00:00")
    monkeypatch.setattr("django.contrib.auth.hashers.BCryptSHA256PasswordHasher.rounds", 4)

    seed(now=clock.now)

    found = [reconcile.compare(clock.now.date() - timedelta(days=back)) for back in range(36)]
    assert sum(day.sessions for day in found) > 100
    assert sum(day.difference_seconds for day in found) == 0
