"""Pairing by code: /auth/device/code, /token, /by-code/{user_code} and /approve."""

import uuid

import pytest
from django.db import connection

from parental.models import AuditEntry
from parental.pairing import screens
from tests.families import make_player
from tests.parental.cast import bearer, fields_of, log_in, make_parent
from tests.parental.homes import make_home
from tests.parental.pairing.screen import API, approve, look_up, show_code
from tests.races import in_parallel
from viewing.models import OutboxEvent, PlayerToken

DENIED = (403, {"detail": "Profile not found or access denied", "code": "access_denied"})


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(screens._pairings._fetcher, "_pause_seconds", 0)


@pytest.fixture
def home(server):
    return make_home()


def balance(http, player):
    path = f"/api/v1/viewing-time/balance/{player['profile_id']}"
    return http.get(path, headers=bearer(player["player_token"])).status_code


def stored():
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        tables = [name for (name,) in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            found += [text for (text,) in cursor.fetchall()]
    return "\n".join(found)


def test_a_screen_gets_a_code_to_show_and_where_to_enter_it(http, server):
    screen = show_code(http)

    assert screen.answer == {
        "device_code": screen.device_code,
        "user_code": screen.user_code,
        "verification_uri": f"{server}/connect",
        "verification_uri_complete": f"{server}/connect?code={screen.user_code}",
        "expires_in": 600,
        "interval": 5,
    }
    assert set(screen.user_code.replace("-", "")) <= set("BCDFGHJKLMNPQRSTVWXZ")
    assert (len(screen.user_code), screen.user_code[4]) == (9, "-")


def test_approved_it_gets_a_token_that_plays_and_no_plain_token_is_stored(http, home):
    screen = show_code(http, device_type="tv")
    assert screen.error(http) == "authorization_pending"

    answer = approve(http, home.parent, screen, home.child.profile, device_name="Living room TV")

    assert (answer.status_code, answer.json()) == (200, {"state": "approved"})
    (player,) = screen.players(http)
    assert set(player) == {"profile_id", "profile_name", "player_token", "token_id", "expires_at"}
    assert (player["profile_id"], player["profile_name"]) == (str(home.child.profile.id), "Mia")
    assert balance(http, player) == 200
    assert PlayerToken.objects.get(pk=player["token_id"]).device_name == "Living room TV"
    text = stored()
    assert player["token_id"] in text, "the dump is complete"
    assert player["player_token"] not in text
    assert screen.device_code not in text


def test_one_of_parallel_polls_gets_the_token(http, home):
    screen = show_code(http)
    approve(http, home.parent, screen, home.child.profile)

    answers = in_parallel(20, lambda _: screen.poll(http))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
    refused = {answer.json()["error"] for answer in answers if answer.status_code == 400}
    assert refused == {"authorization_pending"}


def test_the_approval_is_recorded_once(http, home):
    screen = show_code(http)
    approve(http, home.parent, screen, home.child.profile)
    (player,) = screen.players(http)

    (entry,) = AuditEntry.objects.filter(family=home.parent.user, kind="device_paired")
    assert (entry.profile_id, entry.actor_kind, entry.actor_label) == (home.child.profile.id, "parent", "TV")
    assert entry.data == {"token_id": player["token_id"]}
    (event,) = OutboxEvent.objects.filter(family_id=home.parent.user.pk, type="device.paired")
    assert (event.profile_id, event.data) == (home.child.profile.id, {"token_id": player["token_id"]})


def test_several_children_play_on_one_screen_each_with_a_token(http, home):
    sister = make_player(home.parent.user)
    screen = show_code(http)

    assert approve(http, home.parent, screen, home.child.profile, sister.profile).status_code == 200

    players = screen.players(http)
    assert [player["profile_id"] for player in players] == [str(home.child.profile.id), str(sister.profile.id)]
    assert [balance(http, player) for player in players] == [200, 200]
    crossed = {**players[0], "profile_id": players[1]["profile_id"]}
    assert balance(http, crossed) == 403


def test_a_lost_answer_is_repeated_with_another_token(http, home, clock):
    screen = show_code(http)
    approve(http, home.parent, screen, home.child.profile)
    (lost,) = screen.players(http)
    assert balance(http, lost) == 200

    clock.forward(seconds=5)
    (again,) = screen.players(http)

    assert again["token_id"] == lost["token_id"]
    assert again["player_token"] != lost["player_token"]
    assert (balance(http, lost), balance(http, again)) == (401, 200)
    clock.forward(seconds=61)
    assert screen.error(http) == "expired_token"
    assert balance(http, again) == 200


@pytest.mark.parametrize("typed", ["{0}", "{1}", "{2}"])
def test_a_code_is_read_as_people_type_it(http, home, typed):
    shown = show_code(http, device_name="Kitchen").user_code
    forms = (shown.lower().replace("-", " "), shown, shown.lower().replace("-", ""))

    answer = look_up(http, home.parent, typed.format(*forms))

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["device_name"], body["device_type"]) == ("Kitchen", "tv")
    assert 590 < body["expires_in"] <= 600


