"""`manage.py clean_up`: what is dead goes, what lives or is still of use stays."""

import hashlib
import secrets
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from parental.automations import api_tokens
from parental.models import ApiToken, LimiterCount, PinGuard, RefreshToken, TimeGrant, TokenFamily
from parental.tokens import cleaning
from tests.families import make_child, make_user
from tests.parental.cast import make_parent
from tests.races import in_parallel
from viewing.models import PlanException, PlayerToken

DAY = timedelta(days=1)


def clean_up():
    return cleaning.clean_up(now=timezone.now())


def expire(parent, *, ago):
    RefreshToken.objects.filter(family=parent.login).update(expires_at=timezone.now() - ago)


def test_a_login_is_deleted_a_day_after_its_last_token_expired(committed):
    gone, just_expired, alive = make_parent(), make_parent(), make_parent()
    expire(gone, ago=DAY + timedelta(minutes=1))
    expire(just_expired, ago=DAY - timedelta(minutes=1))

    assert clean_up()["logins"] >= 1

    for parent, is_there in ((gone, False), (just_expired, True), (alive, True)):
        assert TokenFamily.objects.filter(user=parent.user).exists() is is_there
        assert RefreshToken.objects.filter(family__user=parent.user).exists() is is_there


def test_a_spent_token_of_an_active_login_is_kept_however_old(http):
    """Reusing a spent refresh token ends the login (docs/contract.md#auth)."""
    parent = make_parent()
    body = {"refresh_token": parent.refresh_token}
    new = http.post("/api/v1/auth/refresh", json=body).json()
    RefreshToken.objects.filter(family=parent.login, spent_at__isnull=False).update(
        expires_at=timezone.now() - 400 * DAY
    )

    clean_up()

    assert http.post("/api/v1/auth/refresh", json=body).status_code == 401
    assert http.post("/api/v1/auth/refresh", json={"refresh_token": new["refresh_token"]}).status_code == 401


@pytest.mark.parametrize("column", ["expires_at", "revoked_at"])
def test_a_players_token_goes_when_it_has_been_dead_for_90_days(committed, column):
    gone, recent, alive = make_child(), make_child(), make_child()
    for child, ago in ((gone, 91 * DAY), (recent, 89 * DAY)):
        PlayerToken.objects.filter(pk=child.token_id).update(**{column: timezone.now() - ago})
    PinGuard.objects.create(user=gone.profile.user, player_token_id=gone.token_id)

    assert clean_up()["player_tokens"] >= 1

    there = [PlayerToken.objects.filter(pk=child.token_id).exists() for child in (gone, recent, alive)]
    assert there == [False, True, True]


@pytest.mark.parametrize("column", ["expires_at", "revoked_at"])
def test_so_does_an_api_token(committed, column):
    now = timezone.now()
    gone, recent, alive = (api_tokens.make(make_user().pk, name="Display", now=now).token_id for _ in range(3))
    for token_id, ago in ((gone, 91 * DAY), (recent, 89 * DAY)):
        ApiToken.objects.filter(pk=token_id).update(**{column: now - ago})

    assert clean_up()["api_tokens"] >= 1

    there = [ApiToken.objects.filter(pk=token_id).exists() for token_id in (gone, recent, alive)]
    assert there == [False, True, True]


def test_a_token_that_a_grant_names_stays(committed):
    child = make_child()
    PlayerToken.objects.filter(pk=child.token_id).update(revoked_at=timezone.now() - 91 * DAY)
    grant = TimeGrant.objects.create(
        profile=child.profile, player_token_id=child.token_id, is_remote=False, minutes=30, day="2030-01-01"
    )

    clean_up()

    assert TimeGrant.objects.get(pk=grant.pk).player_token_id == child.token_id


def test_ended_counts_of_tries_go(committed):
    now = timezone.now()
    ended, running = (hashlib.sha256(secrets.token_bytes()).digest() for _ in range(2))
    LimiterCount.objects.create(key=ended, count=3, window_ends_at=now - DAY)
    LimiterCount.objects.create(key=running, count=3, window_ends_at=now + DAY)

    clean_up()

    assert not LimiterCount.objects.filter(pk=ended).exists()
    assert LimiterCount.objects.filter(pk=running).exists()


def test_exceptions_that_ended_long_ago_go(committed):
    child, today = make_child(), timezone.now().date()
    kept, gone = (
        PlanException.objects.create(
            user=child.profile.user,
            profile=child.profile,
            from_date=today - ago * DAY,
            to_date=today - ago * DAY,
            name="Sick",
            source="manual",
            changes={"limit": 30},
        )
        for ago in (400, 401)
    )

    assert clean_up()["exceptions"] >= 1

    assert PlanException.objects.filter(pk=kept.pk).exists()
    assert not PlanException.objects.filter(pk=gone.pk).exists()


def make_sessions(count, *, expire_date):
    keys = [secrets.token_hex(16) for _ in range(count)]
    Session.objects.bulk_create(Session(session_key=key, session_data="", expire_date=expire_date) for key in keys)
    return Session.objects.filter(pk__in=keys)


def test_expired_sessions_go(committed):
    expired = make_sessions(2, expire_date=timezone.now() - timedelta(minutes=1))
    running = make_sessions(2, expire_date=timezone.now() + timedelta(minutes=1))

    clean_up()

    assert (expired.count(), running.count()) == (0, 2)


def test_it_works_in_batches_and_misses_none(committed, monkeypatch):
    monkeypatch.setattr(cleaning, "BATCH", 3)
    expired = make_sessions(8, expire_date=timezone.now() - DAY)
    running = make_sessions(8, expire_date=timezone.now() + DAY)

    assert clean_up()["sessions"] == 8

    assert (expired.count(), running.count()) == (0, 8)


def test_what_somebody_holds_is_left_for_the_next_time(committed):
    parent = make_parent()
    expire(parent, ago=2 * DAY)

    def clean_up_meanwhile(_):
        try:
            return clean_up()
        finally:
            connection.close()

    with transaction.atomic():
        TokenFamily.objects.select_for_update().get(pk=parent.login.pk)
        in_parallel(1, clean_up_meanwhile)  # does not wait
        assert TokenFamily.objects.filter(user=parent.user).exists()

    clean_up()
    assert not TokenFamily.objects.filter(user=parent.user).exists()


def test_two_in_parallel_harm_nothing(committed, monkeypatch):
    monkeypatch.setattr(cleaning, "BATCH", 5)
    user = make_user()
    TokenFamily.objects.bulk_create(TokenFamily(user=user) for _ in range(40))

    def clean_up_and_close(_):
        try:
            return clean_up()
        finally:
            connection.close()

    counts = in_parallel(2, clean_up_and_close)

    assert sum(count["logins"] for count in counts) >= 40
    assert not TokenFamily.objects.filter(user=user).exists()


def test_the_command_prints_and_logs_how_many(committed, events):
    clean_up()
    make_sessions(2, expire_date=timezone.now() - DAY)
    written = StringIO()

    call_command("clean_up", stdout=written)

    assert "sessions: 2" in written.getvalue().splitlines()
    assert events("cleaned_up")[-1]["sessions"] == 2
