"""Every event of docs/operations.md, "Events": made to happen, and found in the log, in the count and in the audit."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parental.accounts import passwords
from parental.events.catalogue import EVENTS
from parental.events.record import SYSTEM
from parental.models import AuditEntry
from parental.pages.reports import audit_events
from perfmetrics.counting import metrics
from tests.families import make_user
from tests.parental.cast import PASSWORD, log_in
from tests.parental.events import family_events, login_events, platform_events, request_events
from tests.parental.events.scene import API, NEW, Scene
from tests.parental.homes import make_home
from tests.parental.pages.visitors import text_of

pytestmark = pytest.mark.usefixtures("quick_hashes", "no_waiting")

DOCS = Path(__file__).resolve().parents[3] / "docs" / "operations.md"

SCENARIOS: dict[str, list[Callable[[Scene], Any]]] = {
    "registered": [login_events.registered, login_events.registered_on_the_page, platform_events.registered],
    "email_confirmed": [login_events.email_confirmed],
    "login_linked": [login_events.login_linked],
    "login": [login_events.login, login_events.login_on_the_page, login_events.login_in_the_admin],
    "login_failed": [
        login_events.login_failed,
        login_events.login_failed_on_the_page,
        login_events.login_failed_in_the_admin,
        login_events.login_failed_without_an_account,
        login_events.login_failed_of_a_deactivated_account,
    ],
    "logout": [login_events.logout, login_events.logout_on_the_page, login_events.logout_of_the_admin],
    "refresh_token_reused": [login_events.refresh_token_reused],
    "logins_ended": [login_events.logins_ended, login_events.logins_ended_by_the_parent],
    "password_changed": [
        family_events.password_changed,
        family_events.password_changed_by_staff,
        family_events.password_changed_by_a_command,
    ],
    "password_reset": [family_events.password_reset],
    "password_wrong": [family_events.password_wrong, family_events.password_wrong_at_a_pins_reset],
    "pin_set": [family_events.pin_set],
    "pin_changed": [family_events.pin_changed],
    "pin_reset": [family_events.pin_reset],
    "pin_locked": [family_events.pin_locked, family_events.pin_locked_on_a_device],
    "pin_lockouts_lifted": [family_events.pin_lockouts_lifted, family_events.pin_lockouts_lifted_by_staff],
    "device_paired": [family_events.device_paired],
    "device_revoked": [family_events.device_revoked, family_events.device_revoked_by_staff],
    "erasure_asked": [platform_events.erasure_asked],
    "erasure_cancelled": [platform_events.erasure_cancelled],
    "erasure_done": [platform_events.erasure_done],
    "account_updated": [platform_events.account_updated],
    "api_token_made": [family_events.api_token_made],
    "api_token_revoked": [family_events.api_token_revoked],
    "profile_removed": [family_events.profile_removed],
    "request_made": [request_events.request_made],
    "request_answered": [request_events.request_answered, request_events.request_answered_on_the_page],
    "request_withdrawn": [request_events.request_withdrawn],
    "request_expired": [request_events.request_expired],
    "locked": [family_events.locked],
    "unlocked": [family_events.unlocked],
    "staff_action": [family_events.staff_action],
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
    home = family_events.lock_a_device(Scene(http, browse))
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
