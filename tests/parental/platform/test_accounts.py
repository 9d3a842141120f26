"""Accounts and profiles as the platform brings them, by its own ids."""

import uuid

import pytest

from parental.models import AuditEntry, Pin, User
from tests.families import make_service, make_user
from tests.http import any_worker, status_and_body
from tests.parental.cast import bearer, fields_of, log_in, make_parent
from tests.parental.pages.visitors import text_of
from tests.races import in_parallel
from viewing.models import PlayerToken, Profile, ViewingTimeConfig

ACCOUNTS = "/api/v1/platform/accounts"
MIA = {"external_id": "mia", "name": "Mia", "is_kids": True}


@pytest.fixture
def service(server):
    return make_service("accounts")


@pytest.fixture
def key():
    """An external id that no other test has."""
    return f"acct:{uuid.uuid4()}"


def state_of(account_id):
    """Everything of the account that a put could change."""
    profiles = Profile.objects.filter(user=account_id).order_by("external_id")
    configs = ViewingTimeConfig.objects.filter(profile__user=account_id).order_by("profile__external_id")
    return [list(rows.values()) for rows in (User.objects.filter(pk=account_id), profiles, configs)]


def test_it_makes_an_account_with_its_profiles(http, service, key):
    adult = {"external_id": "Ann~!$&'()*+,;=:@", "name": "Ann", "avatar_url": "https://cdn.example/a.png"}
    address = f"{uuid.uuid4()}@example.com"

    response = service.put_account(
        http, key, email=address.upper(), timezone="Europe/Berlin", profiles=[{**MIA, "timezone": "Asia/Tokyo"}, adult]
    )

    assert response.status_code == 201
    body = response.json()
    user = User.objects.get(external_id=key)
    assert (str(user.pk), user.email, user.has_usable_password()) == (body["account_id"], address, False)
    assert [(one["external_id"], one["is_kids"]) for one in body["profiles"]] == [
        ("mia", True),
        (adult["external_id"], False),
    ]
    mia, ann = (Profile.objects.select_related("config").get(pk=one["id"]) for one in body["profiles"])
    assert (mia.name, mia.config.timezone, mia.config.weekday_limit_minutes) == ("Mia", "Asia/Tokyo", 120)
    assert (ann.avatar_url, ann.config.timezone) == (adult["avatar_url"], "Europe/Berlin")
    shown = http.get(f"{ACCOUNTS}/{key}", headers=service.headers)
    assert status_and_body(shown) == (200, {**body, "email": address})


def test_the_same_body_twice_changes_nothing(http, service, key):
    body = {"email": f"{uuid.uuid4()}@example.com", "profiles": [MIA]}
    first = service.put_account(http, key, **body).json()
    before = state_of(first["account_id"])

    assert status_and_body(service.put_account(http, key, **body)) == (200, first)

    assert state_of(first["account_id"]) == before
    assert [entry.kind for entry in AuditEntry.objects.filter(family=first["account_id"])] == ["registered"]


def test_named_profiles_are_made_or_renamed_and_others_stay(http, service, key):
    first = service.put_account(http, key, profiles=[MIA]).json()
    Profile.objects.create(user_id=first["account_id"], name="Made by the parent")

    response = service.put_account(http, key, profiles=[{**MIA, "external_id": "leo", "name": "Leo"}])
    renamed = service.put_account(http, key, profiles=[{"external_id": "mia", "name": "Mia Sofia"}])

    assert [one["external_id"] for one in response.json()["profiles"]] == ["mia", None, "leo"]
    assert renamed.json() == response.json()
    names = Profile.objects.filter(user=first["account_id"]).order_by("created_at").values_list("name", flat=True)
    assert list(names) == ["Mia Sofia", "Made by the parent", "Leo"]


