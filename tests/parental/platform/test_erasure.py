"""DELETE of an account or a profile by the platform: what stops immediately, and how it comes back within the grace."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from parental.models import Erasure, User
from tests.families import make_gateway, make_service, make_title, make_user
from tests.http import status_and_body
from tests.parental.cast import bearer, log_in
from tests.parental.deliver.platform import clear, deliverer
from tests.parental.deliver.platform import platform as make_platform
from tests.parental.privacy.erased import erase_what_is_due
from tests.races import until
from viewing.models import Profile

API = "/api/v1"
ACCOUNTS = f"{API}/platform/accounts"
NO_TOKEN = (401, {"detail": "Invalid or missing token", "code": "unauthenticated"})
ERASING = (409, {"detail": "Being erased", "code": "erasing"})
NO_ACCOUNT = (404, {"detail": "Account not found", "code": "not_found"})
NO_PROFILE = (404, {"detail": "Profile not found", "code": "not_found"})
MIA = {"external_id": "mia", "name": "Mia", "is_kids": True}
LEO = {"external_id": "leo", "name": "Leo", "is_kids": True}


class Account:
    """An account of the platform with two children, each with a device, and its parent in an app and on the pages."""

    def __init__(self, http, browse):
        self.http, self.service, self.key = http, make_service(), f"acct:{uuid.uuid4()}"
        body = self.put(profiles=[MIA, LEO]).json()
        self.mia, self.leo = (one["id"] for one in body["profiles"])
        self.user = User.objects.get(external_id=self.key)
        self.parent, self.page = log_in(self.user), browse(self.user)
        self.token = self.call("POST", "/profiles/mia/player-token", json={"device_name": "TV"}).json()["player_token"]
        self.title = make_title()

    def call(self, method, path="", **options):
        return self.http.request(method, f"{ACCOUNTS}/{self.key}{path}", headers=self.service.headers, **options)

    def put(self, **body):
        return self.service.put_account(self.http, self.key, **body)

    def beat(self, token=None):
        body = {"profile_id": self.mia, "title_id": str(self.title.pk), "device_id": "tv", "device_type": "tv"}
        return self.http.post(f"{API}/viewing-time/heartbeat", json=body, headers=bearer(token or self.token))

    def beat_of_a_gateway(self, profile_id):
        body = {"profile_id": profile_id, "title_id": str(self.title.pk), "device_id": "tv", "device_type": "tv"}
        (result,) = make_gateway().results(self.http, [body])
        return result["status"]

    def balances(self):
        body = {"profiles": [self.mia, {"account": self.key, "profile": "mia"}]}
        answer = self.http.post(f"{API}/platform/balances", json=body, headers=self.service.headers)
        return [one.get("status", 200) for one in answer.json()["balances"]]

    def children(self):
        answer = self.http.get(f"{API}/auth/profiles", headers=self.parent.headers)
        return answer.status_code, [one["name"] for one in answer.json()] if answer.status_code == 200 else None


@pytest.fixture
def account(http, browse):
    Erasure.objects.all().delete()
    return Account(http, browse)


def test_an_account_is_closed_immediately(account):
    assert account.beat().status_code == 200
    assert account.page.get("/").status_code == 200

    answer = account.call("DELETE")

    assert answer.status_code == 202
    planned = datetime.fromisoformat(answer.json()["erase_at"])
    assert abs(planned - timezone.now() - timedelta(days=7)) < timedelta(minutes=1)
    assert status_and_body(account.beat()) == NO_TOKEN
    assert account.beat_of_a_gateway(account.mia) == 403
    assert account.balances() == [404, 404]
    assert account.children() == (401, None)
    assert account.page.get("/").status_code == 302
    assert status_and_body(account.call("GET")) == NO_ACCOUNT
    assert status_and_body(account.put(profiles=[MIA])) == ERASING
    assert status_and_body(account.call("POST", "/profiles/mia/player-token", json={"device_name": "TV"})) == NO_PROFILE
    assert account.call("DELETE").json() == answer.json()


def test_within_the_grace_it_can_be_restored(account):
    account.beat()
    account.call("DELETE")

    answer = account.call("POST", "/restore")

    assert answer.status_code == 200
    assert [one["external_id"] for one in answer.json()["profiles"]] == ["mia", "leo"]
    assert account.put(profiles=[MIA]).status_code == 200
    assert account.balances() == [200, 200]
    assert status_and_body(account.beat()) == NO_TOKEN
    new = account.call("POST", "/profiles/mia/player-token", json={"device_name": "TV"}).json()["player_token"]
    assert account.beat(new).json()["used_minutes"] == 1.0
    assert account.children() == (401, None)
    account.parent = log_in(User.objects.get(pk=account.user.pk))
    assert account.children() == (200, ["Mia", "Leo"])
    assert status_and_body(account.call("POST", "/restore")) == NO_ACCOUNT
    erase_what_is_due(timezone.now() + timedelta(days=30))
    assert account.call("GET").status_code == 200


def test_a_deactivated_account_is_restored_as_it_was(account):
    User.objects.filter(pk=account.user.pk).update(is_active=False)
    account.call("DELETE")

    account.call("POST", "/restore")

    assert User.objects.get(pk=account.user.pk).is_active is False


def test_once_it_has_begun_it_cannot_be_restored(account):
    account.call("DELETE")
    Erasure.objects.update(begun_at=timezone.now())

    assert status_and_body(account.call("POST", "/restore")) == ERASING


def test_after_the_grace_its_ids_are_free(account):
    account.call("DELETE")

    erase_what_is_due(timezone.now() + timedelta(days=7, minutes=1))

    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/restore")):
        assert status_and_body(account.call(method, path)) == NO_ACCOUNT
    again = account.put(profiles=[MIA])
    assert again.status_code == 201
    assert again.json()["account_id"] != str(account.user.pk)


def test_a_profile_is_hidden_immediately_and_its_sibling_stays(account):
    account.beat()

    answer = account.call("DELETE", "/profiles/mia")

    assert answer.status_code == 202
    assert status_and_body(account.beat()) == NO_TOKEN
    assert [account.beat_of_a_gateway(id_) for id_ in (account.mia, account.leo)] == [403, 200]
    assert account.balances() == [404, 404]
    assert account.children() == (200, ["Leo"])
    assert "Mia" not in account.page.get("/").text
    for path in ("history", "devices", "limits"):
        assert account.page.get(f"/children/{account.mia}/{path}").status_code == 404, path
    report = account.http.get(f"{API}/parental-controls/weekly-report", headers=account.parent.headers)
    assert account.mia not in report.text
    assert [one["external_id"] for one in account.call("GET").json()["profiles"]] == ["leo"]
    assert account.call("DELETE", "/profiles/mia").json() == answer.json()


def test_a_put_does_not_bring_a_hidden_profile_back(account):
    account.call("DELETE", "/profiles/mia")

    assert status_and_body(account.put(profiles=[{**LEO, "name": "Leonard"}, MIA])) == ERASING
    assert account.children() == (200, ["Leo"])
    assert account.put(profiles=[LEO]).status_code == 200


def test_a_profile_can_be_restored(account):
    account.beat()
    account.call("DELETE", "/profiles/mia")

    assert account.call("POST", "/profiles/mia/restore").status_code == 200

    assert account.children() == (200, ["Mia", "Leo"])
    assert account.beat_of_a_gateway(account.mia) == 200
    assert status_and_body(account.call("POST", "/profiles/mia/restore")) == NO_PROFILE


def test_restoring_the_account_brings_no_profile_back_that_was_to_be_erased_before(account):
    account.call("DELETE", "/profiles/mia")
    account.call("DELETE")

    refused = account.call("POST", "/profiles/mia/restore")
    assert status_and_body(refused) == (409, {"detail": "Restore the account first", "code": "erasing"})
    shown = account.call("POST", "/restore").json()["profiles"]

    assert [one["external_id"] for one in shown] == ["leo"]
    assert Profile.everyone.get(pk=account.mia).erase_at is not None


def test_without_a_grace_it_is_due_now(account, settings):
    settings.ERASE_GRACE_DAYS = 0
    account.call("DELETE", "/profiles/mia")

    erase_what_is_due()

    assert not Profile.everyone.filter(pk=account.mia).exists()


def test_accounts_of_staff_and_unknown_ones(http, account):
    staff = make_user(is_staff=True, external_id=f"acct:{uuid.uuid4()}")
    refused = http.delete(f"{ACCOUNTS}/{staff.external_id}", headers=account.service.headers)

    assert status_and_body(refused) == (403, {"detail": "Account access denied", "code": "access_denied"})
    assert status_and_body(account.call("DELETE", "/profiles/unknown")) == NO_PROFILE
    unknown = http.delete(f"{ACCOUNTS}/{uuid.uuid4()}", headers=account.service.headers)
    assert status_and_body(unknown) == NO_ACCOUNT


@pytest.mark.slow
def test_the_deliverer_erases_and_reports_it(account, tmp_path):
    """The receiver, in a process of its own, verifies the report with the library of Standard Webhooks."""
    clear()
    with make_platform(tmp_path) as receiver:
        receiver.endpoint("erased", types=("child.erased", "account.erased"))
        account.call("DELETE", "/profiles/mia")
        Erasure.objects.update(erase_at=timezone.now() - timedelta(days=1))
        with deliverer(tmp_path / "log"):
            until(lambda: receiver.received("erased"))
        (received,) = receiver.received("erased")
    clear()

    assert received["verified"]
    assert account.mia in received["body"]
    assert not Profile.everyone.filter(pk=account.mia).exists()
