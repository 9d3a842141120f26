"""The admin of accounts: what staff may change, and what it ends."""

import uuid

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from parental.models import Pin, TimeGrant, TokenFamily, User
from tests.families import make_child, make_user
from tests.parental.cast import PASSWORD, make_parent
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def staff(server):
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def account_form(user, **changes):
    form = {"email": user.email, "is_active": "on", "is_staff": "", "is_superuser": ""}
    return {name: value for name, value in {**form, **changes}.items() if value != ""}


def change(staff, user, **changes):
    answer = staff.post(reverse("admin:parental_user_change", args=[user.pk]), account_form(user, **changes))
    assert answer.status_code == 302, answer.content.decode()


def test_deactivation_takes_effect_immediately(http, staff):
    child = make_child()
    parent = make_parent()
    http.get("/api/v1/auth/me", headers=parent.headers)
    child.beat(http)

    change(staff, parent.user, is_active="")
    change(staff, child.profile.user, is_active="")

    assert http.get("/api/v1/auth/me", headers=parent.headers).status_code == 401
    assert child.beat(http).status_code == 401


def test_saves_only_what_was_changed(staff):
    user = make_user()
    page = staff.get(reverse("admin:parental_user_change", args=[user.pk]))
    assert page.status_code == 200

    with statements() as sent:
        change(staff, user, email=f"NEW-{user.email}")

    (update,) = [statement for statement in sent.all if statement.startswith('UPDATE "parental_user"')]
    assert '"email"' in update
    assert '"is_staff"' not in update
    assert User.objects.get(pk=user.pk).email == f"new-{user.email}"


def test_a_password_set_by_staff_ends_the_logins(http, staff):
    parent = make_parent(password=PASSWORD)
    url = reverse("admin:auth_user_password_change", args=[parent.user.pk])
    assert staff.get(url).status_code == 200

    answer = staff.post(url, {"password1": "by the staff", "password2": "by the staff", "usable_password": "true"})

    assert answer.status_code == 302
    assert http.get("/api/v1/auth/me", headers=parent.headers).status_code == 401
    body = {"email": parent.user.email, "password": "by the staff"}
    assert http.post("/api/v1/auth/login", json=body).status_code == 200


def test_adds_an_account(staff):
    email = f"{uuid.uuid4()}@example.com"
    form = {"email": email.upper(), "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}

    assert staff.get(reverse("admin:parental_user_add")).status_code == 200
    assert staff.post(reverse("admin:parental_user_add"), form).status_code == 302
    assert User.objects.get(email=email).check_password(PASSWORD)
    again = staff.post(reverse("admin:parental_user_add"), form)
    assert b"already exists" in again.content


def test_ends_logins(http, staff):
    parent = make_parent()
    http.get("/api/v1/auth/me", headers=parent.headers)

    staff.post(
        reverse("admin:parental_tokenfamily_changelist"),
        {"action": "end_logins", "_selected_action": [str(parent.login.pk)]},
    )

    assert parent.login.ended_at is not None
    assert http.get("/api/v1/auth/me", headers=parent.headers).status_code == 401


@pytest.fixture
def rows(server):
    child = make_child()
    user = child.profile.user
    TokenFamily.objects.create(user=user)
    Pin.objects.create(user=user, pin_hash="bcrypt_sha256$secret")
    TimeGrant.objects.create(profile=child.profile, granted_by=user, is_remote=True, minutes=30, day="2030-01-01")
    return user


@pytest.mark.parametrize("model", ["user", "tokenfamily", "pin", "timegrant"])
def test_lists_search_by_address_and_neither_count_all_nor_read_a_row_twice(staff, rows, model):
    url = reverse(f"admin:parental_{model}_changelist")
    staff.get(url)

    with statements() as sent:
        page = staff.get(url, {"q": f" {rows.email.upper()[:20]}"})

    assert page.status_code == 200
    assert b"1 " in page.content
    # 1.-2. the session and its user, 3. a bounded count, 4. the rows (for accounts 5.-6. the staff's own permissions)
    assert len(sent) <= 6, sent.all
    counts = [statement for statement in sent.all if "COUNT(" in statement]
    assert all("LIMIT 10000" in statement for statement in counts)
    assert all("UPPER(" not in statement for statement in sent.all)


@pytest.mark.parametrize("model", [Pin, TimeGrant, TokenFamily])
def test_opens_rows_that_nobody_may_change(staff, rows, model):
    row = model.objects.filter(**{"profile__user" if model is TimeGrant else "user": rows}).get()
    url = reverse(f"admin:parental_{model.__name__.lower()}_change", args=[row.pk])

    page = staff.get(url)

    assert page.status_code == 200
    assert b"secret" not in page.content
    assert staff.post(reverse(f"admin:parental_{model.__name__.lower()}_delete", args=[row.pk])).status_code == 403


def test_accounts_are_not_deleted(staff, rows):
    assert staff.get(reverse("admin:parental_user_delete", args=[rows.pk])).status_code == 403


@pytest.fixture
def support(server):
    """Staff who may view and change accounts, and nothing else."""
    user = make_user(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    client = Client()
    client.force_login(user)
    client.user = user
    return client


def change_url(user):
    return reverse("admin:parental_user_change", args=[user.pk])


def test_who_may_change_accounts_gives_nobody_privileges(support):
    parent = make_user()
    permission, group = Permission.objects.first(), Group.objects.create(name=str(uuid.uuid4()))
    privileges = {"is_staff": "on", "is_superuser": "on", "groups": [group.pk], "user_permissions": [permission.pk]}

    form = {"email": f"new-{parent.email}", "is_active": "on", **privileges}
    assert support.post(change_url(parent), form).status_code == 302

    parent.refresh_from_db()
    assert parent.email.startswith("new-")
    assert (parent.is_staff, parent.is_superuser) == (False, False)
    assert not parent.groups.exists()
    assert not parent.user_permissions.exists()


@pytest.mark.parametrize("fields", [{"is_staff": True}, {"is_superuser": True}, "own"])
def test_accounts_of_staff_are_for_superusers(support, fields):
    account = support.user if fields == "own" else make_user(**fields)
    password_url = reverse("admin:auth_user_password_change", args=[account.pk])

    assert support.get(change_url(account)).status_code == 200
    assert support.post(change_url(account), {"email": account.email, "is_superuser": "on"}).status_code == 403
    assert support.get(password_url).status_code == 403
    new = {"password1": "by the staff", "password2": "by the staff", "usable_password": "true"}
    assert support.post(password_url, new).status_code == 403


def test_superusers_give_privileges(staff):
    account = make_user()

    change(staff, account, is_staff="on")

    account.refresh_from_db()
    assert account.is_staff


def test_who_may_only_look_sees_no_part_of_a_passwords_hash(server, staff):
    account, viewer = make_user(password=PASSWORD), make_user(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_user"))
    client = Client()
    client.force_login(viewer)

    assert b"bcrypt_sha256" in staff.get(change_url(account)).content
    page = client.get(change_url(account))
    assert page.status_code == 200
    assert b"bcrypt" not in page.content
