"""Many guessing clients keep no family out: logins and PIN checks while others try again and again."""

import threading
import time
import uuid
from contextlib import contextmanager

import httpx
import pytest

from parental.accounts import passwords
from parental.accounts.bounded_thread import MAX_PLACES_EACH
from parental.pins import guards, pins
from tests.parental.cast import PASSWORD
from tests.parental.pin_cast import PIN, URL, parent_with_pin, verify
from tests.races import until

pytestmark = pytest.mark.usefixtures("quick_hashes", "no_waiting")

# Of a comparison: enough that others come while one runs.
SECONDS = 0.1


@pytest.fixture
def compared(monkeypatch):
    """What was compared, in order; each comparison takes a while."""
    seen = []
    for module in (passwords, guards):
        compare = module.check_password

        def slowly(given, encoded, compare=compare):
            time.sleep(SECONDS)
            seen.append(given)
            return compare(given, encoded)

        monkeypatch.setattr(module, "check_password", slowly)
    return seen


@contextmanager
def crowd(count, post):
    """So many clients that post again and again for as long as the block runs."""
    over = threading.Event()

    def client(n):
        with httpx.Client(timeout=300) as http:
            while not over.is_set():
                post(http, n)

    threads = [threading.Thread(target=client, args=[n]) for n in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def log_in(http, url, email, password):
    body = {"email": email, "password": password}
    return http.post(f"{url}/api/v1/auth/login", json=body).status_code


@pytest.mark.slow
def test_the_owner_logs_in_every_time_beside_twelve_who_guess(server, compared, http):
    owner = parent_with_pin(password=PASSWORD).user

    def guess(client, _n):
        log_in(client, server, f"{uuid.uuid4()}@example.com", "a guess at it")

    with crowd(12, guess):
        until(lambda: passwords.executor.waiting() >= 8)
        assert [log_in(http, server, owner.email, PASSWORD) for _ in range(5)] == [200] * 5
        until(lambda: passwords.executor.waiting() >= 8)  # they still do


@pytest.mark.slow
def test_three_busy_families_do_not_hold_up_a_fourth(server, compared, http, monkeypatch):
    families = [parent_with_pin() for _ in range(3)]
    parent = parent_with_pin("8024")

    def check(client, n):
        client.post(f"{server}{URL}/verify", json={"pin": PIN}, headers=families[n % 3].headers)

    queued_at, submit = [], pins.executor.submit

    def noting(*call, client):
        if client.source == parent.user.id:
            queued_at.append(len(compared))
        return submit(*call, client=client)

    monkeypatch.setattr(pins.executor, "submit", noting)
    with crowd(3 * MAX_PLACES_EACH, check):
        until(lambda: pins.executor.waiting() >= 8)
        for _ in range(3):
            assert verify(http, parent, "8024").status_code == 200
            # At most the one that ran, and one of each family.
            assert compared[queued_at[-1] :].index("8024") <= 4
