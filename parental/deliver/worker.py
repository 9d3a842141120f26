"""The deliverer: one process of `manage.py deliver`. Any number of them may run, on any hosts.

The main thread has the only database connection: it takes events out of the outbox, claims what is due for senders that
are idle, and writes results. Senders are threads that only send, one for each endpoint there may be, so that endpoints
that are slow never keep another one waiting; emails have one of their own.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import httpcore
import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from parental.children.time_requests.expiry import expire_all
from parental.deliver import endpoints, mail, results, send, sql
from parental.deliver.fan_out import MAX_EVENTS, fan_out
from parental.deliver.models import Channel, Delivery
from parental.deliver.outcomes import MAX_ATTEMPTS, Answer
from parental.deliver.results import Claim
from parental.privacy import erasing

log = structlog.stdlib.get_logger(__name__)

TICK_SECONDS: Final = 1.0
# How long to wait for the next of `DELIVERIES_PER_SECOND`.
BUDGET_SECONDS: Final = 0.05
CHORES_SECONDS: Final = 10.0
STOP_SECONDS: Final = 20.0
# How often to look for what is to be erased, and for how long to erase before the next deliveries.
ERASE_SECONDS: Final = 10.0
ERASING_SECONDS: Final = 0.2
SENDERS: Final = endpoints.MAX_ENDPOINTS
MAILS_AT_ONCE: Final = 5


class Budget:
    """How many more may be sent: `rate` a second, of which up to `most` are saved up."""

    def __init__(self, rate: float, *, most: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._most = most
        self._clock = clock
        self._left = self._most
        self._at = clock()

    def left(self) -> int:
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        return int(self._left)

    def spend(self, count: int) -> None:
        self._left -= count


@dataclass
class Deliverer:
    """`run` works until `stop` is called, from any thread or a signal's handler."""

    pool: httpcore.ConnectionPool = field(default_factory=lambda: send.make_pool(connections=SENDERS))

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._results: queue.SimpleQueue[tuple[Claim, Answer]] = queue.SimpleQueue()
        self._unwritten: list[tuple[Claim, Answer]] = []
        self._sending = 0
        self._mailing = 0
        self._webhooks = Budget(settings.DELIVERIES_PER_SECOND, most=settings.DELIVERIES_PER_SECOND)
        self._mails = Budget(settings.MAILS_PER_MINUTE / 60, most=MAILS_AT_ONCE)
        self._chores_at = 0.0
        self._fan_out_at = 0.0
        self._erase_at = 0.0

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Deliver until stopped; then wait for what is being sent, at most 20 seconds."""
        log.info("delivering")
        with ThreadPoolExecutor(SENDERS + 1, thread_name_prefix="sender") as senders:
            while not self._stopping.is_set():
                self._turn(senders)
            self._finish()
            senders.shutdown(wait=False, cancel_futures=True)
        self.pool.close()
        connection.close()
        log.info("delivering_ended")

    def _turn(self, senders: ThreadPoolExecutor) -> None:
        try:
            self._write_results()
            self._take_events()
            claimed = self._claim(senders)
            self._erase()
        except DatabaseError as error:
            # What was claimed and not written ends by itself and is sent again.
            log.error("delivering_failed", error=type(error).__name__)
            connection.close()
            self._stopping.wait(TICK_SECONDS)
            return
        except Exception:  # a defect of ours must not end all deliveries
            log.exception("delivering_failed")
            self._stopping.wait(TICK_SECONDS)
            return
        # A turn that found work looks again as soon as a result is there.
        if not claimed or self._sending or self._mailing:
            self._wait(TICK_SECONDS if self._webhooks.left() else BUDGET_SECONDS)

    def _wait(self, seconds: float) -> None:
        """Until there is a result, but no longer than that."""
        deadline = time.monotonic() + seconds
        while not self._stopping.is_set():
            left = min(deadline - time.monotonic(), 0.1)
            if left <= 0:
                return
            try:
                self._unwritten.append(self._results.get(timeout=left))
            except queue.Empty:
                continue
            return

    def _write_results(self) -> None:
        while True:
            try:
                self._unwritten.append(self._results.get_nowait())
            except queue.Empty:
                break
        while self._unwritten:
            claim, answer = self._unwritten[0]
            try:
                results.write(claim, answer, now=timezone.now())
            except DatabaseError:
                raise  # it stays, and is written once the database is back
            except Exception:  # a defect of ours: the claim ends by itself
                log.exception("result_not_written", delivery_id=claim.id)
            self._unwritten.pop(0)
            if claim.channel == Channel.MAIL:
                self._mailing -= 1
            else:
                self._sending -= 1

    def _take_events(self) -> None:
        now = time.monotonic()
        if now >= self._chores_at:
            self._chores_at = now + CHORES_SECONDS
            sql.take_back_claims(max_attempts=MAX_ATTEMPTS, now=timezone.now())
            endpoints.renew_secrets()
            expire_all(now=timezone.now())  # whose events are for webhooks; readers see an expiry without it
        if now >= self._fan_out_at:
            taken = fan_out(now=timezone.now())
            self._fan_out_at = now + (0 if taken == MAX_EVENTS else TICK_SECONDS)

    def _erase(self) -> None:
        began = time.monotonic()
        if began < self._erase_at:
            return
        has_more = True
        while has_more and time.monotonic() - began < ERASING_SECONDS:
            try:
                has_more = erasing.run_step(now=timezone.now())
            except Exception as error:
                # A lock that was not free, or a defect of ours: neither deliveries nor other erasures wait for it.
                log.exception("erasing_failed", error=type(error).__name__)
                erasing.postpone(now=timezone.now())
                has_more = False
        self._erase_at = time.monotonic() + (0 if has_more else ERASE_SECONDS)

    def _claim(self, senders: ThreadPoolExecutor) -> int:
        now = timezone.now()
        idle = min(SENDERS - self._sending, self._webhooks.left())
        ids = sql.claim_webhooks(idle, now=now) if idle > 0 else []
        self._webhooks.spend(len(ids))
        for delivery in _in_order(ids):
            senders.submit(self._send_one, _claim_of(delivery), _request(delivery, now=now))
            self._sending += 1
        return len(ids) + self._claim_mails(senders, now=now)

    def _claim_mails(self, senders: ThreadPoolExecutor, *, now: datetime) -> int:
        if self._mailing or not self._mails.left():
            return 0
        # Each of them may take as long as a connection that hangs.
        ids = sql.claim_mails(min(MAILS_AT_ONCE, self._mails.left()), until=now + MAILS_AT_ONCE * sql.CLAIM, now=now)
        self._mails.spend(len(ids))
        claims, ready = {}, []
        for delivery in _in_order(ids):
            claims[delivery.pk] = _claim_of(delivery)
            made = _make_mail(delivery)
            self._mailing += 1
            if isinstance(made, Answer):
                self._results.put((claims[delivery.pk], made))
            else:
                ready.append((delivery.pk, made))
        if ready:
            senders.submit(self._send_mails, claims, ready)
        return len(ids)

    def _send_one(self, claim: Claim, request: send.Request) -> None:
        answer = send.send(request, self.pool, now=timezone.now())
        self._results.put((claim, answer))

    def _send_mails(self, claims: dict[int, Claim], ready: list[tuple[int, mail.Mail]]) -> None:
        for id_, answer in mail.send_all(ready):
            self._results.put((claims[id_], answer))

    def _finish(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        while (self._sending or self._mailing) and (left := deadline - time.monotonic()) > 0:
            try:
                self._unwritten.append(self._results.get(timeout=left))
                self._write_results()
            except (queue.Empty, DatabaseError):
                break


def _in_order(ids: Iterable[int]) -> list[Delivery]:
    return (
        list(Delivery.objects.filter(pk__in=list(ids)).select_related("endpoint", "user").order_by("pk")) if ids else []
    )


def _claim_of(delivery: Delivery) -> Claim:
    return Claim(delivery.pk, delivery.channel, delivery.attempts, delivery.endpoint_id, delivery.user_id)


def _make_mail(delivery: Delivery) -> mail.Mail | Answer:
    try:
        return mail.make(delivery)
    except DatabaseError:
        raise
    except Exception as error:  # a defect of ours must not stop the other emails
        log.exception("mail_not_made", delivery_id=delivery.pk)
        return Answer(error=type(error).__name__)


def _request(delivery: Delivery, *, now: datetime) -> send.Request:
    endpoint = delivery.endpoint
    assert endpoint is not None  # noqa: S101 — a constraint of the table
    return send.Request(
        url=endpoint.url,
        secrets=endpoints.secrets_of(endpoint, now=now),
        event_id=delivery.event_id,
        body=delivery.body,
    )
