"""What pairing by code may cost: polls, codes, rows and statements."""

import pytest

from parental.pairing import screens
from tests.parental.homes import make_home
from tests.parental.pairing.screen import API, approve, show_code
from tests.races import in_parallel
from viewing.models import DevicePairing, PlayerToken


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(screens._pairings._fetcher, "_pause_seconds", 0)


@pytest.fixture
def home(server):
    return make_home()


def test_a_screen_that_asks_too_often_is_slowed_down(http, clock):
    screen = show_code(http)
    assert screen.error(http) == "authorization_pending"
    clock.forward(seconds=2)
    assert screen.error(http) == "slow_down"
    clock.forward(seconds=5)
    assert screen.error(http) == "authorization_pending"


def test_an_unknown_device_code_has_expired(http, home):
    for code in ("sgq_unknown", home.child.token, ""):
        answer = http.post(f"{API}/token", json={"device_code": code})
        assert (answer.status_code, answer.json()["error"]) == (400, "expired_token")


def test_a_source_that_is_known_gets_twenty_codes(http, clock, settings, monkeypatch):
    monkeypatch.setattr("parental.pairing.api.source_of", lambda request: "198.51.100.7")
    for _ in range(20):
        show_code(http)

    answer = http.post(f"{API}/code", json={})

    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    clock.forward(minutes=10)
    show_code(http)


def test_more_codes_than_a_service_wants_are_refused(http, clock, monkeypatch):
    monkeypatch.setattr(
        "parental.limiter.rules.PAIRING_CODES",
        screens.rules.PAIRING_CODES.__class__(f"codes of {clock.now}", 2, screens.rules.TEN_MINUTES),
    )
    show_code(http)
    show_code(http)

    answer = http.post(f"{API}/code", json={})

    assert (answer.status_code, answer.json()["code"]) == (503, "busy")


def test_codes_that_are_over_go_with_the_next_ones(http, home, clock):
    old, kept = show_code(http), show_code(http)
    approve(http, home.parent, kept, home.child.profile)
    clock.forward(minutes=20, seconds=1)
    show_code(http)

    assert not DevicePairing.objects.filter(user_code=old.user_code.replace("-", "")).exists()
    unfetched = kept.row.token_ids
    clock.forward(days=1)
    assert screens.delete_old(now=clock.now) >= 1
    assert not DevicePairing.objects.filter(token_ids=unfetched).exists()
    assert not PlayerToken.objects.filter(pk__in=unfetched).exists()


def test_many_waiting_screens_share_their_statements(http, clock, monkeypatch):
    monkeypatch.setattr(screens._pairings._fetcher, "_pause_seconds", 0.5)
    waiting = [show_code(http) for _ in range(12)]
    reads = []
    read = screens.sql.read_pairings
    monkeypatch.setattr(screens.sql, "read_pairings", lambda hashes: reads.append(len(hashes)) or read(hashes))

    assert set(in_parallel(12, lambda n: waiting[n].error(http))) == {"authorization_pending"}

    assert len(reads) <= 3
    assert sum(reads) == 12
