"""A new PIN for parents without a password of ours: after a login at the issuer that is fresh."""

import uuid
from urllib.parse import parse_qs, urlsplit

import pytest

from parental.models import Pin
from tests.parental.oidc.page_logins import begin, log_in, make_parent, refused, return_from, trust
from tests.parental.pages.visitors import text_of

PINS = {"reset-new_pin": "8024", "reset-again": "8024"}


@pytest.fixture
def provider(server, shared, settings, monkeypatch):
    trust(shared, settings, monkeypatch)
    shared.set_login_time(0)
    return shared


@pytest.fixture
def parent(server):
    return make_parent()


def test_a_fresh_login_sets_a_new_pin(provider, parent, browse, quick_hashes):
    Pin.objects.create(user=parent, pin_hash="!")
    visitor = browse(parent)
    assert "Continue with Streamly" in text_of(visitor.get("/pin"))
    assert visitor.post("/pin/reset", **PINS).status_code == 200
    assert Pin.objects.get(user=parent).pin_hash == "!"

    location = begin(visitor, "?for=pin")
    asked = parse_qs(urlsplit(location).query)
    response = visitor.get(return_from(provider, location, parent.external_id))

    assert (asked["max_age"], asked["prompt"]) == (["300"], ["login"])
    assert response.headers["location"] == "/pin"
    assert visitor.post("/pin/reset", **PINS).status_code == 302
    assert Pin.objects.get(user=parent).pin_hash != "!"
    assert visitor.post("/pin/reset", **PINS).status_code == 200  # one login sets one PIN


def test_a_login_that_is_not_fresh_or_another_persons_sets_none(provider, parent, browse):
    Pin.objects.create(user=parent, pin_hash="!")
    visitor = browse(parent)

    for subject, age, claims in (
        (parent.external_id, 400, {}),
        (parent.external_id, 0, {"auth_time": ...}),
        (f"acct:{uuid.uuid4()}", 0, {}),
    ):
        provider.set_login_time(age)
        assert refused(log_in(visitor, provider, subject, "?for=pin", **claims))
        visitor.post("/pin/reset", **PINS)
        assert Pin.objects.get(user=parent).pin_hash == "!"
