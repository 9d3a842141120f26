"""Functions that make the events of passwords, PINs, devices, profiles and staff happen.

Each takes a `Scene` and returns the account, and values that the log line must have.
"""

from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils import timezone

from parental.automations import api_tokens
from parental.models import ApiToken
from tests.families import make_user
from tests.parental.cast import PASSWORD, make_parent
from tests.parental.events.scene import API, NEW
from tests.parental.homes import make_home
from tests.parental.pages.visitors import text_of
from tests.parental.pin_cast import WRONG, lock, parent_with_pin, reset, set_pin, verify

LOCK = "/api/v1/parental-controls/lock"


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


def locked(scene):
    home = make_home()
    scene.http.post(LOCK, json={"minutes": 30}, headers=home.parent.headers)
    return home.parent.user, {"profile_id": home.child.profile.id, "by": "parent"}


def unlocked(scene):
    home = make_home()
    scene.http.post(LOCK, json={}, headers=home.parent.headers)
    scene.http.delete(LOCK, headers=home.parent.headers)
    return home.parent.user, {"profile_id": home.child.profile.id, "by": "parent"}


def api_token_made(scene):
    user = make_user()
    assert scene.browse(user).post("/automations", name="Kitchen display").status_code == 200
    return user, {"by": "parent", "api_token_id": ApiToken.objects.get(user=user).pk}


def api_token_revoked(scene):
    user = make_user()
    made = api_tokens.make(user.pk, name="Kitchen display", now=timezone.now())
    visitor = scene.browse(user)
    visitor.get("/automations")
    assert visitor.post(f"/automations/{made.token_id}/revoke").status_code == 302
    return user, {"by": "parent", "api_token_id": made.token_id}
