"""API tokens: a parent's own automations read, and do nothing else."""

import re
import time
import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from parental.automations import api_tokens, callers
from parental.models import ApiToken
from tests.families import make_child, make_user
from tests.http import any_worker, status_and_body
from tests.parental.cast import bearer
from tests.races import in_parallel, until
from viewing.errors import Refusal

NO_TOKEN = (401, {"detail": "Invalid or missing token", "code": "unauthenticated"})
NO_SCOPE = (403, {"detail": "This token cannot do this", "code": "scope"})
PARENTAL = "/api/v1/parental-controls"


def make(user):
    return api_tokens.make(user.pk, name="Kitchen display", now=timezone.now())


@pytest.fixture
def child(server):
    return make_child()


@pytest.fixture
def headers(child):
    return bearer(make(child.profile.user).token)


def test_it_reads(http, child, headers):
    id_ = child.profile.id
    paths = [
        "/api/v1/auth/profiles",
        "/api/v1/catalog/titles",
        f"/api/v1/viewing-time/balance/{id_}",
        f"/api/v1/viewing-time/playback-eligible/{id_}",
        f"{PARENTAL}/profiles/{id_}/viewing-time",
        f"{PARENTAL}/profiles/{id_}/history",
        f"{PARENTAL}/weekly-report",
    ]

    assert [http.get(path, headers=headers).status_code for path in paths] == [200] * len(paths)


def test_not_of_another_account(http, headers):
    other = make_child().profile.id

    for path in (f"/api/v1/viewing-time/balance/{other}", f"{PARENTAL}/profiles/{other}/viewing-time"):
        assert http.get(path, headers=headers).status_code == 403


def test_it_does_nothing_else(http, child, headers):
    schema = http.get("/api/v1/openapi.json").json()
    refused = set()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if method != "get" and operation.get("security"):
                filled = re.sub(r"{[^}]+}", str(child.profile.id), path)
                body = child.body() if path.endswith("/heartbeat") else {}
                answer = http.request(method, filled, headers=headers, json=body if method in ("post", "put") else None)
                assert answer.status_code == 403, path
                refused.add(path)
                callers._allowances.clear()

    assert len(refused) > 10
    assert child.has_written_nothing()
    for path in ("/api/v1/auth/me", "/api/v1/auth/logins", f"{PARENTAL}/pin/status"):
        assert status_and_body(http.get(path, headers=headers)) == NO_SCOPE
    for path in ("/api/v1/admin/metrics", "/api/v1/platform/accounts/a"):
        assert http.get(path, headers=headers).status_code == 403


def test_60_calls_a_minute(http, headers, monkeypatch):
    began, later = time.monotonic(), [0.0]
    monkeypatch.setattr(callers, "time", SimpleNamespace(monotonic=lambda: began + later[0]))

    statuses = [http.get("/api/v1/auth/profiles", headers=headers).status_code for _ in range(61)]
    later[0] = 1
    again = [http.get("/api/v1/auth/profiles", headers=headers) for _ in range(2)]

    assert statuses == [200] * 60 + [429]
    assert [answer.status_code for answer in again] == [200, 429]
    assert (again[1].json()["code"], again[1].headers["Retry-After"]) == ("rate_limited", "1")


@pytest.mark.parametrize("fields", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now()}])
def test_a_revoked_or_expired_token_is_401(http, child, fields):
    made = make(child.profile.user)
    ApiToken.objects.filter(pk=made.token_id).update(**fields)

    assert status_and_body(http.get("/api/v1/auth/profiles", headers=bearer(made.token))) == NO_TOKEN


def test_a_deactivated_accounts_is_401(http):
    made = make(make_user(is_active=False))

    assert status_and_body(http.get("/api/v1/auth/profiles", headers=bearer(made.token))) == NO_TOKEN


def test_it_stops_within_a_second_in_every_process(three_workers, child):
    made = make(child.profile.user)
    with any_worker(three_workers.url) as http:

        def statuses():
            return three_workers.ask_each(
                lambda: http.get("/api/v1/auth/profiles", headers=bearer(made.token)).status_code
            )

        assert statuses() == [200] * 3

        api_tokens.revoke(child.profile.user_id, made.token_id, now=timezone.now())

        until(lambda: statuses() == [401] * 3)


def test_an_account_has_at_most_ten_however_many_are_made_together(committed):
    user = make_user()

    def make_one(_n):
        try:
            return make(user).token_id
        except Refusal as refusal:
            return refusal.code

    made = in_parallel(15, make_one)

    assert made.count("too_many") == 5
    assert api_tokens.living(user.pk, now=timezone.now() + timedelta(days=1)).count() == 10


class TestPage:
    def test_a_token_is_made_shown_once_and_revoked(self, http, browse, child):
        visitor = browse(child.profile.user)
        visitor.get("/automations")

        page = visitor.post("/automations", name="Kitchen display")

        (token,) = re.findall(r'value="(sgt_[\w-]{43})"', page.text)
        assert "no-store" in page.headers["Cache-Control"]
        assert http.get("/api/v1/auth/profiles", headers=bearer(token)).status_code == 200
        later = visitor.get("/automations").text
        assert token not in later
        assert "Kitchen display" in later
        row = ApiToken.objects.get(user=child.profile.user)
        assert token.encode() not in bytes(row.token_hash)
        assert visitor.post(f"/automations/{row.pk}/revoke").status_code == 302
        assert http.get("/api/v1/auth/profiles", headers=bearer(token)).status_code == 401
        assert "Kitchen display" not in visitor.get("/automations").text

    def test_another_accounts_token_is_not_there(self, browse, child):
        made = make(make_user())
        visitor = browse(child.profile.user)
        visitor.get("/automations")

        for token_id in (made.token_id, uuid.uuid4()):
            assert visitor.post(f"/automations/{token_id}/revoke").status_code == 404
        assert ApiToken.objects.get(pk=made.token_id).revoked_at is None

    def test_the_eleventh_is_refused_with_a_sentence(self, browse, child):
        for _ in range(10):
            make(child.profile.user)
        visitor = browse(child.profile.user)
        visitor.get("/automations")

        assert "Revoke one first" in visitor.post("/automations", name="One more").text
