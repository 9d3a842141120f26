"""The admin of what was watched: fit for big tables, and what staff change is in force on the next beat."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from parental.tokens.players import mark_revoked
from tests.families import make_child, make_title, make_user
from tests.statements import statements
from viewing.hotpath import invalidation
from viewing.models import PlayerToken

BIG = ["viewingsession", "viewingtimebalance", "playertoken", "profile", "title"]


@pytest.fixture
def staff(server):
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def page(name, *args):
    return reverse(f"admin:viewing_{name}", args=args)


@pytest.mark.parametrize("model", BIG)
def test_every_list_opens(staff, http, model):
    make_child().watch(http, 1)

    assert staff.get(page(f"{model}_changelist")).status_code == 200


@pytest.mark.parametrize("model", BIG)
def test_lists_count_no_further_than_anyone_turns_pages(staff, http, model):
    make_child().watch(http, 1)

    with statements() as sent:
        staff.get(page(f"{model}_changelist"))

    counts = [statement for statement in sent.all if "COUNT(" in statement]
    assert len(counts) == 1
    assert all("LIMIT 10000" in statement or "LIMIT $1" in statement for statement in counts)


@pytest.mark.parametrize("model", ["viewingsession", "viewingtimebalance", "playertoken"])
def test_a_list_costs_the_same_for_any_number_of_rows(staff, http, model):
    def cost():
        with statements() as sent:
            staff.get(page(f"{model}_changelist"))
        return len(sent)

    make_child().watch(http, 1)
    cost()
    before = cost()
    for _ in range(5):
        make_child().watch(http, 1)

    assert cost() == before


@pytest.mark.parametrize("model", ["viewingsession", "viewingtimebalance", "playertoken", "profile"])
def test_rows_are_found_by_a_whole_id(staff, http, model):
    child = make_child()
    child.watch(http, 1)

    found = staff.get(page(f"{model}_changelist"), {"q": str(child.profile.id)})
    part = staff.get(page(f"{model}_changelist"), {"q": str(child.profile.id)[:13]})

    assert found.context["cl"].result_count == 1
    assert part.context["cl"].result_count == 0


@pytest.mark.parametrize("model", ["viewingsession", "viewingtimebalance"])
def test_what_the_service_writes_cannot_be_edited(staff, http, model):
    child = make_child()
    child.watch(http, 1)
    row = child.sessions()[0] if model == "viewingsession" else child.balance()

    assert staff.get(page(f"{model}_change", row.pk)).status_code == 200
    assert staff.post(page(f"{model}_change", row.pk), {}).status_code == 403
    assert staff.post(page(f"{model}_delete", row.pk), {"post": "yes"}).status_code == 403


def test_a_changed_title_is_in_the_catalogue_immediately(staff, http):
    child, title = make_child(), make_title("Before")
    http.get("/api/v1/catalog/titles", headers=child.headers)

    staff.post(page("title_change", title.id), {"name": "After", "is_educational": "on"})

    (found,) = [
        row for row in http.get("/api/v1/catalog/titles", headers=child.headers).json() if row["id"] == str(title.id)
    ]
    assert found == {"id": str(title.id), "name": "After", "is_educational": True, "duration_minutes": None}
    assert child.beat(http, title_id=str(title.id)).json()["is_educational"] is True


def test_titles_cannot_be_deleted(staff):
    assert staff.post(page("title_delete", make_title().id), {"post": "yes"}).status_code == 403


def test_a_revoked_token_stops_working_immediately(staff, http):
    child = make_child()
    child.beat(http)

    staff.post(page("playertoken_changelist"), {"action": "revoke", "_selected_action": str(child.token_id)})

    assert child.beat(http).status_code == 401


def revoke(client, child):
    client.post(page("playertoken_changelist"), {"action": "revoke", "_selected_action": str(child.token_id)})
    return PlayerToken.objects.get(pk=child.token_id).revoked_at is not None


def staff_with(*codenames):
    user = make_user(is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def test_staff_who_may_only_look_revoke_no_token(server):
    child = make_child()
    viewer = staff_with("view_playertoken")

    assert viewer.get(page("playertoken_changelist")).status_code == 200
    assert not revoke(viewer, child)
    assert revoke(staff_with("view_playertoken", "change_playertoken"), child)


def test_a_revocation_that_cannot_be_announced_is_not_made(staff, monkeypatch):
    child = make_child()

    def fail(_token_hash):
        raise RuntimeError

    monkeypatch.setattr(invalidation, "player_token_changed", fail)
    with pytest.raises(RuntimeError):
        revoke(staff, child)

    assert PlayerToken.objects.get(pk=child.token_id).revoked_at is None


def test_revoking_returns_only_tokens_that_were_not_revoked(committed):
    tokens = PlayerToken.objects.filter(pk__in=[make_child().token_id, make_child().token_id])
    first, second = tokens.order_by("pk")

    assert mark_revoked(tokens.filter(pk=first.pk), now=timezone.now()) == [first]
    assert mark_revoked(tokens.order_by("pk")[:2], now=timezone.now()) == [second]
    assert mark_revoked(tokens, now=timezone.now()) == []


def test_staff_only(server):
    client = Client()
    client.force_login(make_user())

    assert client.get(page("viewingsession_changelist")).status_code == 302
