"""Every event of docs/operations.md, "Events": made to happen, and found in the log, in the count and in the audit."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.urls import reverse

from parental.accounts import passwords
from parental.events.catalogue import EVENTS
from parental.events.record import SYSTEM
from parental.models import AuditEntry, User
from parental.pages.reports import audit_events
from perfmetrics.counting import metrics
from tests.families import make_user
from tests.parental.cast import PASSWORD, log_in, make_parent
from tests.parental.homes import make_home
from tests.parental.pages.visitors import Visitor, text_of
from tests.parental.pin_cast import WRONG, lock, parent_with_pin, reset, set_pin, verify

pytestmark = pytest.mark.usefixtures("quick_hashes", "no_waiting")

DOCS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
NEW = "another good password"
API = "/api/v1/auth"


@dataclass
class Scene:
    """What a scenario works with. It returns the account, and values that the line must have."""

    http: httpx.Client
    browse: Callable[..., Visitor]

    def staff(self) -> Any:
        client = Client()
        client.user = make_user(is_staff=True, is_superuser=True)
        client.force_login(client.user)
        return client

    def act(self, model: str, action: str, row: Any) -> Any:
        staff = self.staff()
        staff.post(reverse(f"admin:{model}_changelist"), {"action": action, "_selected_action": [str(row)]})
        return staff.user


def registered(scene):
    email = f"{uuid.uuid4()}@example.com"
    assert scene.http.post(f"{API}/register", json={"email": email, "password": PASSWORD}).status_code == 201
    return User.objects.get(email=email), {"by": "parent", "via": "api"}


def registered_on_the_page(scene):
    email = f"{uuid.uuid4()}@example.com"
    assert scene.browse().post("/register", email=email, password=PASSWORD).status_code == 302
    return User.objects.get(email=email), {"by": "parent", "via": "page"}


def login(scene):
    user = make_user(password=PASSWORD)
    assert scene.http.post(f"{API}/login", json={"email": user.email, "password": PASSWORD}).status_code == 200
    return user, {"by": "parent", "via": "api"}


def login_on_the_page(scene):
    user = make_user(password=PASSWORD)
    assert scene.browse().post("/login", email=user.email, password=PASSWORD).status_code == 302
    return user, {"by": "parent", "via": "page"}


def login_in_the_admin(scene):
    user = make_user(password=PASSWORD, is_staff=True)
    form = {"username": user.email, "password": PASSWORD, "next": "/admin/"}
    assert scene.browse().post("/admin/login/", **form).status_code == 302
    return user, {"by": "parent", "via": "admin"}


def login_failed(scene):
    user = make_user(password=PASSWORD)
    assert scene.http.post(f"{API}/login", json={"email": user.email, "password": NEW}).status_code == 401
    return user, {"by": "stranger", "via": "api"}


def login_failed_on_the_page(scene):
    user = make_user(password=PASSWORD)
    assert scene.browse().post("/login", email=user.email, password=NEW).status_code == 200
    return user, {"by": "stranger", "via": "page"}


def login_failed_in_the_admin(scene):
    user = make_user(password=PASSWORD, is_staff=True)
    assert scene.browse().post("/admin/login/", username=user.email, password=NEW).status_code == 200
    return user, {"by": "stranger", "via": "admin"}


def login_failed_without_an_account(scene):
    body = {"email": f"{uuid.uuid4()}@example.com", "password": PASSWORD}
    assert scene.http.post(f"{API}/login", json=body).status_code == 401
    return None, {"by": "stranger", "via": "api"}


def login_failed_of_a_deactivated_account(scene):
    user = make_user(password=PASSWORD, is_active=False)
    assert scene.http.post(f"{API}/login", json={"email": user.email, "password": PASSWORD}).status_code == 401
    return user, {"by": "stranger", "via": "api"}


def logout(scene):
    parent = make_parent()
    assert scene.http.post(f"{API}/logout", headers=parent.headers).status_code == 204
    return parent.user, {"by": "parent", "via": "api"}


def logout_on_the_page(scene):
    visitor = scene.browse(make_user())
    assert visitor.get("/").status_code == 200
    assert visitor.post("/logout").status_code == 302
    return visitor.user, {"by": "parent", "via": "page"}


def logout_of_the_admin(scene):
    visitor = scene.browse(make_user(is_staff=True))
    assert visitor.get("/admin/").status_code == 200
    assert visitor.post("/admin/logout/").status_code == 302
    return visitor.user, {"by": "parent", "via": "page"}


def refresh_token_reused(scene):
    parent = make_parent()
    body = {"refresh_token": parent.refresh_token}
    answers = [scene.http.post(f"{API}/refresh", json=body).status_code for _ in range(2)]
    assert answers == [200, 401]
    return parent.user, {"by": "stranger", "family_id": parent.login.pk}


def logins_ended(scene):
    parent = make_parent()
    staff = scene.act("parental_tokenfamily", "end_logins", parent.login.pk)
    return parent.user, {"by": "staff", "by_user_id": staff.pk, "count": 1}


def logins_ended_by_the_parent(scene):
    parent = make_parent()
    log_in(parent.user)
    assert scene.http.delete(f"{API}/logins", headers=parent.headers).json() == {"ended": 1}
    return parent.user, {"by": "parent", "count": 1}


def password_changed(scene):
    user = make_user(password=PASSWORD)
    answer = scene.browse(user).post("/password", current=PASSWORD, new=NEW)
    assert answer.status_code == 302, text_of(answer)
    return user, {"by": "parent"}


def password_changed_by_staff(scene):
    user = make_user(password=PASSWORD)
    form = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    assert scene.staff().post(reverse("admin:auth_user_password_change", args=[user.pk]), form).status_code == 302
    return user, {"by": "staff"}


def password_changed_by_a_command(_scene):
    user = make_user(password=PASSWORD)
    user.set_password(NEW)
    user.save()
    return user, {"by": "system"}


def password_reset(scene):
    user, visitor = make_user(password=PASSWORD), scene.browse()
    visitor.get(reverse("password_reset_link", args=[user.pk, default_token_generator.make_token(user)]))
    assert visitor.post("/password/forgotten/new", new=NEW).status_code == 302
    return user, {"by": "parent"}


def password_wrong(scene):
    user = make_user(password=PASSWORD)
    assert scene.browse(user).post("/password", current="wrong", new=NEW).status_code == 200
    return user, {"by": "stranger", "via": "password_page"}


def password_wrong_at_a_pins_reset(scene):
    parent = parent_with_pin(password=PASSWORD)
    assert reset(scene.http, parent, password="wrong", new_pin="8024").status_code == 401
    return parent.user, {"by": "stranger", "via": "pin_reset"}


def pin_set(scene):
    parent = make_parent()
    assert set_pin(scene.http, parent, new_pin="8024").status_code == 200
    return parent.user, {"by": "parent"}


def pin_changed(scene):
    parent = parent_with_pin("4711")
    assert set_pin(scene.http, parent, new_pin="8024", current_pin="4711").status_code == 200
    return parent.user, {"by": "parent"}


def pin_reset(scene):
    parent = parent_with_pin(password=PASSWORD)
    assert reset(scene.http, parent, password=PASSWORD, new_pin="8024").status_code == 200
    return parent.user, {"by": "parent"}


def pin_locked(scene):
    parent = parent_with_pin()
    lock(scene.http, parent)
    return parent.user, {"by": "parent", "profile_id": None, "token_id": None}


def lock_a_device(scene):
    home = make_home()
    home.set_pin()
    for _ in range(5):
        assert home.grant_on_the_device(scene.http, 30, pin=WRONG).status_code == 403
    return home


def pin_locked_on_a_device(scene):
    home = lock_a_device(scene)
    about = {"profile_id": home.child.profile.id, "token_id": home.child.token_id}
    return home.parent.user, {"by": "player", **about}


def pin_lockouts_lifted(scene):
    home = lock_a_device(scene)
    assert verify(scene.http, home.parent, "1234").status_code == 200
    return home.parent.user, {"by": "parent", "count": 1}


def pin_lockouts_lifted_by_staff(scene):
    parent = parent_with_pin()
    lock(scene.http, parent)
    staff = scene.act("parental_pin", "lift_lockouts", parent.user.pk)
    return parent.user, {"by": "staff", "by_user_id": staff.pk, "count": 1}


def device_paired(scene):
    home = make_home()
    url = f"{API}/profiles/{home.child.profile.id}/player-token"
    answer = scene.http.post(url, json={"device_name": "Kitchen"}, headers=home.parent.headers)
    return home.parent.user, {
        "by": "parent",
        "profile_id": home.child.profile.id,
        "token_id": answer.json()["token_id"],
    }


def device_revoked(scene):
    home = make_home()
    url = f"{API}/player-tokens/{home.child.token_id}"
    assert [scene.http.delete(url, headers=home.parent.headers).status_code for _ in range(2)] == [204, 204]
    return home.parent.user, {"by": "parent", "profile_id": home.child.profile.id, "token_id": home.child.token_id}


def device_revoked_by_staff(scene):
    home = make_home()
    staff = scene.act("viewing_playertoken", "revoke", home.child.token_id)
    return home.parent.user, {"by": "staff", "by_user_id": staff.pk, "token_id": home.child.token_id}


def profile_removed(scene):
    home = make_home()
    answer = scene.browse(home.parent.user).post(f"/children/{home.child.profile.id}/remove")
    assert answer.status_code == 302
    return home.parent.user, {"by": "parent"}


def staff_action(scene):
    user, staff = make_user(), scene.staff()
    form = {"email": f"new-{user.email}", "is_active": "on"}
    assert staff.post(reverse("admin:parental_user_change", args=[user.pk]), form).status_code == 302
    about = {"model": "parental.user", "action": "change", "object_ids": [str(user.pk)], "fields": ["email"]}
    return user, {"by": "staff", "by_user_id": staff.user.pk, **about}


SCENARIOS: dict[str, list[Callable[[Scene], Any]]] = {
    "registered": [registered, registered_on_the_page],
    "login": [login, login_on_the_page, login_in_the_admin],
    "login_failed": [
        login_failed,
        login_failed_on_the_page,
        login_failed_in_the_admin,
        login_failed_without_an_account,
        login_failed_of_a_deactivated_account,
    ],
    "logout": [logout, logout_on_the_page, logout_of_the_admin],
    "refresh_token_reused": [refresh_token_reused],
    "logins_ended": [logins_ended, logins_ended_by_the_parent],
    "password_changed": [password_changed, password_changed_by_staff, password_changed_by_a_command],
    "password_reset": [password_reset],
    "password_wrong": [password_wrong, password_wrong_at_a_pins_reset],
    "pin_set": [pin_set],
    "pin_changed": [pin_changed],
    "pin_reset": [pin_reset],
    "pin_locked": [pin_locked, pin_locked_on_a_device],
    "pin_lockouts_lifted": [pin_lockouts_lifted, pin_lockouts_lifted_by_staff],
    "device_paired": [device_paired],
    "device_revoked": [device_revoked, device_revoked_by_staff],
    "profile_removed": [profile_removed],
    "staff_action": [staff_action],
}
CASES = [(name, scenario) for name in EVENTS for scenario in SCENARIOS.get(name, [])]


def documented() -> dict[str, tuple[str, set[str], bool]]:
    """Level, fields and whether it is audited, of each row of the chapter's table."""
    chapter = DOCS.read_text(encoding="utf-8").split("\n## Events\n")[1].split("\n## ")[0]
    lines = [line for line in chapter.splitlines() if line.startswith("| `")]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert {len(row) for row in rows} == {5}
    first_name = re.compile(r"(?:^|, )`(\w+)`")
    return {
        name.strip("`"): (level, set(first_name.findall(re.sub(r":[^|]*$", "", fields))), audit != "no")
        for name, level, _, fields, audit in rows
    }