def test_what_is_left_out_stays_and_null_removes(http, service, key):
    address, avatar = f"{uuid.uuid4()}@example.com", "https://cdn.example/a.png"
    service.put_account(http, key, email=address, profiles=[{**MIA, "avatar_url": avatar}])

    service.put_account(http, key, timezone="Asia/Tokyo", profiles=[MIA])
    user, profile = User.objects.get(external_id=key), Profile.objects.get(user__external_id=key)
    assert (user.email, profile.avatar_url, profile.config.timezone) == (address, avatar, "UTC")

    service.put_account(http, key, email=None, profiles=[{**MIA, "avatar_url": None}])
    user, profile = User.objects.get(external_id=key), Profile.objects.get(user__external_id=key)
    assert (user.email, profile.avatar_url) == (None, "")


def test_a_profile_stays_child_or_adult(http, service, key):
    first = service.put_account(http, key, profiles=[MIA]).json()
    before = state_of(first["account_id"])

    response = service.put_account(http, key, profiles=[{**MIA, "name": "Grown", "is_kids": False}])

    assert status_and_body(response) == (
        409,
        {"detail": "A profile cannot change between child and adult", "code": "kids_fixed"},
    )
    assert state_of(first["account_id"]) == before


def test_another_accounts_address_is_409(http, service, key):
    parent, other = make_parent(), f"{key}-2"
    taken = (409, {"detail": "Email already registered", "code": "taken"})

    assert status_and_body(service.put_account(http, key, email=parent.user.email)) == taken
    service.put_account(http, other)
    assert status_and_body(service.put_account(http, other, email=parent.user.email)) == taken

    assert not User.objects.filter(external_id=key).exists()
    assert User.objects.get(external_id=other).email is None


def test_an_account_of_staff_cannot_be_touched(http, service, key):
    staff = make_user(is_staff=True, external_id=key)

    assert service.put_account(http, key, email="mine@example.com").status_code == 403
    assert User.objects.get(pk=staff.pk).email == staff.email


def test_no_more_profiles_than_an_account_can_have(http, service, key):
    profiles = [{"external_id": f"p{n}", "name": f"P {n}"} for n in range(20)]
    service.put_account(http, key, profiles=profiles)

    response = service.put_account(http, key, profiles=[MIA])

    assert (response.status_code, response.json()["code"]) == (409, "too_many")
    assert Profile.objects.filter(user__external_id=key).count() == 20


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"email": "nobody"}, ["body", "email"]),
        ({"timezone": "Mars"}, ["body", "timezone"]),
        ({"profiles": [MIA] * 2}, ["body"]),
        ({"profiles": [{"external_id": f"p{n}", "name": "P"} for n in range(21)]}, ["body", "profiles"]),
        ({"profiles": [MIA, {**MIA, "external_id": "a b"}]}, ["body", "profiles", 1, "external_id"]),
        ({"profiles": [{**MIA, "external_id": "a/b"}]}, ["body", "profiles", 0, "external_id"]),
        ({"profiles": [{**MIA, "external_id": "é"}]}, ["body", "profiles", 0, "external_id"]),
        ({"profiles": [{**MIA, "external_id": "a\n"}]}, ["body", "profiles", 0, "external_id"]),
        ({"profiles": [{**MIA, "external_id": "x" * 256}]}, ["body", "profiles", 0, "external_id"]),
        ({"profiles": [{**MIA, "name": ""}]}, ["body", "profiles", 0, "name"]),
    ],
)
def test_a_wrong_body_names_its_place_and_writes_nothing(http, service, key, body, loc):
    response = service.put_account(http, key, **body)

    assert [field[0] for field in fields_of(response)] == [loc]
    assert not User.objects.filter(external_id=key).exists()


@pytest.mark.parametrize("wrong", ["a%20b", "%C3%A9", "x" * 256, "a%0A"])
def test_a_wrong_id_in_the_path_is_422(http, service, wrong):
    response = service.put_account(http, wrong)

    assert [field[0] for field in fields_of(response)] == [["path", "external_id"]]


