"""Live events: states sent within a moment of a decision, to whom they concern, and to nobody else."""

import uuid

import pytest
from django.utils import timezone

from parental.live import access
from parental.tokens import families
from tests.families import make_player
from tests.http import status_and_body
from tests.parental.asked import make_asking_home
from tests.parental.homes import DENIED
from tests.parental.live.reader import Reader
from tests.races import until
from viewing.hotpath import lookup
from viewing.live.hub import hub

API = "/api/v1/viewing-time"


@pytest.fixture
def home(server):
    return make_asking_home()


@pytest.fixture
def listen(server):
    readers = []

    def open_one(path, who):
        readers.append(Reader(f"{server}{API}{path}", who.headers))
        return readers[-1]

    yield open_one
    for reader in readers:
        reader.close()
    until(lambda: hub.size() == 0)


def child_path(home):
    return f"/events/{home.child.profile.id}"


def test_it_begins_with_the_whole_state(http, home, listen):
    reader = listen(child_path(home), home.child)

    state = reader.wait_for("state").data

    assert reader.lines[:3] == ["retry: 3000", "", "event: state"]
    polled = http.get(f"{API}/state/{home.child.profile.id}", headers=home.child.headers)
    assert state["profiles"] == polled.json()["profiles"]
    (profile,) = state["profiles"]
    assert profile["balance"] == http.get(f"{API}/balance/{home.child.profile.id}", headers=home.child.headers).json()
    assert profile["request"] == {"open": None, "last": None, "may_ask_at": None}
    assert (profile["lock"], profile["session"], profile["grants"]) == (None, None, [])


def test_polling_costs_a_304_until_something_changes(http, home):
    url, headers = f"{API}/state/{home.child.profile.id}", home.child.headers
    first = http.get(url, headers=headers)
    again = http.get(url, headers={**headers, "If-None-Match": first.headers["etag"]})
    home.grant(http, 15)
    changed = http.get(url, headers={**headers, "If-None-Match": first.headers["etag"]})

    assert (first.status_code, again.status_code, again.content, changed.status_code) == (200, 304, b"", 200)
    assert first.headers["etag"].startswith('W/"')


def test_what_a_parent_decides_is_told(http, home, listen):
    reader = listen(child_path(home), home.child)
    reader.wait_for("state")

    def seen_after(name, act):
        count = len(reader.events)
        act()
        return reader.wait_for(name, after=count).data

    grant = seen_after("grant", lambda: home.grant(http, 15))
    assert (grant["grants"][0]["minutes"], grant["balance"]["remaining_minutes"]) == (15, 15)
    back = seen_after("grant", lambda: home.take_back(http, grant["grants"][0]["grant_id"]))
    assert back["grants"][0]["taken_back_at"] is not None
    assert seen_after("limits", lambda: home.change(http, weekday_limit_minutes=180))["weekday_limit_minutes"] == 180
    lock = {"profile_ids": [str(home.child.profile.id)], "note": "dinner"}
    url = "/api/v1/parental-controls/lock"
    assert seen_after("lock", lambda: http.post(url, json=lock, headers=home.parent.headers))["note"] == "dinner"
    assert seen_after("unlock", lambda: http.delete(url, headers=home.parent.headers)) == {
        "profile_id": str(home.child.profile.id)
    }
    asked = seen_after("request", lambda: home.ask(http, reason="please"))
    assert asked["open"]["reason"] == "please"
    answered = seen_after("request", lambda: home.answer(http, asked["open"]["id"], note="ok"))
    assert (answered["open"], answered["last"]["state"], answered["last"]["note"]) == (None, "granted", "ok")
    assert answered["last"]["answered_by"] == {"kind": "parent", "name": None}
    balance = http.get(f"{API}/balance/{home.child.profile.id}", headers=home.child.headers).json()
    until(lambda: [event.data for event in reader.events if event.name == "balance"][-1].items() >= balance.items())


def test_what_did_not_change_is_not_told_again(http, home, listen):
    reader = listen(child_path(home), home.child)
    reader.wait_for("state")
    home.grant(http, 15)
    reader.wait_for("grant")
    count = len(reader.events)

    lookup.invalidate(("profiles", home.child.profile.id))
    home.ask(http)
    reader.wait_for("request", after=count)

    assert [event.name for event in reader.events[count:]] == ["request"]


