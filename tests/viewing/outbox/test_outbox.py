"""The outbox: an event is there if and only if what it is about was committed, and it is taken out once."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from tests.races import in_parallel
from tests.statements import statements
from viewing.models import OutboxEvent
from viewing.outbox import sql
from viewing.outbox.outbox import MAX_DATA_BYTES, Subject, happened

pytestmark = pytest.mark.usefixtures("committed")

ACTOR = {"kind": "system", "id": None}


@pytest.fixture(autouse=True)
def empty_outbox(committed):
    OutboxEvent.objects.all().delete()


def write(event_type="test.made", **data):
    subject = Subject(uuid.uuid4(), uuid.uuid4())
    happened(event_type, subject, data=data, actor=ACTOR, now=timezone.now())
    return subject


TYPES = ("test.made", "test.late", "test.early", *(f"test.{n}" for n in range(4)))


def take(limit=100):
    with transaction.atomic():
        return sql.take(limit, types=TYPES)


def in_another_session(call):
    """What another connection sees or does while this one's transaction is open."""

    def run():
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(run).result()


def test_an_event_comes_out_as_it_went_in():
    day, now = timezone.now().date(), timezone.now()
    with transaction.atomic():
        subject = write(day=day, minutes=30, nothing=None)

    (event,) = take()

    assert (event.type, event.family_id, event.profile_id) == ("test.made", *subject)
    assert (event.data, event.actor) == ({"day": day.isoformat(), "minutes": 30, "nothing": None}, ACTOR)
    assert event.occurred_at >= now
    assert take() == []


def test_an_event_is_one_statement():
    with transaction.atomic(), statements() as sent:
        write()

    assert [statement.split()[0] for statement in sent.all] == ["INSERT"]


def test_what_is_rolled_back_did_not_happen():
    with transaction.atomic():
        write()
        transaction.set_rollback(True)

    assert not OutboxEvent.objects.exists()


def test_an_event_without_a_transaction_is_a_mistake():
    with pytest.raises(RuntimeError, match=r"test\.made"):
        write()

    assert not OutboxEvent.objects.exists()


def test_the_data_of_an_event_is_bounded():
    fits = "x" * (MAX_DATA_BYTES - len('{"text":""}'))
    with transaction.atomic():
        write(text=fits)
        with pytest.raises(ValueError, match=r"test\.made"):
            write(text=fits + "x")

    assert OutboxEvent.objects.count() == 1


def test_an_event_that_commits_late_is_not_skipped():
    """Its id is the lower one, and what came after it is already delivered."""
    with transaction.atomic():
        write("test.late")

        def commit_another_and_take():
            with transaction.atomic():
                write("test.early")
            return take()

        (early,) = in_another_session(commit_another_and_take)
    (late,) = take()

    assert (early.type, late.type) == ("test.early", "test.late")
    assert late.id < early.id


def test_events_that_another_process_takes_are_left_to_it():
    with transaction.atomic():
        for n in range(4):
            write(f"test.{n}")

    with transaction.atomic():
        mine = sql.take(2, types=TYPES)
        others = in_another_session(take)

    assert [event.type for event in mine] == ["test.0", "test.1"]
    assert [event.type for event in others] == ["test.2", "test.3"]


def test_what_was_taken_by_a_process_that_died_is_there_again():
    with transaction.atomic():
        write()
    with transaction.atomic():
        assert len(sql.take(10, types=TYPES)) == 1
        transaction.set_rollback(True)

    assert len(take()) == 1


def test_no_event_is_taken_twice():
    with transaction.atomic():
        for _ in range(300):
            write()

    def take_all(_n):
        taken = []
        while events := take(7):
            taken += [event.id for event in events]
        return taken

    taken = [id_ for ids in in_parallel(4, take_all) for id_ in ids]

    assert len(taken) == len(set(taken)) == 300


def test_the_limit_holds():
    with transaction.atomic():
        for _ in range(20):
            write()
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {sql.OUTBOX}")

    assert len(take(3)) == 3
    assert OutboxEvent.objects.count() == 17


def test_events_of_a_newer_version_wait_for_it():
    with transaction.atomic():
        write("test.newer")
        write("test.made")

    assert [event.type for event in take()] == ["test.made"]
    assert OutboxEvent.objects.get().type == "test.newer"


def test_events_that_nobody_took_are_deleted_some_day():
    now = timezone.now()
    with transaction.atomic():
        for _ in range(5):
            write()
    OutboxEvent.objects.filter(pk__in=OutboxEvent.objects.values("pk")[:3]).update(occurred_at=now - timedelta(days=8))

    assert sql.delete_old(before=now - timedelta(days=7), limit=2) == 2
    assert sql.delete_old(before=now - timedelta(days=7), limit=2) == 1
    assert OutboxEvent.objects.count() == 2
