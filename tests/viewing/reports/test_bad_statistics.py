"""History, weekly report and reconcile read the sessions they are about, whatever the statistics say."""

from datetime import timedelta

import pytest

from tests.evening import CHILDREN, ENDED_EACH, evening, rows_over, sent_on_default
from viewing.profile import Profile
from viewing.reports import downloads, history, history_pages, reconcile, sql, weekly
from viewing.reports.periods import Period


@pytest.fixture
def crowd(committed):
    with evening() as found:
        yield found


def test_reports_of_a_family_read_no_rows_of_others(crowd):
    child = Profile(id=crowd.family[0], user_id=crowd.user_id, is_kids=True)
    month = Period(crowd.now.date() - timedelta(days=30), crowd.now.date())
    days = history.day_sums(child.id, month)
    reports = {
        "a history's days": lambda: history.day_sums(child.id, month),
        "a history's sessions": lambda: history.read_sessions(child.id, days, limit=500),
        "the first page of a CSV": lambda: list(history.newest_sessions(child.id, month)[: downloads.PAGE_SIZE]),
        "a page's sessions": lambda: history_pages._read(
            child.id, days, history_pages.parts([day.sessions for day in days])[0], now=crowd.now
        ),
        "a weekly report": lambda: weekly.weekly_report(crowd.user_id, now=crowd.now),
        "a week compared": lambda: weekly.compared_report(crowd.user_id, now=crowd.now, last=None),
    }
    read = {}
    for name, call in reports.items():
        if found := rows_over(2 * crowd.family_rows, sent_on_default(call)):
            read[name] = found

    assert read == {}


def test_reconcile_reads_each_session_of_its_days_once(crowd):
    day = crowd.now.date() - timedelta(days=1)
    sent = sent_on_default(lambda: sql.compare_day(day, profile_id=None, max_listed=reconcile.MAX_LISTED))

    assert rows_over((CHILDREN + len(crowd.family)) * (ENDED_EACH + 1), sent) == {}
