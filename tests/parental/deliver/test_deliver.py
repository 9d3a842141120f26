"""Delivering, with a receiver and deliverers in processes of their own."""

import os
import signal
import socket
import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from parental.deliver import endpoints
from parental.deliver.models import Delivery, DeliveryTotal, WebhookEndpoint
from tests.parental.deliver import platform as platforms
from tests.parental.deliver.platform import clear, deliverer, make_events
from tests.races import until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("committed", "real_time")]


@pytest.fixture
def platform(committed, tmp_path):
    clear()
    with platforms.platform(tmp_path) as running:
        yield running
    clear()


def states(endpoint):
    return list(endpoint.deliveries.order_by("id").values_list("state", flat=True))


def has_ended(endpoint, count=1):
    return lambda: endpoint.deliveries.filter(finished_at__isnull=False).count() == count


def make_due():
    """As if the time until the next attempt had passed."""
    Delivery.objects.filter(state="waiting").update(due_at=timezone.now())


def test_events_arrive_in_order_and_verify(platform, tmp_path):
    endpoint = platform.endpoint("ok")
    subjects = make_events(20)
    with deliverer(tmp_path / "log"):
        until(has_ended(endpoint, 20))

    received = platform.received("ok")
    assert all(line["verified"] for line in received)
    assert [str(subject.family_id) in line["body"] for subject, line in zip(subjects, received, strict=True)] == [
        True
    ] * 20
    assert len({line["id"] for line in received}) == 20
    assert {line["agent"] for line in received} == {"Sandglass/1"}
    (first, *_) = endpoint.deliveries.order_by("id")
    assert (first.state, first.last_status, first.last_answer, first.attempts) == ("done", 200, "noted", 1)
    assert received[0]["id"] == f"msg_{first.event_id.hex}"
    log = (tmp_path / "log").read_text()
    assert "delivered" in log
    assert "whsec_" not in log
    assert received[0]["body"] not in log


def test_a_failing_receiver_is_tried_again_with_the_same_id(platform, tmp_path):
    before = dict(DeliveryTotal.objects.values_list("outcome", "count"))
    endpoint = platform.endpoint("fails", query="status=500,500,200")
    make_events(1)
    with deliverer(tmp_path / "log"):
        for attempt in (1, 2):
            until(lambda attempt=attempt: endpoint.deliveries.filter(state="waiting", attempts=attempt).exists())
            delivery = endpoint.deliveries.get()
            assert delivery.due_at > timezone.now() + timedelta(seconds=2)
            assert (delivery.last_status, delivery.last_error) == (500, "HTTP 500")
            assert WebhookEndpoint.objects.get().failing_since is not None
            time.sleep(1.1)  # another second, for the timestamps
            make_due()
        until(has_ended(endpoint))

    received = platform.received("fails")
    assert [line["status"] for line in received] == [500, 500, 200]
    assert all(line["verified"] for line in received)
    assert len({(line["id"], line["body"]) for line in received}) == 1
    assert len({line["timestamp"] for line in received}) == 3
    assert states(endpoint) == ["done"]
    assert WebhookEndpoint.objects.get().failing_since is None
    after = dict(DeliveryTotal.objects.values_list("outcome", "count"))
    assert {name: after[name] - before.get(name, 0) for name in ("retry", "done")} == {"retry": 2, "done": 1}


def test_killed_between_the_answer_and_our_write_it_is_sent_again(platform, tmp_path):
    endpoint = platform.endpoint("ok", query="seconds=1")
    make_events(1)
    with deliverer(tmp_path / "log") as process:
        until(lambda: platform.received("ok"))
        # The write of the result waits for this lock, while the receiver answers.
        with transaction.atomic():
            WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
            until(platform.has_answered)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    assert states(endpoint) == ["sending"]

    # Its claim ends after 60 s.
    claim = endpoint.deliveries.get()
    assert timedelta() < claim.claimed_until - timezone.now() <= timedelta(seconds=60)
    endpoint.deliveries.update(claimed_until=timezone.now() - timedelta(seconds=1))
    with deliverer(tmp_path / "log"):
        until(has_ended(endpoint))

    first, second = platform.received("ok")
    assert (first["id"], first["body"]) == (second["id"], second["body"])
    assert first["verified"]
    assert second["verified"]
    assert endpoint.deliveries.get().attempts == 2


def test_a_redirect_is_a_failure_and_is_not_followed(platform, tmp_path):
    other = platform.endpoint("other", types=("grant.made",))
    endpoint = platform.endpoint("moved", query=f"status=302&location={other.url}", types=("profile.created",))
    make_events(1)
    with deliverer(tmp_path / "log"):
        until(lambda: endpoint.deliveries.filter(attempts=1, state="waiting").exists())

    assert endpoint.deliveries.get().last_status == 302
    assert platform.received("other") == []


def test_gone_disables_the_endpoint(platform, tmp_path):
    endpoint = platform.endpoint("gone", query="status=410")
    make_events(3)
    with deliverer(tmp_path / "log"):
        until(has_ended(endpoint, 3))

    assert states(endpoint) == ["dead", "cancelled", "cancelled"]
    endpoint.refresh_from_db()
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, "gone")
    assert len(platform.received("gone")) == 1
    assert "endpoint_disabled" in (tmp_path / "log").read_text()


