"""Week plans when days turn, hosts disagree, or nobody can check."""

import httpx
import pytest
from django.db import OperationalError
from django.utils import timezone

import viewing.heartbeats.sql
from parental.events.record import Actor
from parental.plans import locks, plans
from parental.plans.schemas import LockIn, PlanIn
from tests.families import make_child
from tests.parental.plans.berlin import NIGHTS, make_house, utc
from tests.races import until
from viewing.rules.documents import WEEKDAYS


@pytest.fixture
def house(http, clock):
    return make_house(http, clock)


def test_the_reset_cuts_no_window_but_turns_the_session(house):
    house.plan(days={"saturday": {"windows": [{"from": "05:00", "to": "08:00"}]}})
    friday = house.at("2026-11-28 05:59:30").beat()
    assert (friday["remaining_minutes"], friday["closes_at"]) == (59.5, utc("2026-11-28 08:00"))
    saturday = house.at("2026-11-28 06:00").beat(session_id=friday["session_id"])
    assert saturday["session_id"] != friday["session_id"]
    assert (saturday["used_minutes"], saturday["remaining_minutes"]) == (0.5, 119.5)
    assert saturday["closes_at"] == utc("2026-11-28 08:00")


def test_a_day_that_is_held_keeps_what_it_began_with(house):
    house.at("2026-11-23 12:00").plan(week={"carry_over_minutes": 30})
    house.use(60, "2026-11-23")
    house.use(40, "2026-11-24")
    house.at("2026-11-25 10:00").home.change_with_pin(house.http, reset_hour=12)
    for at in ("2026-11-25 10:00", "2026-11-26 11:59"):
        balance = house.at(at).balance()
        assert (balance["carried_minutes"], balance["remaining_minutes"]) == (20, 80)
    turned = house.at("2026-11-26 12:00").balance()
    # Wednesday left all of its 80 minutes, of which 30 are carried.
    assert (turned["carried_minutes"], turned["remaining_minutes"]) == (30, 90)


def test_a_paused_film_keeps_its_chance_but_not_beyond_bedtime(house):
    house.plan(quiet=NIGHTS, soft_end={"finish_title_minutes": 15})
    session = house.at("2026-11-25 18:00").beat()
    house.use(60, "2026-11-25")
    sent = {"session_id": session["session_id"], "duration_seconds": 1440, "position_seconds": 960}
    for at in ("2026-11-25 18:01", "2026-11-25 18:20"):
        paused = house.at(at).beat(**sent, is_paused=True)
        assert (paused["finishing"], paused["used_minutes"]) == (True, 60)
    assert house.at("2026-11-25 20:36").beat(**sent)["finishing"] is True
    assert house.at("2026-11-25 20:46").beat(**sent)["reason"] == "outside_hours"


def test_what_cannot_be_checked_is_blocked_whatever_the_plan(house, monkeypatch):
    house.plan(quiet=NIGHTS)

    def fail(_beats):
        raise OperationalError("gone")

    monkeypatch.setattr(viewing.heartbeats.sql, "begin_sessions", fail)
    answer = house.beat()
    assert (answer["enforcement"], answer["reason"]) == ("blocked", "unavailable")
    assert not {"next_allowed_at", "limited_by", "closes_at", "sentence"} & answer.keys()


def test_every_worker_hears_of_a_lock_and_of_a_plan(three_workers):
    child = make_child()
    user_id = child.profile.user_id

    def reasons():
        def ask():
            with httpx.Client(base_url=three_workers.url, timeout=30) as http:
                return child.beat(http).json().get("reason")

        return set(three_workers.ask_each(ask))

    assert reasons() == {None}
    body = LockIn.model_validate({"profile_ids": [child.profile.id]})
    locks.lock(user_id, body, actor=Actor("parent", user_id), now=timezone.now())
    until(lambda: reasons() == {"locked"})
    locks.unlock(user_id, None, actor=Actor("parent", user_id), now=timezone.now())
    every = {weekday: {"windows": []} for weekday in WEEKDAYS}
    plans.change(child.profile.id, PlanIn.model_validate({"days": every}), user_id=user_id, now=timezone.now())
    until(lambda: reasons() == {"outside_hours"})
