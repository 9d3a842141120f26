"""POST /auth/register."""

import collections
import uuid

import pytest
from django.contrib.auth.hashers import check_password

from parental.models import RefreshToken, TokenFamily, User
from tests.families import make_user
from tests.parental.cast import PASSWORD, bearer, fields_of
from tests.races import in_parallel

pytestmark = pytest.mark.usefixtures("quick_hashes")

URL = "/api/v1/auth/register"


def address() -> str:
    return f"{uuid.uuid4()}@example.com"


def register(http, **changes):
    return http.post(URL, json={"email": address(), "password": PASSWORD, **changes})


def test_opens_an_account_and_logs_in(http):
    email = address()

    answer = register(http, email=email)

    assert answer.status_code == 201
    assert set(answer.json()) == {"access_token", "refresh_token", "device_token", "token_type"}
    assert answer.json()["token_type"] == "bearer"
    user = User.objects.get(email=email)
    me = http.get("/api/v1/auth/me", headers=bearer(answer.json()["access_token"]))
    assert me.json() == {"id": str(user.id), "email": email, "is_admin": False}


def test_the_password_is_hashed_and_tokens_are_stored_as_digests(http):
    email = address()

    pair = register(http, email=email).json()

    user = User.objects.get(email=email)
    assert user.password.startswith("bcrypt_sha256$")
    assert check_password(PASSWORD, user.password)
    stored = RefreshToken.objects.get(family__user=user)
    assert len(bytes(stored.token_hash)) == 32
    assert pair["refresh_token"].encode() not in bytes(stored.token_hash)
    assert (stored.expires_at - stored.created_at).days == 7


def test_the_address_is_one_in_any_case_and_spacing(http):
    email = address()
    register(http, email=f"  {email.upper()} ")

    assert User.objects.filter(email=email).exists()
    again = register(http, email=email.title())
    assert (again.status_code, again.json()) == (409, {"detail": "Email already registered", "code": "taken"})


def test_parallel_registers_of_an_address_open_one_account(server):
    import httpx

    email = address()
    body = {"email": email, "password": PASSWORD}

    answers = in_parallel(8, lambda n: httpx.post(server + URL, json=body, timeout=30))

    counts = collections.Counter(answer.status_code for answer in answers)
    assert counts == {201: 1, 409: 7}
    assert {answer.json()["detail"] for answer in answers if answer.status_code == 409} == {"Email already registered"}
    assert User.objects.filter(email=email).count() == 1
    assert TokenFamily.objects.filter(user__email=email).count() == 1


@pytest.mark.parametrize("length", [8, 72, 73, 128])
def test_passwords_of_8_to_128_characters_work(http, length):
    email, password = address(), "ü" * length

    assert register(http, email=email, password=password).status_code == 201
    assert http.post("/api/v1/auth/login", json={"email": email, "password": password}).status_code == 200
    shorter = http.post("/api/v1/auth/login", json={"email": email, "password": password[:-1]})
    assert shorter.status_code == 401


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("password", "1234567", "string_too_short"),
        ("password", "x" * 129, "string_too_long"),
        ("password", 12345678, "string_type"),
        ("password", None, "string_type"),
        ("password", "1234567\0", "nul_character"),
        ("email", "", "email"),
        ("email", "nobody", "email"),
        ("email", "a@b", "email"),
        ("email", "two@at@example.com", "email"),
        ("email", "a\0@example.com", "nul_character"),
        ("email", "x" * 243 + "@example.com", "string_too_long"),
        ("email", 7, "string_type"),
        ("email", None, "string_type"),
    ],
)
def test_bad_fields_are_named(http, field, value, kind):
    assert fields_of(register(http, **{field: value})) == [(["body", field], kind)]


def test_a_lone_surrogate_is_a_bad_field(http):
    answer = http.post(URL, content=b'{"email": "a@example.com", "password": "12345678\\ud800"}')

    assert fields_of(answer) == [(["body", "password"], "string_unicode")]


def test_the_longest_address_fits(http):
    email = f"{uuid.uuid4()}@{'x' * 60}.{'y' * 60}.{'z' * 60}.example.com"
    email = email.replace("@", "x" * (254 - len(email)) + "@")

    assert len(email) == 254
    assert register(http, email=email).status_code == 201
    assert User.objects.filter(email=email).exists()


def test_missing_fields_are_named(http):
    assert fields_of(http.post(URL, json={})) == [(["body", "email"], "missing"), (["body", "password"], "missing")]


def test_broken_json(http):
    answer = http.post(URL, content=b'{"email": ')

    assert (answer.status_code, answer.json()) == (400, {"detail": "Cannot parse request body", "code": "broken_body"})


def test_an_answer_never_repeats_the_password(http):
    assert "hunter2" not in register(http, password="hunter2").text


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("password", "This password is too common."),
        ("12345678", "This password is too common."),
        ("PASSWORD1", "This password is too common."),
        (" " * 8, "A password can't be only spaces."),
        ("\N{IDEOGRAPHIC SPACE}" * 8, "A password can't be only spaces."),
        ("marmalade1", "The password is too similar to the email address."),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused(http, password, sentence):
    email = f"marmalade{uuid.uuid4().hex[:4]}@example.com"

    answer = register(http, email=email, password=password)

    assert (answer.status_code, answer.json()) == (422, {"detail": sentence, "code": "invalid"})
    assert not User.objects.filter(email=email).exists()


def test_a_common_password_of_before_keeps_working(http):
    user = make_user(password="password")

    body = {"email": user.email, "password": "password"}
    assert http.post("/api/v1/auth/login", json=body).status_code == 200
