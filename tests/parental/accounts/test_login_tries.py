"""The limit on tries of a password: ten in five minutes for an address, whether or not it has an account."""

import collections
import uuid

import httpx
import pytest

from parental.accounts import passwords
from parental.accounts.askers import for_strangers
from parental.models import LimiterCount
from tests.families import make_user
from tests.parental.cast import PASSWORD
from tests.parental.queues import full
from tests.races import in_parallel

pytestmark = pytest.mark.usefixtures("quick_hashes")

URL = "/api/v1/auth/login"


@pytest.fixture
def email(server):
    return make_user(password=PASSWORD).email


def try_password(http, email, password="wrong"):
    return http.post(URL, json={"email": email, "password": password})


def use_up_tries(http, email):
    for _ in range(10):
        assert try_password(http, email).status_code == 401


def tries_of(email):
    """Of the five minutes."""
    return LimiterCount.objects.filter(pk=for_strangers(email)[0].key)


def test_the_eleventh_is_refused_even_when_right(http, email, clock, compared):
    use_up_tries(http, email)
    clock.forward(seconds=100.5)

    refused = try_password(http, email, PASSWORD)

    assert (refused.status_code, refused.json()) == (
        429,
        {"detail": "Too many attempts. Try again later.", "code": "too_many_tries"},
    )
    assert refused.headers["Retry-After"] == "200"
    assert len(compared) == 10


def test_the_window_ends_five_minutes_after_the_first_try(http, email, clock):
    use_up_tries(http, email)
    clock.forward(minutes=5)

    assert try_password(http, email, PASSWORD).status_code == 200


def test_refused_tries_do_not_extend_the_window(http, email, clock):
    use_up_tries(http, email)
    clock.forward(minutes=4, seconds=59)
    assert try_password(http, email).headers["Retry-After"] == "1"
    clock.forward(seconds=1)

    assert try_password(http, email).status_code == 401
    assert tries_of(email).get().count == 1


def test_a_right_one_gives_ten_new_tries(http, email):
    for _ in range(9):
        try_password(http, email)
    assert try_password(http, email, PASSWORD).status_code == 200

    assert not tries_of(email).exists()
    use_up_tries(http, email)
    assert try_password(http, email).status_code == 429


def test_an_unknown_address_is_limited_alike(http):
    email = f"{uuid.uuid4()}@example.com"
    use_up_tries(http, email)

    assert try_password(http, email).status_code == 429


def test_another_spelling_is_the_same_address(http, email):
    use_up_tries(http, email.upper())

    assert try_password(http, f" {email}").status_code == 429


def test_other_addresses_are_not_concerned(http, email):
    use_up_tries(http, email)

    assert try_password(http, make_user(password=PASSWORD).email, PASSWORD).status_code == 200


def test_ten_of_50_parallel_wrong_passwords_are_compared(server, email, compared):
    body = {"email": email, "password": "wrong"}

    answers = in_parallel(50, lambda n: httpx.post(server + URL, json=body, timeout=30))
    with httpx.Client(base_url=server) as client:
        while (last := try_password(client, email)).status_code == 401:
            pass

    assert len(compared) == 10
    assert last.json()["detail"] == "Too many attempts. Try again later."
    assert set(collections.Counter(answer.status_code for answer in answers)) <= {401, 429}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status_code == 429)


def test_a_full_queue_uses_up_no_try(http, email):
    with full(passwords.executor):
        refused = try_password(http, email)

    sentence = "Too many password checks are waiting. Try again."
    assert (refused.status_code, refused.json()) == (429, {"detail": sentence, "code": "rate_limited"})
    assert refused.headers["Retry-After"] == "1"
    assert not tries_of(email).exists()
