"""Opening an account."""

import uuid

import pytest

from parental.models import User
from tests.families import make_user
from tests.parental.cast import PASSWORD
from tests.parental.pages.visitors import text_after, text_of

pytestmark = pytest.mark.usefixtures("quick_hashes")


def address():
    return f"{uuid.uuid4()}@example.com"


def register(visitor, email, password=PASSWORD):
    return visitor.post("/register", email=email, password=password)


def test_opens_an_account_and_logs_in(browse, http):
    visitor, email = browse(), address()

    said = text_after(visitor, register(visitor, email))

    assert "Add your first child" in said
    assert http.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD}).status_code == 200


def test_keeps_the_address_in_lower_case(browse):
    email = address()

    register(browse(), email.upper())

    assert User.objects.filter(email=email).exists()


def test_a_taken_address_is_named_and_nothing_changes(browse, server):
    user = make_user(password=PASSWORD)
    visitor = browse()

    answer = register(visitor, user.email, "another password")

    assert "An account with this email address already exists" in text_of(answer)
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    assert visitor.get("/").status_code == 302


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("nobody", PASSWORD, "email"),
        ("", PASSWORD, "email"),
        (None, "short", "password"),
        (None, "", "password"),
        (None, "p" * 129, "password"),
        (None, "password", "password"),
        (None, " " * 8, "password"),
        ("mia.miller@example.com", "miamiller", "password"),
        (None, "with a \0 in it", "password"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(browse, email, password, field):
    email = address() if email is None else email

    answer = register(browse(), email, password)

    assert answer.status_code == 200
    assert f'id="id_{field}_error"' in answer.text
    assert not User.objects.filter(email=email).exists()


def test_without_a_csrf_token_nothing_happens(browse):
    email = address()

    assert browse().post_without_csrf("/register", email=email, password=PASSWORD).status_code == 403
    assert not User.objects.filter(email=email).exists()
