"""Erasing: what is due is deleted to the last row, however often it is interrupted, and nothing of anyone else."""

import threading
import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from parental.deliver.fan_out import fan_out
from parental.deliver.models import Delivery, WebhookEndpoint
from parental.events.record import PLATFORM
from parental.models import AuditEntry, Erasure, Pin, SettingsChange, TimeGrant, User
from parental.privacy import erasing, erasures
from parental.tokens import cleaning
from tests.families import make_player, make_user
from tests.parental.cast import log_in
from tests.parental.deliver.platform import clear
from tests.parental.homes import Home
from tests.parental.privacy.erased import erase_what_is_due, remains, rows_that_name
from tests.races import in_parallel
from viewing.models import OutboxEvent, PlanException, Profile, ViewingSession, ViewingTimeBalance

GRACE = timedelta(days=7)


@pytest.fixture
def nothing_waits(committed):
    """No event, delivery or erasure of an earlier test."""
    clear()
    Erasure.objects.all().delete()
    yield
    clear()


@pytest.fixture
def family(http, nothing_waits):
    """A family in which everything has happened that leaves a row, and a sibling to whom it has, too."""
    user = make_user(external_id=f"acct:{uuid.uuid4()}")
    parent = log_in(user)
    endpoint = WebhookEndpoint.objects.create(name="Platform", url="https://hooks.example.com/", secret="x")
    children = [make_player(user), make_player(user)]
    for child in children:
        home = Home(child=child, parent=parent)
        child.watch(http, 2)
        home.change_with_pin(http, weekday_limit_minutes=60)
        assert home.grant(http, 30).status_code == 200
        today = timezone.now().date()
        PlanException.objects.create(
            user=user, profile=child.profile, name="Trip", source="manual", from_date=today, to_date=today, changes={}
        )
        _note_in_the_admin(child.profile.pk, f"{child.profile.name} of {user.email}")
    fan_out(now=timezone.now())
    Delivery.objects.filter(pk=Delivery.objects.filter(profile_id=children[0].profile.pk).first().pk).update(
        state="done", last_answer="noted"
    )
    Home(child=children[0], parent=parent).grant(http, 15)  # its event is still in the outbox
    assert endpoint.deliveries.filter(state="waiting").exists()
    return user, children


def _note_in_the_admin(profile_id, text):
    LogEntry.objects.create(
        user=make_user(is_staff=True),
        content_type=ContentType.objects.get_for_model(Profile),
        object_id=str(profile_id),
        object_repr=text,
        action_flag=CHANGE,
        change_message="[]",
    )


def counts(*models, **of):
    return [model.objects.filter(**of).count() for model in models]


def test_a_child_is_erased_to_the_last_row(family):
    user, (child, sibling) = family
    gone, stays = child.profile.pk, sibling.profile.pk
    kept = (ViewingSession, ViewingTimeBalance, TimeGrant, SettingsChange, AuditEntry, PlanException)
    before = counts(*kept, profile=stays)
    now = timezone.now()
    planned = erasures.ask_for_profile(user.pk, gone, actor=PLATFORM, now=now)

    erase_what_is_due(now + GRACE - timedelta(seconds=1))
    assert Profile.everyone.filter(pk=gone).exists()
    erase_what_is_due(planned.erase_at)

    assert remains(gone) == {"django_admin_log": remains(gone)["django_admin_log"]}
    (entry,) = LogEntry.objects.filter(object_id=str(gone))
    assert (entry.object_repr, entry.change_message) == ("", "")
    (event,) = OutboxEvent.objects.filter(type="child.erased")
    assert (event.family_id, event.profile_id, event.data["is_kids"]) == (user.pk, gone, True)
    erasure = Erasure.objects.get(subject_id=gone)
    assert (erasure.done_at, bytes(erasure.subject_hash)) == (planned.erase_at, erasures.hash_of(gone))
    assert erasure.counts["viewing_viewingsession"] == 1
    assert counts(*kept, profile=stays) == before
    assert Delivery.objects.filter(profile_id=stays, state="waiting").exclude(body="").exists()
    # The event makes a body as it is published.
    fan_out(now=timezone.now())
    assert Delivery.objects.filter(type="child.erased", profile_id=gone, state="waiting").exclude(body="").count() == 1