@pytest.mark.parametrize("typed", ["BCDF-GHJ0", "BCDF-GHJA", "BCDF-GHJY", "BCDF-GHJ", "BCDF-GHJKL", "ВСDF-GHJK"])
def test_anything_else_is_no_code(http, home, typed):
    assert fields_of(look_up(http, home.parent, typed)) == [(["path", "user_code"], "user_code")]


def test_ten_unknown_codes_lock_an_account_out_and_no_other(http, home, clock):
    screen = show_code(http)
    guesser = make_parent()
    for _ in range(10):
        assert look_up(http, guesser, "BBBBBBBB").status_code == 404

    late = look_up(http, guesser, screen.user_code)

    assert (late.status_code, late.json()["code"]) == (429, "too_many_tries")
    assert 0 < int(late.headers["Retry-After"]) <= 600
    assert approve(http, guesser, screen).status_code == 422
    assert approve(http, guesser, screen, home.child.profile).status_code == 429
    assert look_up(http, home.parent, screen.user_code).status_code == 200
    clock.forward(minutes=10)
    assert look_up(http, guesser, "BBBBBBBB").status_code == 404


def test_known_codes_are_no_guesses(http, home):
    screen = show_code(http)

    assert {look_up(http, home.parent, screen.user_code).status_code for _ in range(12)} == {200}


def test_with_a_pin_its_proof_is_needed(http, home):
    screen, pin_token = show_code(http), home.pin_token()

    refused = approve(http, home.parent, screen, home.child.profile)

    assert (refused.status_code, refused.json()["code"]) == (403, "pin_required")
    assert screen.error(http) == "authorization_pending"
    assert approve(http, home.parent, screen, home.child.profile, pin_token=pin_token).status_code == 200


def test_a_profile_that_is_not_the_accounts_is_refused_as_an_unknown_one(http, home):
    screen, stranger = show_code(http), make_parent()
    own = make_player(stranger.user).profile
    for ids in ([home.child.profile.id], [uuid.uuid4()], [own.id, home.child.profile.id]):
        body = {"user_code": screen.user_code, "profile_ids": [str(id_) for id_ in ids]}
        answer = http.post(f"{API}/approve", json=body, headers=stranger.headers)
        assert (answer.status_code, answer.json()) == DENIED
    assert screen.row.state == "pending"


def test_a_code_ends_after_ten_minutes(http, home, clock):
    screen = show_code(http)
    clock.forward(minutes=10, seconds=1)

    assert look_up(http, home.parent, screen.user_code).status_code == 404
    assert approve(http, home.parent, screen, home.child.profile).status_code == 404
    assert screen.error(http) == "expired_token"


def test_approved_at_the_last_moment_it_can_still_be_fetched(http, home, clock):
    screen = show_code(http)
    clock.forward(minutes=9, seconds=59)
    assert approve(http, home.parent, screen, home.child.profile).status_code == 200
    clock.forward(seconds=30)

    assert len(screen.players(http)) == 1


def test_a_code_is_approved_once(http, home):
    screen, other = show_code(http), log_in(make_home().parent.user)
    assert approve(http, home.parent, screen, home.child.profile).status_code == 200

    for parent, profile in ((home.parent, home.child.profile), (other, home.child.profile)):
        answer = approve(http, parent, screen, profile)
        assert (answer.status_code, answer.json()["code"]) == (409, "code_used")
    assert PlayerToken.objects.filter(pk__in=screen.row.token_ids).count() == 1


def test_parallel_approvals_make_one_token(http, home):
    screen = show_code(http)

    answers = in_parallel(8, lambda _: approve(http, home.parent, screen, home.child.profile).status_code)

    assert sorted(answers) == [200] + [409] * 7
    assert PlayerToken.objects.filter(profile=home.child.profile).count() == 2  # with the one that it had


def test_a_denied_screen_is_refused(http, home):
    screen = show_code(http)

    answer = approve(http, home.parent, screen, deny=True)

    assert (answer.status_code, answer.json()) == (200, {"state": "denied"})
    assert screen.error(http) == "access_denied"


def test_a_child_removed_or_a_device_disconnected_before_the_screen_asks(http, home):
    gone, revoked = show_code(http), show_code(http)
    approve(http, home.parent, gone, home.child.profile)
    approve(http, home.parent, revoked, home.child.profile)
    (token_id,) = revoked.row.token_ids
    http.delete(f"/api/v1/auth/player-tokens/{token_id}", headers=home.parent.headers)
    assert revoked.error(http) == "access_denied"

    home.child.profile.delete()

    assert gone.error(http) == "access_denied"