def test_the_chapter_and_the_catalogue_agree():
    catalogue = {name: (event.level, set(event.fields), event.is_audited) for name, event in EVENTS.items()}

    assert documented() == catalogue


def test_every_event_is_made_to_happen():
    assert set(SCENARIOS) == set(EVENTS)
    assert all(SCENARIOS.values())


@pytest.mark.parametrize(("name", "scenario"), CASES, ids=lambda case: getattr(case, "__name__", ""))
def test_an_event(http, browse, events, name, scenario):
    event, counter = EVENTS[name], metrics.events.labels(name)._value
    before = counter.get()

    user, expected = scenario(Scene(http, browse))

    (line,) = events(name)
    assert counter.get() == before + 1
    level, by_staff = line.pop("level"), {"by_user_id"} if line["by"] == "staff" else set()
    about = {"user_id"} if name != "staff_action" else set()
    assert (level, set(line)) == (event.level, {"request_id", "by", *about, *event.fields, *by_staff})
    assert {key: str(line[key]) for key in expected} == {key: str(value) for key, value in expected.items()}
    if name != "staff_action":
        assert line["user_id"] == (user and user.pk)
    if event.is_audited:
        (entry,) = AuditEntry.objects.filter(family=user, kind=name)
        assert entry.actor_kind == line["by"]
        assert entry.profile_id == line.get("profile_id")
        assert set(entry.data) >= set(event.fields) - {"profile_id", "token_id", "action", "object_ids"}
        assert audit_events.sentence(entry) != name
    else:
        assert not AuditEntry.objects.filter(family=user).exists()


