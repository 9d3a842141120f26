"""What happens in a family is in the outbox, with ids, numbers and codes, and without a name or an address."""

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils import timezone

from parental.accounts import passwords
from parental.events.catalogue import EVENTS
from parental.events.record import SYSTEM
from tests.families import make_user
from tests.parental.cast import PASSWORD, make_parent
from tests.parental.homes import PIN, make_home
from tests.parental.pin_cast import WRONG, lock, parent_with_pin, reset, set_pin
from viewing.models import OutboxEvent

pytestmark = pytest.mark.usefixtures("quick_hashes", "no_waiting")

API = "/api/v1/auth"


def written(user):
    """(type, profile id, data, actor) of the account's events."""
    rows = OutboxEvent.objects.filter(family_id=user.pk).order_by("id")
    return [(row.type, row.profile_id, row.data, row.actor) for row in rows]


def by_parent(user):
    return {"kind": "parent", "id": str(user.pk)}


@pytest.fixture
def home(server):
    return make_home()


def test_a_grant_and_its_end(http, home):
    granted = home.grant(http, 30).json()
    home.take_back(http, granted["grant_id"])

    today = timezone.now().date().isoformat()
    data = {"day": today, "grant_id": granted["grant_id"], "minutes": 30, "is_remote": True}
    profile_id, actor = home.child.profile.id, by_parent(home.parent.user)
    assert written(home.parent.user) == [
        ("grant.made", profile_id, {**data, "remaining_minutes": 150, "is_unlimited_override": False}, actor),
        ("grant.taken_back", profile_id, {**data, "remaining_minutes": 120, "is_unlimited_override": False}, actor),
    ]


def test_a_grant_on_the_device(http, home):
    home.set_pin()
    home.grant_on_the_device(http, None, pin=PIN)

    ((event_type, _, data, actor),) = written(home.parent.user)

    assert event_type == "grant.made"
    assert (data["minutes"], data["is_remote"], data["is_unlimited_override"]) == (None, False, True)
    assert data["remaining_minutes"] is None
    assert actor == {"kind": "player", "id": str(home.child.token_id)}


def test_a_refused_grant_is_no_event(http, home):
    granted = home.grant(http, 30).json()
    home.take_back(http, granted["grant_id"])
    assert home.take_back(http, granted["grant_id"]).status_code == 409
    assert home.grant(http, 7).status_code == 422

    assert [event[0] for event in written(home.parent.user)] == ["grant.made", "grant.taken_back"]


def test_changed_limits_are_one_event(http, home):
    home.change_with_pin(http, weekday_limit_minutes=60, weekend_limit_minutes=None, educational_exempt=False)
    home.change(http, weekday_limit_minutes=60)  # as it is

    ((event_type, profile_id, data, actor),) = written(home.parent.user)

    assert (event_type, profile_id) == ("limits.changed", home.child.profile.id)
    assert actor == by_parent(home.parent.user)
    assert data == {
        "day": timezone.now().date().isoformat(),
        "changes": [
            {"field": "weekday_limit_minutes", "old": 120, "new": 60},
            {"field": "weekend_limit_minutes", "old": 120, "new": None},
            {"field": "educational_exempt", "old": True, "new": False},
        ],
    }


def test_limits_that_staff_corrected(home, client):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    profile = home.child.profile
    form = {
        "name": profile.name,
        "is_kids": "on",
        "config-TOTAL_FORMS": "1",
        "config-INITIAL_FORMS": "1",
        "config-0-profile": str(profile.pk),
        "config-0-weekday_limit_minutes": "45",
        "config-0-weekend_limit_minutes": "120",
        "config-0-educational_exempt": "on",
    }
    answer = client.post(reverse("admin:viewing_profile_change", args=[profile.pk]), form)
    assert answer.status_code == 302, answer.content

    ((event_type, profile_id, data, actor),) = written(home.parent.user)

    assert (event_type, profile_id, actor) == ("limits.changed", profile.pk, {"kind": "staff", "id": None})
    assert data["changes"] == [{"field": "weekday_limit_minutes", "old": 120, "new": 45}]