def test_ids_are_case_sensitive(http, service, key):
    first, second = (service.put_account(http, one) for one in (key, key.upper()))

    assert (first.status_code, second.status_code) == (201, 201)


def test_an_unknown_account_is_404(http, service, key):
    response = http.get(f"{ACCOUNTS}/{key}", headers=service.headers)

    assert status_and_body(response) == (404, {"detail": "Account not found", "code": "not_found"})


def test_an_account_without_an_address_lives_like_any_other(http, browse, service, key):
    user = User.objects.get(pk=service.put_account(http, key, profiles=[MIA]).json()["account_id"])
    parent, visitor = log_in(user), browse(user)

    me = http.get("/api/v1/auth/me", headers=parent.headers).json()
    pages = [visitor.get(path) for path in ("/", "/password", "/pin", "/audit")]

    assert me == {"id": str(user.pk), "email": None, "is_admin": False}
    assert [page.status_code for page in pages] == [200] * 4
    assert "None" not in text_of(pages[0])
    assert "Account created by the platform" in text_of(pages[3])
    for path, body in [("pin/reset", {"password": "whatever", "new_pin": "4711"})]:
        answer = http.post(f"/api/v1/parental-controls/{path}", json=body, headers=parent.headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "password_wrong")


class TestPlayerTokens:
    def issue(self, http, service, account, profile="mia", **body):
        path = f"{ACCOUNTS}/{account}/profiles/{profile}/player-token"
        return http.post(path, json={"device_name": "Living room", **body}, headers=service.headers)

    def test_it_plays_and_needs_no_pin(self, http, service, key):
        account = service.put_account(http, key, profiles=[MIA]).json()
        Pin.objects.create(user_id=account["account_id"], pin_hash="!")

        response = self.issue(http, service, key)

        assert response.status_code == 201
        assert set(response.json()) == {"player_token", "token_id", "expires_at"}
        balance = http.get(
            f"/api/v1/viewing-time/balance/{account['profiles'][0]['id']}",
            headers=bearer(response.json()["player_token"]),
        )
        assert balance.status_code == 200
        (entry,) = AuditEntry.objects.filter(family=account["account_id"], kind="device_paired")
        assert (entry.actor_kind, entry.actor_label) == ("platform", "Living room")

    def test_of_an_unknown_profile_is_404(self, http, service, key):
        other = f"{key}-2"
        service.put_account(http, key, profiles=[MIA])
        service.put_account(http, other)

        for account, profile in [(key, "leo"), (other, "mia"), ("nobody", "mia")]:
            response = self.issue(http, service, account, profile)
            assert status_and_body(response) == (404, {"detail": "Profile not found", "code": "not_found"})
        assert not PlayerToken.objects.filter(profile__user__external_id__in=[key, other]).exists()

    def test_the_name_has_its_bounds(self, http, service, key):
        service.put_account(http, key, profiles=[MIA])

        assert self.issue(http, service, key, device_name="").status_code == 422


def test_ten_at_once_make_one_account(three_workers, key):
    service, body = make_service("accounts"), {"email": f"{uuid.uuid4()}@example.com", "profiles": [MIA]}
    with any_worker(three_workers.url) as http:
        answers = in_parallel(10, lambda _n: service.put_account(http, key, **body))

    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert User.objects.filter(external_id=key).count() == 1
    assert Profile.objects.filter(user__external_id=key).count() == 1


def test_ten_at_once_with_one_address_give_it_to_one(three_workers, key):
    service, address = make_service("accounts"), f"{uuid.uuid4()}@example.com"
    with any_worker(three_workers.url) as http:
        answers = in_parallel(10, lambda n: service.put_account(http, f"{key}-{n}", email=address).status_code)

    assert sorted(answers) == [201] + [409] * 9
    assert User.objects.filter(external_id__startswith=key).count() == 1
