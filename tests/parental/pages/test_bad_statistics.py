"""The parents' pages read the rows of their family, whatever the statistics say (`tests/evening.py`)."""

import pytest

from parental.children import audit, limits, profiles, sql, today
from parental.tokens import logins, players
from tests.evening import evening, rows_over, sent_on_default


@pytest.fixture
def crowd(committed):
    with evening() as found:
        yield found


def test_pages_of_a_family_read_no_rows_of_others(crowd):
    family, user_id, now = crowd.family, crowd.user_id, crowd.now
    pages = {
        "the dashboard": lambda: today.for_family(user_id, now=now),
        "the children": lambda: profiles.listing(user_id),
        "the children with their settings": lambda: profiles.for_account(user_id),
        "the limits": lambda: limits.read(family[0], now=now),
        "the devices": lambda: players.living(family[0], now=now),
        "the logins": lambda: logins.listing(user_id, current=None, now=now),
        "the audit": lambda: audit.entries(family, family_id=user_id, after=None),
        "a grant": lambda: sql.add_grant(profile_id=family[0], day=now.date(), seconds=1800, unlimited=False),
    }
    read = {}
    for name, call in pages.items():
        if found := rows_over(2 * crowd.family_rows, sent_on_default(call)):
            read[name] = found

    assert read == {}
    # The pages do show what was added after the ANALYZE.
    assert all(child.playing and child.grants for child in today.for_family(user_id, now=now))