def test_what_was_to_be_sent_about_a_child_is_empty_and_not_sent(family):
    user, (child, _sibling) = family
    of_child = list(Delivery.objects.filter(profile_id=child.profile.pk).values_list("pk", flat=True))
    erasures.ask_for_profile(user.pk, child.profile.pk, actor=PLATFORM, now=timezone.now(), at=timezone.now())

    erase_what_is_due()

    after = Delivery.objects.filter(pk__in=of_child)
    assert set(after.values_list("body", "last_answer", "profile_id", "family_id")) == {("", "", None, None)}
    assert set(after.values_list("state", flat=True)) == {"done", "cancelled"}


def test_what_is_being_sent_is_waited_for(family):
    user, (child, _sibling) = family
    sending = Delivery.objects.filter(profile_id=child.profile.pk, state="waiting").first()
    claim = {"state": "sending", "claimed_until": timezone.now()}
    Delivery.objects.filter(pk=sending.pk).update(**claim)
    erasures.ask_for_profile(user.pk, child.profile.pk, actor=PLATFORM, now=timezone.now(), at=timezone.now())

    erase_what_is_due()
    assert Profile.everyone.filter(pk=child.profile.pk).exists()
    Delivery.objects.filter(pk=sending.pk).update(state="done", claimed_until=None)
    erase_what_is_due()

    assert not Profile.everyone.filter(pk=child.profile.pk).exists()


def test_an_account_is_erased_with_everyone_in_it(family):
    user, children = family
    ids = [child.profile.pk for child in children]
    Pin.objects.get_or_create(user=user, defaults={"pin_hash": "!"})
    other = make_player(make_user())
    email, user_id = user.email, user.pk
    # One of its children was to be erased by itself, later.
    erasures.ask_for_profile(user.pk, ids[0], actor=PLATFORM, now=timezone.now())
    erasures.ask_for_account(user.pk, actor=PLATFORM, now=timezone.now(), at=timezone.now())

    erase_what_is_due()

    assert set(remains(user_id, *ids)) == {"django_admin_log"}
    assert not User.objects.filter(pk=user_id).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_admin_log WHERE object_repr LIKE %s", [f"%{email}%"])
        assert cursor.fetchone() == (0,)
    (event,) = OutboxEvent.objects.filter(family_id=user_id)
    assert (event.type, event.profile_id) == ("account.erased", None)
    assert set(event.data["profile_ids"]) == {str(id_) for id_ in ids}
    assert not Erasure.objects.filter(account_id=user_id, done_at=None).exists()
    assert Profile.objects.filter(pk=other.profile.pk).exists()
    fan_out(now=timezone.now())
    assert Delivery.objects.filter(type="account.erased", state="waiting").exclude(body="").count() == 1


def test_a_heartbeat_that_slips_in_is_erased_too(family, monkeypatch):
    """Its row refers to the profile, so the last step fails when it commits, and the steps begin again."""
    user, (child, _sibling) = family
    found, slipped = erasing._deliveries, []

    def slip_in(erasure):
        if not slipped:
            slipped.append(1)
            thread = threading.Thread(target=_begin_a_session, args=[child])
            thread.start()
            thread.join()
        return found(erasure)

    monkeypatch.setattr(erasing, "_deliveries", slip_in)
    erasures.ask_for_profile(user.pk, child.profile.pk, actor=PLATFORM, now=timezone.now(), at=timezone.now())

    erase_what_is_due()

    assert slipped
    assert set(remains(child.profile.pk)) == {"django_admin_log"}
    assert OutboxEvent.objects.filter(type="child.erased").count() == 1


def _begin_a_session(child):
    now = timezone.now()
    ViewingSession.objects.create(
        profile=child.profile,
        title=child.title,
        device_id="tv",
        device_type="tv",
        day=now.date(),
        started_at=now,
        last_heartbeat_at=now,
        ended_at=now,
        end_reason="ended",
    )
    connection.close()


