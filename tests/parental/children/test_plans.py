"""The list queries of accounts use their indexes on big tables. Nothing of these rows is committed."""

import uuid

import pytest
from django.db import connection, transaction
from django.utils import timezone

from parental.children import profiles
from parental.models import TokenFamily, User
from tests.families import make_player, make_title, make_user

SESSIONS = """
    INSERT INTO viewing_viewingsession (
        id, profile_id, title_id, device_id, device_type, is_educational, day, started_at, last_heartbeat_at, ended_at,
        end_reason, counted_seconds, exempt_seconds, first_sequence, last_sequence)
    SELECT gen_random_uuid(), %s, %s, 'tv', 'tv', false, current_date, now(), now(), now(), 'ended', 0, 0, -1, -1
    FROM generate_series(1, %s)
"""
ACCOUNTS = """
    INSERT INTO parental_user (id, email, password, is_active, is_staff, is_superuser, date_joined)
    SELECT gen_random_uuid(), 'plan' || n || '@example.com', '!', true, false, false, now()
    FROM generate_series(1, 100000) n
"""
FAMILIES = """
    INSERT INTO parental_tokenfamily (id, user_id, created_at)
    SELECT gen_random_uuid(), id, now() FROM parental_user WHERE email LIKE 'plan%%'
"""


@pytest.fixture
def undone(committed):
    with transaction.atomic():
        yield connection.cursor()
        transaction.set_rollback(True)


def test_profiles_are_listed_and_counted_by_index(undone):
    user, title = make_user(), make_title()
    mine, other = make_player(user), make_player(make_user())
    for _ in range(5):
        make_player(user)
    undone.execute(SESSIONS, [other.profile.id, title.id, 30_000])
    undone.execute(SESSIONS, [mine.profile.id, title.id, 100])
    undone.execute("ANALYZE viewing_viewingsession")

    plan = profiles._with_session_count(user.id).explain()

    assert "session_profile_started_idx" in plan
    assert "Seq Scan on viewing_viewingsession" not in plan


def test_accounts_and_their_logins_are_found_by_index(undone):
    undone.execute(ACCOUNTS)
    undone.execute(FAMILIES)
    undone.execute("ANALYZE parental_user")
    undone.execute("ANALYZE parental_tokenfamily")

    by_address = User.objects.filter(email__startswith="plan1234").order_by("-pk")
    logins = TokenFamily.objects.filter(user__email__startswith="plan1234").order_by("-pk")[:100]

    # What is cleaned up of an account.
    dead = TokenFamily.objects.filter(user_id=uuid.uuid4(), created_at__lte=timezone.now())

    for query in (by_address, logins, dead):
        assert "Seq Scan" not in query.explain()
