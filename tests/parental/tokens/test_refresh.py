"""POST /auth/refresh: rotation, and what a reuse ends."""

import collections

import httpx
import pytest

from parental.models import RefreshToken, TokenFamily, User
from parental.tokens import families
from tests.parental.cast import bearer, fields_of, log_in, make_parent
from tests.races import in_parallel

URL = "/api/v1/auth/refresh"
REFUSED = (401, {"detail": "Invalid or expired refresh token", "code": "refresh_invalid"})


def refresh(http, token):
    return http.post(URL, json={"refresh_token": token})


def me(http, token):
    return http.get("/api/v1/auth/me", headers=bearer(token))


@pytest.fixture
def parent(server):
    return make_parent()


def test_answers_a_new_pair(http, parent):
    answer = refresh(http, parent.refresh_token)

    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "refresh_token", "device_token", "token_type"}
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["refresh_token"] != parent.refresh_token
    assert me(http, answer.json()["access_token"]).status_code == 200


def test_the_older_access_token_stays_good(http, parent):
    refresh(http, parent.refresh_token)

    assert me(http, parent.access_token).status_code == 200


def test_a_chain_of_refreshes_is_one_login(http, parent):
    token = parent.refresh_token
    for _ in range(5):
        token = refresh(http, token).json()["refresh_token"]

    assert TokenFamily.objects.filter(user=parent.user).count() == 1
    assert RefreshToken.objects.filter(family__user=parent.user, spent_at=None).count() == 1


def test_a_reuse_ends_every_token_of_the_login_immediately(http, parent):
    grown = refresh(http, parent.refresh_token).json()
    assert me(http, grown["access_token"]).status_code == 200

    reuse = refresh(http, parent.refresh_token)

    assert (reuse.status_code, reuse.json()) == REFUSED
    assert me(http, parent.access_token).status_code == 401
    assert me(http, grown["access_token"]).status_code == 401
    assert refresh(http, grown["refresh_token"]).status_code == 401


def test_a_reuse_leaves_other_logins_alone(http, parent):
    other = log_in(parent.user)
    refresh(http, parent.refresh_token)
    refresh(http, parent.refresh_token)

    assert me(http, other.access_token).status_code == 200
    assert refresh(http, other.refresh_token).status_code == 200


def test_one_of_parallel_refreshes_gets_tokens_and_the_login_ends(server, parent):
    body = {"refresh_token": parent.refresh_token}

    answers = in_parallel(10, lambda n: httpx.post(server + URL, json=body, timeout=30))

    assert collections.Counter(answer.status_code for answer in answers) == {200: 1, 401: 9}
    (pair,) = [answer.json() for answer in answers if answer.status_code == 200]
    with httpx.Client(base_url=server) as client:
        assert me(client, pair["access_token"]).status_code == 401
        assert refresh(client, pair["refresh_token"]).status_code == 401


def test_it_works_for_seven_days(http, parent, clock):
    clock.forward(days=7, seconds=-1)

    assert refresh(http, parent.refresh_token).status_code == 200


def test_an_expired_one(http, parent, clock):
    clock.forward(days=7, seconds=1)

    answer = refresh(http, parent.refresh_token)

    assert (answer.status_code, answer.json()) == REFUSED
    assert parent.login.ended_at is None


def test_a_late_reuse_still_ends_the_login(http, parent, clock):
    stolen = refresh(http, parent.refresh_token).json()["refresh_token"]
    clock.forward(days=5)
    stolen = refresh(http, stolen).json()["refresh_token"]
    clock.forward(days=5)

    refresh(http, parent.refresh_token)

    assert refresh(http, stolen).status_code == 401


def test_a_deactivated_account(http, parent):
    User.objects.filter(pk=parent.user.pk).update(is_active=False)

    answer = refresh(http, parent.refresh_token)

    assert (answer.status_code, answer.json()) == REFUSED


def test_an_ended_login(http, parent):
    families.end_token_families(parent.user)

    assert refresh(http, parent.refresh_token).status_code == 401


@pytest.mark.parametrize("token", ["", "nonsense", "sgr_nonsense", "sgr_\N{SNOWMAN}"])
def test_an_unknown_one(http, token):
    answer = refresh(http, token)

    assert (answer.status_code, answer.json()) == REFUSED


def test_an_access_token_is_no_refresh_token(http, parent):
    assert refresh(http, parent.access_token).status_code == 401


def test_an_expired_login_is_deleted_at_the_next_one(parent, clock):
    clock.forward(days=8, seconds=1)
    log_in(parent.user)

    assert parent.login.created_at == clock.now
    assert RefreshToken.objects.filter(family__user=parent.user).count() == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "missing"),
        ({"refresh_token": None}, "string_type"),
        ({"refresh_token": "x" * 501}, "string_too_long"),
        ({"refresh_token": "sgr_\0"}, "nul_character"),
    ],
)
def test_bad_fields_are_named(http, body, kind):
    assert fields_of(http.post(URL, json=body)) == [(["body", "refresh_token"], kind)]


def test_broken_json(http):
    answer = http.post(URL, content=b"refresh_token=x")

    assert (answer.status_code, answer.json()) == (400, {"detail": "Cannot parse request body", "code": "broken_body"})