def test_interrupted_at_any_step_it_comes_to_the_same_end(family, monkeypatch):
    user, (child, sibling) = family
    monkeypatch.setattr(erasing, "BATCH", 1)
    steps = 0
    erasures.ask_for_profile(user.pk, child.profile.pk, actor=PLATFORM, now=timezone.now(), at=timezone.now())

    def die(*_args, **_options):
        raise KeyboardInterrupt

    while True:
        with monkeypatch.context() as patch:  # each step is lost once, at its end
            patch.setattr(Erasure, "save", die)
            with pytest.raises(KeyboardInterrupt):
                erasing.run_step(now=timezone.now())
        if not erasing.run_step(now=timezone.now()):
            break
        steps += 1
        if not Erasure.objects.filter(done_at=None).exists():
            break

    assert steps > 5
    assert set(remains(child.profile.pk)) == {"django_admin_log"}
    assert OutboxEvent.objects.filter(type="child.erased").count() == 1
    assert ViewingSession.objects.filter(profile=sibling.profile).exists()


def test_several_processes_erase_it_once(family):
    user, (child, _sibling) = family
    erasures.ask_for_profile(user.pk, child.profile.pk, actor=PLATFORM, now=timezone.now(), at=timezone.now())

    def run(_n):
        while Erasure.objects.filter(done_at=None).exists():
            erase_what_is_due()
        connection.close()

    in_parallel(4, run)

    assert set(remains(child.profile.pk)) == {"django_admin_log"}
    assert OutboxEvent.objects.filter(type="child.erased").count() == 1


def test_one_that_fails_keeps_no_other_waiting(family):
    user, children = family
    for child in children:
        erasures.ask_for_profile(user.pk, child.profile.pk, actor=PLATFORM, now=timezone.now(), at=timezone.now())

    erasing.postpone(now=timezone.now())
    erase_what_is_due()

    assert [Profile.everyone.filter(pk=child.profile.pk).exists() for child in children] == [True, False]


def test_after_a_backup_it_is_erased_again(family, tmp_path):
    user, (child, sibling) = family
    erasures.ask_for_profile(user.pk, child.profile.pk, actor=PLATFORM, now=timezone.now(), at=timezone.now())
    assert call("erase") == "Erased: 1\n"
    listed = call("erase", "--list")
    assert listed == f"profile {child.profile.pk}\n"
    # The backup of yesterday brings the child back, and knows nothing of the erasure.
    Erasure.objects.all().delete()
    restored = Profile.everyone.create(pk=child.profile.pk, user=user, name="Mia", is_kids=True)
    _begin_a_session(child)
    (tmp_path / "erased").write_text(f"{listed}account {uuid.uuid4()}\n\n")

    assert call("erase", "--again", str(tmp_path / "erased")) == "Erased: 1\n"

    assert not Profile.everyone.filter(pk=restored.pk).exists()
    assert Profile.objects.filter(pk=sibling.profile.pk).exists()


def test_a_list_that_cannot_be_read_erases_nothing(family, tmp_path):
    (tmp_path / "erased").write_text("profile of Mia\n")

    with pytest.raises(CommandError, match="profile of Mia"):
        call("erase", "--again", str(tmp_path / "erased"))


def call(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_the_proof_forgets_whom_it_is_about(family):
    user, (child, _sibling) = family
    now = timezone.now()
    erasures.ask_for_profile(user.pk, child.profile.pk, actor=PLATFORM, now=now, at=now)
    erase_what_is_due()

    cleaning.clean_up(now=now + timedelta(days=59))
    assert Erasure.objects.get().subject_id == child.profile.pk
    cleaning.clean_up(now=now + timedelta(days=61))

    erasure = Erasure.objects.get()
    assert (erasure.subject_id, erasure.account_id) == (None, None)
    assert bytes(erasure.subject_hash) == erasures.hash_of(child.profile.pk)
    assert "parental_erasure" not in rows_that_name(child.profile.pk)
    cleaning.clean_up(now=now + timedelta(days=3 * 365 + 1))
    assert not Erasure.objects.exists()