def test_the_family_reads_what_happened(http, browse, events):
    home = lock_a_device(Scene(http, browse))
    scene = Scene(http, browse)
    scene.act("viewing_playertoken", "revoke", home.child.token_id)
    http.post(f"{API}/login", json={"email": home.parent.user.email, "password": "wrong"})
    stranger = make_home()

    page = text_of(browse(home.parent.user).get("/audit"))
    of_child = text_of(browse(home.parent.user).get(f"/audit?child={home.child.profile.id}"))

    assert "Mia PIN locked on “Living room” after too many incorrect attempts" in page
    assert "“Living room” disconnected by our staff" in page
    assert "“Living room” disconnected" in of_child
    assert "PIN locked" not in text_of(browse(stranger.parent.user).get("/audit"))


def test_an_event_of_what_was_rolled_back_did_not_happen(committed, events, monkeypatch):
    user = make_user(password=PASSWORD)
    monkeypatch.setattr(passwords, "end_token_families", lambda _user: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        passwords.change_password(user, NEW, actor=SYSTEM)

    assert not events("password_changed")
    assert not AuditEntry.objects.filter(family=user).exists()


def test_no_event_names_an_address(http, browse, events, caplog):
    parent = log_in(make_user(password=PASSWORD))
    for password in (PASSWORD, "wrong"):
        http.post(f"{API}/login", json={"email": parent.user.email, "password": password})

    assert events("login")
    assert events("login_failed")
    assert parent.user.email not in caplog.text
    for entry in AuditEntry.objects.filter(family=parent.user):
        assert "@" not in f"{entry.data}{entry.actor_label}"
