"""GET /catalog/titles: every title by name, kept for an hour (docs/contract.md#catalogue)."""

import time
import uuid

import pytest
from django.utils import timezone

from parental.tokens import families
from perfmetrics.counting.cache import counted
from tests.families import make_child, make_title
from viewing.models import Title


@pytest.fixture(autouse=True)
def _nothing_kept(server):
    counted("catalog").clear()


def titles(http, headers):
    response = http.get("/api/v1/catalog/titles", headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def test_lists_every_title_by_name_whatever_order_they_were_made_in(http):
    child, prefix = make_child(), uuid.uuid4().hex
    low, middle, high = sorted(uuid.uuid4() for _ in range(3))
    Title.objects.create(id=low, name=f"{prefix} b", is_educational=True)
    Title.objects.create(id=high, name=f"{prefix} a")
    Title.objects.create(id=middle, name=f"{prefix} a")

    found = [title for title in titles(http, child.headers) if title["name"].startswith(prefix)]

    assert found == [
        {"id": str(middle), "name": f"{prefix} a", "is_educational": False, "duration_minutes": None},
        {"id": str(high), "name": f"{prefix} a", "is_educational": False, "duration_minutes": None},
        {"id": str(low), "name": f"{prefix} b", "is_educational": True, "duration_minutes": None},
    ]
    sandpit = {"id": str(child.title.id), "name": "The Sandpit", "is_educational": False, "duration_minutes": None}
    assert sandpit in titles(http, child.headers)


def test_is_kept_for_an_hour(http, monkeypatch):
    child = make_child()
    before = titles(http, child.headers)
    made = make_title()
    began = time.time()

    monkeypatch.setattr(time, "time", lambda: began + 3598)
    assert titles(http, child.headers) == before
    monkeypatch.setattr(time, "time", lambda: began + 3601)
    assert str(made.id) in [title["id"] for title in titles(http, child.headers)]


def test_a_parent_may_read_it_too(http):
    child = make_child()
    pair = families.begin_family(child.profile.user_id, now=timezone.now())

    assert titles(http, {"Authorization": f"Bearer {pair.access_token}"}) == titles(http, child.headers)


def test_without_a_valid_token_it_is_401(http):
    response = http.get("/api/v1/catalog/titles")

    assert (response.status_code, response.json()) == (
        401,
        {"detail": "Invalid or missing token", "code": "unauthenticated"},
    )
