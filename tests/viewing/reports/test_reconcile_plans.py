"""A day is compared by its indexes, however many sessions there are."""

from datetime import date

import pytest
from django.db import connection, connections, transaction

from tests.families import make_child, make_title
from tests.viewing.watched import plans
from viewing.models import Profile
from viewing.reports import sql


@pytest.fixture
def many_sessions(committed):
    """200,000, of a hundred children in a hundred days, with their balances; taken back after the test."""
    with transaction.atomic():
        user, title = make_child().profile.user, make_title()
        made = Profile.objects.bulk_create(Profile(user=user, name="x", is_kids=True) for _ in range(100))
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO viewing_viewingsession (id, profile_id, title_id, device_id, device_type, is_educational,"
                " day, started_at, last_heartbeat_at, ended_at, end_reason, counted_seconds, exempt_seconds,"
                " first_sequence, last_sequence) SELECT gen_random_uuid(), (%s::uuid[])[1 + n %% 100], %s, 'tv', 'tv',"
                " false, at::date, at, at, at, 'ended', 30, 0, -1, -1"
                " FROM generate_series(0, 199999) n,"
                " LATERAL (SELECT '2045-01-01'::timestamp + n / 2000 * interval '1 day') s(at)",
                [[profile.id for profile in made], title.id],
            )
            cursor.execute(
                "INSERT INTO viewing_viewingtimebalance (profile_id, day, used_seconds, educational_seconds,"
                " granted_seconds, is_unlimited_override) SELECT profile_id, day, sum(counted_seconds), 0, 0, false"
                " FROM viewing_viewingsession WHERE title_id = %s GROUP BY profile_id, day",
                [title.id],
            )
            cursor.execute("ANALYZE viewing_viewingsession")
            cursor.execute("ANALYZE viewing_viewingtimebalance")
        yield [profile.id for profile in made]
        transaction.set_rollback(True)
    connections["default"].close()


def test_a_day_among_many_is_read_by_index(many_sessions):
    with plans() as found:
        for profile_id in (None, many_sessions[0]):
            row = sql.compare_day(date(2045, 2, 1), profile_id=profile_id, max_listed=100)
            assert row == ((100, 2_000, 0, 0, []) if profile_id is None else (1, 20, 0, 0, []))

    for plan in found:
        assert "session_profile_started_idx" in plan
        assert "balance_profile_day_uniq" in plan
        assert "Seq Scan on viewing_viewingsession" not in plan
        assert "Seq Scan on viewing_viewingtimebalance" not in plan
    assert "Seq Scan on viewing_profile" not in found[1]
