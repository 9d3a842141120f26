"""Two families that are the same but for their ids, and requests that are sent for both: one by each way."""

import json
import re
import uuid
from collections import Counter
from contextlib import closing
from datetime import timedelta

from django.utils import timezone

from config.server import express
from parental.tokens import families
from perfmetrics.counting import cache, metrics
from tests import wire
from tests.families import NIL, make_gateway, make_player, make_title, make_user
from viewing.hotpath import invalidation
from viewing.models import PlayerToken, ViewingSession, ViewingTimeBalance, ViewingTimeConfig

UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# What differs between two answers that are the same: the moment, the time taken, the request.
OWN_HEADERS = (b"date:", b"x-process-time:", b"x-request-id:")
UNKNOWN_TOKENS = ("sgp_unknown", "sgg_unknown", "sga_a.b.c", "", "x", " sgp_x", "sgp_\xff")


class Twin:
    """One of the two families. `names` gives each of its ids the same name as the other's."""

    def __init__(self):
        user, stranger = make_user(), make_user()
        self.titles = [make_title(), make_title(is_educational=True), make_title("Seven")]
        self.players = [
            make_player(user, title=self.titles[0]),
            make_player(user, title=self.titles[0], weekday_limit_minutes=15, weekend_limit_minutes=15),
            make_player(user, title=self.titles[0], is_kids=False),
            make_player(stranger, title=self.titles[0]),
        ]
        now = timezone.now()
        expired, revoked = make_player(user), make_player(user)
        PlayerToken.objects.filter(id=expired.token_id).update(expires_at=now - timedelta(seconds=1))
        PlayerToken.objects.filter(id=revoked.token_id).update(revoked_at=now)
        pairs = [families.begin_family(each.id, now=now) for each in (user, stranger)]
        self.tokens = [
            *(player.token for player in self.players),
            expired.token,
            revoked.token,
            make_gateway().token,
            *(pair.access_token for pair in pairs),
            pairs[0].refresh_token,
            pairs[0].access_token[:-1],
            *UNKNOWN_TOKENS,
        ]
        self.sessions = [NIL, str(uuid.uuid4())]
        self.names = {}
        for each in (*self.titles, *(player.profile for player in self.players)):
            self._name(str(each.id))
        self._name(self.sessions[1])
        self.latest = {}
        self._client = None

    def _name(self, id_):
        self.names.setdefault(id_.encode(), b"the id number %d" % len(self.names))

    def _note_session(self, player, id_):
        """The session that an answer names, as a player would keep it."""
        self.latest[player] = id_
        if id_ not in self.sessions:
            self.sessions.append(id_)
            self._name(id_)

    def renamed(self, text):
        return UUID.sub(lambda found: self.names.get(found[0], found[0]), text)

    # What happens to both --------------------------------------------------------------------------------------------

    def body(self, about):
        """The bytes of a body: `about` names profile, title and session by their numbers."""
        latest = self.latest.get(about["player"], NIL)
        fields = {
            "profile_id": str(self.players[about["player"]].profile.id),
            "title_id": str(self.titles[about["title"]].id) if about["title"] is not None else str(uuid.UUID(int=7)),
            "device_id": "living-room",
            "session_id": latest if about["session"] is None else self.sessions[about["session"] % len(self.sessions)],
            **about["fields"],
        }
        return about["mangle"](json.dumps({name: value for name, value in fields.items() if value is not ...}).encode())

    def request(self, about, way):
        token = self.tokens[about["token"] % len(self.tokens)]
        headers = [line.replace("TOKEN", token) for line in about["headers"]]
        body = self.body(about)
        if about["is_chunked"]:
            headers.append("Transfer-Encoding: chunked")
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        else:
            headers.append(f"Content-Length: {len(body)}")
        head = "\r\n".join([f"{about['line']} HTTP/1.1", "Host: localhost", f"X-Way: {way}", *headers, "", ""])
        return head.encode("latin-1") + body

    def send(self, url, about, way):
        """The answer: its head without what differs anyway, and its body, with names for ids."""
        if self._client is None:
            self._client = wire.connect(url)
        self._client.sendall(self.request(about, way))
        head, body = wire.read_answer(self._client, has_body=not about["line"].startswith("HEAD"))
        if b"connection: close" in head:
            self._close()
        if b'"session_id":"' in body:
            self._note_session(about["player"], json.loads(body)["session_id"])
        lines = head.split(b"\r\n")
        assert all(any(line.startswith(name) for line in lines) for name in OWN_HEADERS), head
        return [line for line in lines if not line.startswith(OWN_HEADERS)], self.renamed(body)

    def send_together(self, url, about, way, count):
        """The answers to the same request sent several times side by side, in any order."""
        clients = [wire.connect(url) for _ in range(count)]
        for client in clients:
            client.sendall(self.request(about, way))
        answers = []
        for client in clients:
            with closing(client):
                head, body = wire.read_answer(client, has_body=not about["line"].startswith("HEAD"))
            answers.append((head.split(b"\r\n")[0], UUID.sub(b"an id", body)))
        return sorted(answers)

    def use_up(self, player, seconds):
        self.players[player].use_up(seconds)

    def set_limit(self, player, minutes):
        profile_id = self.players[player].profile.id
        config = ViewingTimeConfig.objects.filter(profile_id=profile_id)
        config.update(weekday_limit_minutes=minutes, weekend_limit_minutes=minutes)
        invalidation.profile_changed(profile_id)

    def state(self):
        """What the database holds of the family, in any order, with names for ids."""
        ids = [player.profile.id for player in self.players]
        columns = [field.attname for field in ViewingSession._meta.concrete_fields if field.attname != "id"]
        sessions = ViewingSession.objects.filter(profile__in=ids).values_list(*columns)
        balances = ViewingTimeBalance.objects.filter(profile__in=ids).values_list("profile_id", "day", "used_seconds")
        return sorted(self.renamed(repr([str(value) for value in row]).encode()) for row in (*sessions, *balances))

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._close()

    def _close(self):
        if self._client is not None:
            self._client.close()
            self._client = None


def counts():
    """Everything that a heartbeat or its refusal is counted in."""
    found = Counter()
    for name, counter in metrics.heartbeats.items():
        found["heartbeats", name] = counter._value.get()
    for name, counter in metrics.statements.items():
        found["statements", name] = counter._value.get()
    for labels, counter in metrics.refusals._metrics.items():
        found["refusals", labels] = counter._value.get()
    found["failures"] = metrics.failures._value.get()
    histograms = {("request", labels): each for labels, each in metrics.request_seconds._metrics.items()}
    histograms |= {"heartbeat": metrics.heartbeat_seconds, "batches": metrics.batch_size, "wait": metrics.queue_wait}
    for name, histogram in histograms.items():
        found[name] = sum(bucket.get() for bucket in histogram._buckets)
    for name, figures in cache._figures.items():
        found[name, "hits"], found[name, "misses"], found[name, "fills"] = figures.hits, figures.misses, figures.fills
    return found


def by_header(monkeypatch):
    """Requests with the header `X-Way: ordinary` do not take the lane; for each other one, whether it did."""
    lane, taken = express.answer, []

    async def answer(scope, body, send):
        if (b"x-way", b"ordinary") in scope["headers"]:
            return False
        is_answered = await lane(scope, body, send)
        taken.append(is_answered or express.ERROR in scope)
        return is_answered

    monkeypatch.setattr(express, "answer", answer)
    return taken