def test_a_busy_endpoint_is_left_alone_and_others_go_on(platform, tmp_path):
    busy = platform.endpoint("busy", query="status=429&retry_after=120")
    endless = platform.endpoint("endless", query="status=503&retry_after=9999999")
    other = platform.endpoint("ok")
    make_events(3)
    with deliverer(tmp_path / "log"):
        until(has_ended(other, 3))
        until(lambda: WebhookEndpoint.objects.filter(paused_until__isnull=False).count() == 2)
        make_events(2)
        until(has_ended(other, 5))

    assert len(platform.received("busy")) == len(platform.received("endless")) == 1
    now = timezone.now()
    assert timedelta(seconds=60) < WebhookEndpoint.objects.get(pk=busy.pk).paused_until - now <= timedelta(seconds=120)
    assert timedelta(hours=23) < WebhookEndpoint.objects.get(pk=endless.pk).paused_until - now <= timedelta(hours=24)


def test_slow_endpoints_keep_no_other_waiting(platform, tmp_path):
    """Six of them: more than a handful of senders."""
    slow = [platform.endpoint(f"slow{n}", query="seconds=14") for n in range(6)]
    quick = platform.endpoint("quick")
    make_events(50)
    with deliverer(tmp_path / "log"):
        until(has_ended(quick, 50))
        ended = Delivery.objects.filter(endpoint__in=slow, finished_at__isnull=False).count()

    assert ended == 0


def test_what_takes_too_long_is_cut(platform, tmp_path, monkeypatch):
    from parental.deliver import send

    monkeypatch.setattr(send, "WHOLE_SECONDS", 0.5)
    endpoint = platform.endpoint("slow", query="seconds=3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.WEBHOOK_ALLOWED_NETWORKS", _loopback())
        answer = endpoints.send_test(endpoint, now=timezone.now())

    assert (answer.status, answer.error) == (None, "timeout")


def test_of_a_long_answer_only_the_beginning_is_kept(platform):
    endpoint = platform.endpoint("long", query="times=200000")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.WEBHOOK_ALLOWED_NETWORKS", _loopback())
        answer = endpoints.send_test(endpoint, now=timezone.now())

    assert answer.status == 200
    assert answer.text == ("noted" * 100)
    assert platform.received("long")[0]["verified"]


def test_a_private_address_is_refused(platform, tmp_path):
    endpoint = platform.endpoint("ok")
    make_events(1)
    with deliverer(tmp_path / "log", WEBHOOK_ALLOWED_NETWORKS=""):
        until(lambda: endpoint.deliveries.filter(attempts=1, state="waiting").exists())

    assert endpoint.deliveries.get().last_error == "address refused"
    assert platform.received("ok") == []


def test_a_rotated_secret_and_the_old_one_both_sign_for_a_day(platform, tmp_path):
    endpoint = platform.endpoint("ok")
    secret = endpoints.rotate(endpoint, now=timezone.now())
    make_events(1)
    with deliverer(tmp_path / "log"):
        until(has_ended(endpoint))  # the receiver still has the old one
        platform.trust("ok", secret)
        make_events(1)
        until(has_ended(endpoint, 2))
        WebhookEndpoint.objects.update(old_secret_until=timezone.now())
        make_events(1)
        until(has_ended(endpoint, 3))

    received = platform.received("ok")
    assert [(line["signatures"], line["verified"]) for line in received] == [(2, True), (2, True), (1, True)]


def test_three_processes_deliver_each_event_once(platform, tmp_path):
    endpoint = platform.endpoint("ok")
    make_events(600)
    with deliverer(tmp_path / "1"), deliverer(tmp_path / "2"), deliverer(tmp_path / "3"):
        until(has_ended(endpoint, 600))

    ids = [line["id"] for line in platform.received("ok")]
    assert len(ids) == len(set(ids)) == 600
    assert set(states(endpoint)) == {"done"}


def test_a_receiver_that_is_killed_gets_it_when_it_is_back(platform, tmp_path):
    endpoint = platform.endpoint("ok")
    platform.process.kill()
    platform.process.wait()
    make_events(1)
    with deliverer(tmp_path / "log"):
        until(lambda: endpoint.deliveries.filter(attempts=1, state="waiting").exists())
        assert endpoint.deliveries.get().last_error == "connection failed"
        platform.start_again()
        until(lambda: _is_listening(platform.port))
        make_due()
        until(has_ended(endpoint))

    assert [line["verified"] for line in platform.received("ok")] == [True]


def test_stopping_finishes_what_is_being_sent(platform, tmp_path):
    endpoint = platform.endpoint("slow", query="seconds=2")
    make_events(2)
    with deliverer(tmp_path / "log") as process:
        until(lambda: platform.received("slow"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0

    assert states(endpoint) == ["done", "waiting"]
    assert "delivering_ended" in (tmp_path / "log").read_text()


def _loopback():
    from ipaddress import ip_network

    return [ip_network("127.0.0.0/8")]


def _is_listening(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