def test_a_profile_comes_and_goes(http, home, browse):
    answer = http.post(f"{API}/profiles", json={"name": "Ben", "is_kids": True}, headers=home.parent.headers)
    profile_id = answer.json()["id"]
    assert browse(home.parent.user).post(f"/children/{profile_id}/remove", pin=PIN).status_code == 302

    actor = by_parent(home.parent.user)
    assert [(kind, str(id_), data, by) for kind, id_, data, by in written(home.parent.user)] == [
        ("profile.created", profile_id, {"is_kids": True}, actor),
        ("profile.removed", profile_id, {"is_kids": True}, actor),
    ]


def test_a_device_is_paired_and_revoked(http, home):
    url = f"{API}/profiles/{home.child.profile.id}/player-token"
    token_id = http.post(url, json={"device_name": "Kitchen"}, headers=home.parent.headers).json()["token_id"]
    for _ in range(2):
        http.delete(f"{API}/player-tokens/{token_id}", headers=home.parent.headers)

    about = (home.child.profile.id, {"token_id": token_id}, by_parent(home.parent.user))
    assert written(home.parent.user) == [("device.paired", *about), ("device.revoked", *about)]


def test_a_pin_is_set_changed_and_reset(http):
    parent = make_parent(password=PASSWORD)
    set_pin(http, parent, new_pin="8024")
    set_pin(http, parent, new_pin="8025", current_pin="8024")
    reset(http, parent, password=PASSWORD, new_pin="8026")

    assert [event[0] for event in written(parent.user)] == ["pin.set", "pin.changed", "pin.reset"]
    assert all(event[2] == {} for event in written(parent.user))


def test_a_locked_pin(http, home):
    parent = parent_with_pin()
    lock(http, parent)
    home.set_pin()
    for _ in range(5):
        home.grant_on_the_device(http, 30, pin=WRONG)

    ((kind, profile_id, data, actor),) = written(parent.user)
    assert (kind, profile_id, set(data), actor) == ("pin.locked", None, {"locked_until"}, by_parent(parent.user))
    ((kind, profile_id, data, actor),) = written(home.parent.user)
    assert (kind, profile_id, set(data)) == ("pin.locked", home.child.profile.id, {"locked_until", "token_id"})
    assert actor == {"kind": "player", "id": str(home.child.token_id)}


def test_a_changed_password(browse, committed):
    user, forgetful, helped = (make_user(password=PASSWORD) for _ in range(3))
    browse(user).post("/password", current=PASSWORD, new="another good password")
    visitor = browse()
    token = default_token_generator.make_token(forgetful)
    visitor.get(reverse("password_reset_link", args=[forgetful.pk, token]))
    visitor.post("/password/forgotten/new", new="another good password")
    helped.set_password("another good password")
    helped.save()

    assert written(user) == [("password.changed", None, {}, by_parent(user))]
    assert written(forgetful) == [("password.reset", None, {}, by_parent(forgetful))]
    assert written(helped) == [("password.changed", None, {}, {"kind": "system", "id": None})]


def test_what_was_rolled_back_left_no_event(committed, monkeypatch):
    user = make_user(password=PASSWORD)
    monkeypatch.setattr(passwords, "end_token_families", lambda _user: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        passwords.change_password(user, "another good password", actor=SYSTEM)

    assert written(user) == []


def test_what_strangers_cause_is_no_event():
    """They could fill the table. A child's requests are no stranger's: there are six a day."""
    unaudited = {name for name, event in EVENTS.items() if event.type and not event.is_audited}
    assert unaudited == {"request_made", "request_withdrawn", "request_expired"}


def test_no_event_holds_a_name_or_an_address(http, home, browse):
    home.set_pin()
    home.grant(http, 30)
    home.change(http, weekday_limit_minutes=60)
    answer = http.post(f"{API}/profiles", json={"name": "Ben", "is_kids": True}, headers=home.parent.headers)
    url = f"{API}/profiles/{answer.json()['id']}/player-token"
    http.post(url, json={"device_name": "Kitchen", "pin_token": home.pin_token()}, headers=home.parent.headers)
    browse(home.parent.user).post(f"/children/{answer.json()['id']}/remove", pin=PIN)

    events = written(home.parent.user)

    assert len(events) == 5
    text = str([event[2:] for event in events])
    assert not [word for word in ("Mia", "Ben", "Kitchen", "Living room", home.parent.user.email) if word in text]