def test_an_accounts_stream_has_all_of_its_profiles(http, home, listen):
    sibling = make_player(home.parent.user)
    reader = listen("/events", home.parent)

    state = reader.wait_for("state").data
    assert [profile["profile_id"] for profile in state["profiles"]] == [
        str(home.child.profile.id),
        str(sibling.profile.id),
    ]
    home.ask(http)
    assert reader.wait_for("request").data["profile_id"] == str(home.child.profile.id)


def test_a_playing_child_is_read_every_ten_seconds(http, listen):
    home = make_asking_home(weekday_limit_minutes=480, weekend_limit_minutes=480)
    home.child.watch(http, 1)
    reader = listen(child_path(home), home.child)
    session = reader.wait_for("state").data["profiles"][0]["session"]
    assert (session["device_type"], session["is_paused"]) == ("tv", False)

    home.child.beat(http, session_id=session["session_id"])
    for turn in range(6):
        hub._loop.call_soon_threadsafe(hub._tick, turn)  # the tick's, without its 10 s

    assert reader.wait_for("balance").data["used_minutes"] == 121


def test_who_may_not_listen(http, home):
    stranger = make_asking_home()
    token = access.make_token(home.parent.user.pk, uuid.uuid4())

    def get(path, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return http.get(f"{API}{path}", headers=headers)

    theirs = [get(child_path(stranger), home.child.token), get(f"/events/{uuid.uuid4()}", home.child.token)]
    assert [status_and_body(answer) for answer in theirs] == [DENIED, DENIED]
    assert get("/events", home.child.token).json()["code"] == "caller"
    assert get("/events", token).status_code == 401
    assert get(f"/balance/{home.child.profile.id}", token).status_code == 401
    for name in ("token", "access_token"):
        assert get(f"{child_path(home)}?{name}={home.child.token}").status_code == 401
    assert http.post(f"{API}{child_path(home)}", headers=home.child.headers).status_code == 405


def test_a_pages_token_opens_the_accounts_stream(home, listen):
    login = families.TokenFamily.objects.filter(user=home.parent.user).first()

    class Page:
        headers = {"Authorization": f"Bearer {access.make_token(home.parent.user.pk, login.pk)}"}

    reader = listen("/events", Page)
    assert reader.wait_for("state").data["profiles"][0]["profile_id"] == str(home.child.profile.id)
    families.end_families([login.pk], now=timezone.now())
    assert reader.wait_for("bye").data == {"reason": "revoked"}
    reader.wait_for_the_end()


def test_a_revoked_device_is_told_and_ended(http, home, listen):
    reader = listen(child_path(home), home.child)
    reader.wait_for("state")

    http.delete(f"/api/v1/auth/player-tokens/{home.child.token_id}", headers=home.parent.headers)

    assert reader.wait_for("bye").data == {"reason": "revoked"}
    reader.wait_for_the_end()


def test_of_five_streams_of_one_token_the_first_ends(home, listen):
    first, *others = [listen(child_path(home), home.child) for _ in range(4)]
    for reader in (first, *others):
        reader.wait_for("state")
    oldest = next(iter(hub._streams))

    fifth = listen(child_path(home), home.child)

    fifth.wait_for("state")
    until(lambda: sum(reader.is_over for reader in (first, *others)) == 1)
    (ended,) = [reader for reader in (first, *others) if reader.is_over]
    assert ended.wait_for("bye").data == {"reason": "too_many"}
    assert oldest not in hub._streams


def test_a_full_worker_says_when_to_come_back(http, home, settings):
    settings.EVENTS_MAX_STREAMS = 0

    answer = http.get(f"{API}{child_path(home)}", headers=home.child.headers)

    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "busy", "30")


def test_a_removed_profiles_stream_ends(http, home, listen, browse):
    reader = listen(child_path(home), home.parent)
    reader.wait_for("state")

    browse(home.parent.user).post(f"/children/{home.child.profile.id}/remove")

    assert reader.wait_for("bye").data == {"reason": "gone"}
