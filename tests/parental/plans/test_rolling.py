"""Workers of the release before week plans alongside new ones, with WEEK_PLAN off, on and off again, under load.

Every answered beat counts once in every phase. Old workers, and new ones with the switch off, enforce the least limit
of each class of days and no hours; a lock holds whatever the switch says.
"""

import asyncio
import random
import subprocess
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from parental.plans import plans, storage
from parental.plans.schemas import PlanIn
from tests import processes
from tests.families import make_child
from tests.load import Connection
from viewing.models import ViewingTimeConfig
from viewing.rules.documents import WEEKDAYS

# The last commit that knew no week plan.
BEFORE = "52962b5"
PLAYERS = 12
PHASE_SECONDS = 2.5
PHASES = (("old",), ("old", "off"), ("off",), ("off", "on"), ("on",), ("on", "off"), ("off",), ("off", "old"))


@pytest.fixture(scope="module")
def old_checkout(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("before")
    archive = subprocess.run(["git", "archive", BEFORE], cwd=processes.PROJECT, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip("The history of this checkout does not reach that far back.")
    subprocess.run(["tar", "x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder


@dataclass
class Seen:
    """What the players were answered: statuses, and the answered beats of each session."""

    statuses: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)


class Roll:
    """Players whose beats go to any of the services that are up in the phase."""

    def __init__(self, urls: dict[str, str]) -> None:
        self.urls, self.up, self.is_over, self.seen = urls, ("old",), False, Seen()

    async def play(self, player, dice):
        lines = {name: Connection(url, player.token) for name, url in self.urls.items()}
        session_id, sequence = None, 0
        while not self.is_over:
            sequence += 1
            body = player.body(session_id=session_id, sequence=sequence)
            status, answer = await lines[dice.choice(self.up)].post(body)
            self.seen.statuses[status] += 1
            self.seen.reasons[answer.get("reason", "")] += 1
            session_id = answer["session_id"]
            self.seen.counted[session_id] += 1
        for line in lines.values():
            await line.close()

    async def run(self, players, probe):
        tasks = [asyncio.create_task(self.play(player, random.Random(n))) for n, player in enumerate(players)]
        for phase in PHASES:
            self.up = phase
            await asyncio.sleep(PHASE_SECONDS)
            for name in phase:
                await probe(name)
        self.is_over = True
        await asyncio.gather(*tasks)


def with_plan(child, **changes):
    body = PlanIn.model_validate(changes)
    plans.change(child.profile.id, body, user_id=child.profile.user_id, now=timezone.now())
    return child


@pytest.mark.slow
def test_no_beat_is_lost_whichever_workers_run(committed, real_time, old_checkout, tmp_path):
    today = WEEKDAYS[timezone.now().weekday()]
    week = {"limit_minutes": 10_080, "carry_over_minutes": 60}
    players = [make_child(weekday_limit_minutes=1440, weekend_limit_minutes=1440) for _n in range(PLAYERS)]
    for player in players[::2]:
        with_plan(player, days={today: {"limit_minutes": 1425}}, week=week, soft_end={"finish_title_minutes": 15})
    closed = with_plan(make_child(), days={today: {"windows": []}})
    others = {day: {"limit_minutes": 15} for day in WEEKDAYS if day != today}
    seven = with_plan(make_child(), days={**others, today: {"limit_minutes": 120}})
    seven.use_up(20 * 60)
    locked = make_child()
    storage.write(
        ViewingTimeConfig.objects.get(pk=locked.profile.id),
        {"locked_at": timezone.now() - timedelta(minutes=1)},
        now=timezone.now(),
    )
    expected = {
        "old": ["", "limit_reached", ""],
        "off": ["", "limit_reached", "locked"],
        "on": ["outside_hours", "", "locked"],
    }
    found = []

    with ExitStack() as stack:
        urls = {}
        for name, how in (
            ("old", {"project": old_checkout}),
            ("off", {"WEEK_PLAN": "false"}),
            ("on", {"WEEK_PLAN": "true"}),
        ):
            urls[name] = stack.enter_context(processes.service(tmp_path / name, **how)).url

        async def probe(name):
            reasons = []
            for child in (closed, seven, locked):
                line = Connection(urls[name], child.token)
                _status, answer = await line.post(child.body())
                await line.close()
                reasons.append(answer.get("reason", ""))
            found.append((name, reasons))

        roll = Roll(urls)
        asyncio.run(roll.run(players, probe))

    assert found == [(name, expected[name]) for phase in PHASES for name in phase]
    assert set(roll.seen.statuses) == {200}
    assert set(roll.seen.reasons) == {""}
    for player in players:
        (session,) = player.sessions()
        assert session.counted_seconds == 30 * roll.seen.counted[str(session.id)]
        assert player.balance().used_seconds == session.counted_seconds
