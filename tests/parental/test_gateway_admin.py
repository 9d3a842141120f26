"""Gateway tokens in the admin: made, shown once, revoked, never deleted."""

import hashlib
import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tests.families import make_child, make_gateway, make_user
from viewing.models import GatewayToken

ADD = "admin:viewing_gatewaytoken_add"
LIST = "admin:viewing_gatewaytoken_changelist"


def logged_in(**fields):
    client = Client()
    client.force_login(make_user(is_staff=True, **fields))
    return client


@pytest.fixture
def staff(server):
    return logged_in(is_superuser=True)


def make(staff, **form):
    """The answer to the form, and the token that it shows."""
    page = staff.post(reverse(ADD), {"name": "Edge of Frankfurt", **form})
    assert page.status_code == 200, page.content
    (token,) = re.findall(r"<pre>(\S+)</pre>", page.content.decode())
    return page, token


def row_of(token):
    return GatewayToken.objects.get(token_hash=hashlib.sha256(token.encode()).digest())


def test_a_new_token_works_and_is_shown_once(http, staff):
    child = make_child()
    assert staff.get(reverse(ADD)).status_code == 200

    page, token = make(staff)

    assert re.fullmatch(r"sgg_[\w-]{43}", token)
    assert "no-store" in page["Cache-Control"]
    response = http.post(
        "/api/v1/viewing-time/heartbeats",
        json={"heartbeats": [child.body()]},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert response.status_code == 200
    assert (row_of(token).name, row_of(token).expires_at) == ("Edge of Frankfurt", None)
    again = [staff.get(reverse(LIST)), staff.get(reverse("admin:viewing_gatewaytoken_change", args=[row_of(token).pk]))]
    for later in again:
        assert later.status_code == 200
        assert token.encode() not in later.content
    assert all(token not in str(cookie) for cookie in staff.cookies.values())


def test_only_its_hash_is_kept(staff):
    _, token = make(staff)

    stored = GatewayToken.objects.filter(pk=row_of(token).pk).values_list().get()

    assert not any(token in str(value) for value in stored)


def test_the_expiry_may_change_and_nothing_else(http, staff):
    gateway, child = make_gateway(), make_child()
    assert gateway.send(http, [child.body()]).status_code == 200
    url = reverse("admin:viewing_gatewaytoken_change", args=[gateway.row.pk])

    form = {"name": "Another", "expires_at_0": "2020-01-01", "expires_at_1": "00:00:00", "revoked_at_0": "2020-01-01"}
    assert staff.post(url, form).status_code == 302

    row = GatewayToken.objects.get(pk=gateway.row.pk)
    assert (row.name, row.expires_at, row.revoked_at) == ("Edge", datetime(2020, 1, 1, tzinfo=UTC), None)
    assert gateway.send(http, [child.body()]).status_code == 401


def test_revoked_tokens_stop_immediately(http, staff):
    gateway, other, child = make_gateway(), make_gateway(), make_child()
    assert gateway.send(http, [child.body()]).status_code == 200

    page = staff.post(reverse(LIST), {"action": "revoke", "_selected_action": [str(gateway.row.pk)]}, follow=True)

    assert b"Revoked 1 token." in page.content
    assert gateway.send(http, [child.body()]).status_code == 401
    assert other.send(http, [child.body()]).status_code == 200


def test_none_is_deleted(staff):
    gateway = make_gateway()

    answer = staff.post(reverse("admin:viewing_gatewaytoken_delete", args=[gateway.row.pk]), {"post": "yes"})

    assert answer.status_code == 403
    assert GatewayToken.objects.filter(pk=gateway.row.pk).exists()


def test_who_may_only_look_neither_makes_nor_revokes(server):
    gateway, client = make_gateway(), logged_in()
    client.get("/admin/")
    user = client.get(reverse("admin:index")).wsgi_request.user
    user.user_permissions.add(Permission.objects.get(codename="view_gatewaytoken"))

    assert client.get(reverse(LIST)).status_code == 200
    assert client.post(reverse(ADD), {"name": "Mine"}).status_code == 403
    client.post(reverse(LIST), {"action": "revoke", "_selected_action": [str(gateway.row.pk)]})
    assert GatewayToken.objects.get(pk=gateway.row.pk).revoked_at is None


@pytest.mark.parametrize("name", ["", "x" * 101, "a\0b"])
def test_a_name_has_its_bounds(staff, name):
    before = GatewayToken.objects.count()

    page = staff.post(reverse(ADD), {"name": name})

    assert page.status_code == 200
    assert GatewayToken.objects.count() == before
    assert b"errorlist" in page.content
