"""The admin's login: the same tries and the same threads as the API's."""

import threading

import pytest
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher
from django.test import Client
from django.urls import reverse

from parental.accounts import passwords
from parental.models import User
from tests.families import make_user
from tests.parental.cast import PASSWORD
from tests.parental.queues import full

pytestmark = pytest.mark.usefixtures("quick_hashes")

TOO_MANY = b"Too many attempts. Try again later."
WRONG = b"Please enter the correct"


@pytest.fixture
def staff(server):
    return make_user(password=PASSWORD, is_staff=True, is_superuser=True)


def log_in(email, password=PASSWORD, client=None):
    form = {"username": email, "password": password, "next": reverse("admin:index")}
    return (client or Client()).post(reverse("admin:login"), form)


def test_staff_log_in(staff):
    client = Client()

    answer = log_in(staff.email, client=client)

    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("admin:index"))
    assert client.get(reverse("admin:index")).status_code == 200
    assert User.objects.get(pk=staff.pk).last_login is not None


def test_it_works_over_http_too(http, staff):
    url = reverse("admin:login")
    token = http.get(url).cookies["csrftoken"]
    form = {"username": f" {staff.email.upper()}", "password": PASSWORD, "next": reverse("admin:index")}

    answer = http.post(url, data={**form, "csrfmiddlewaretoken": token})

    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("admin:index"))
    assert http.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize("who", ["wrong password", "unknown", "parent", "inactive"])
def test_all_others_get_the_same_answer(staff, who):
    email, password = staff.email, PASSWORD
    if who == "wrong password":
        password = "wrong"
    elif who == "unknown":
        email = f"un{email}"
    elif who == "parent":
        email = make_user(password=PASSWORD).email
    else:
        User.objects.filter(pk=staff.pk).update(is_active=False)

    answer = log_in(email, password)

    assert answer.status_code == 200
    assert WRONG in answer.content


def test_the_eleventh_try_is_not_compared_even_when_right(staff, compared):
    for _ in range(10):
        assert WRONG in log_in(staff.email, "wrong").content

    answer = log_in(staff.email)

    assert TOO_MANY in answer.content
    assert len(compared) == 10


def test_tries_here_and_of_the_api_are_the_same(http, staff):
    for _ in range(5):
        log_in(staff.email, "wrong")
        http.post("/api/v1/auth/login", json={"email": staff.email, "password": "wrong"})

    assert TOO_MANY in log_in(staff.email).content
    body = {"email": staff.email, "password": PASSWORD}
    assert http.post("/api/v1/auth/login", json=body).status_code == 429


def test_a_right_one_gives_ten_new_tries(staff):
    for _ in range(9):
        log_in(staff.email, "wrong")
    assert log_in(staff.email).status_code == 302

    for _ in range(10):
        assert WRONG in log_in(staff.email, "wrong").content


def test_hashes_run_in_the_bounded_threads(http, staff, monkeypatch):
    threads = []
    verify = BCryptSHA256PasswordHasher.verify

    def noting(self, password, encoded):
        threads.append(threading.current_thread().name)
        return verify(self, password, encoded)

    monkeypatch.setattr(BCryptSHA256PasswordHasher, "verify", noting)

    log_in(staff.email)
    log_in(f"un{staff.email}")

    assert threads == ["passwords"]


def test_a_full_queue_is_reported_and_uses_up_no_attempt(staff):
    with full(passwords.executor):
        answer = log_in(staff.email)

    assert b"Too many password checks are waiting. Try again." in answer.content
    assert log_in(staff.email).status_code == 302


def test_a_login_racing_with_a_password_change_gets_no_session(staff, monkeypatch):
    check = passwords.check

    async def changed_meanwhile(**given):
        proven = await check(**given)
        await User.objects.filter(pk=staff.pk).aupdate(password="!changed")
        return proven

    monkeypatch.setattr(passwords, "check", changed_meanwhile)

    assert WRONG in log_in(staff.email).content


@pytest.mark.parametrize("form", [{}, {"username": "x@example.com"}, {"username": "\0", "password": "\0"}])
def test_missing_fields_are_named(staff, form, compared):
    assert Client().post(reverse("admin:login"), form).status_code == 200
    assert not compared


def test_ones_own_password_is_changed_where_parents_change_theirs(staff):
    client = Client()
    client.force_login(staff)

    for answer in (client.get("/admin/password_change/"), client.post("/admin/password_change/", {})):
        assert (answer.status_code, answer.headers["Location"]) == (302, "/password")
    assert client.get("/password").status_code == 200
    assert "/admin/password_change/" in client.get("/admin/").content.decode()
