"""No sequence of settings, grants and beats yields more than a day's limit and grants a day."""

import os
from datetime import UTC, datetime, timedelta
from math import inf

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.parental.homes import make_home

NIGHTLY = os.environ.get("NIGHTLY") == "true"
ZONES = st.sampled_from(["UTC", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
HOURS = st.integers(0, 23)
LIMITS = st.sampled_from([15, 15, 15, 30, None])
MINUTES = st.sampled_from([15, 20, 20, None])


class LifeOfAFamily(RuleBasedStateMachine):
    """A child that watches whenever it may, on a device that obeys; a parent that changes its mind. Over HTTP.

    The ledger of a viewing day, in minutes, is kept here from what the two did: what was watched, the highest limit
    that was in force, and what was granted and not taken back.
    """

    def __init__(self, http, clock):
        super().__init__()
        self.http, self.clock = http, clock

    @initialize(reset_hour=HOURS, timezone=ZONES, limit=LIMITS, hours=st.integers(0, 24 * 7))
    def begin(self, reset_hour, timezone, limit, hours):
        self.clock.now = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hours)
        self.home = make_home(
            reset_hour=reset_hour, timezone=timezone, weekday_limit_minutes=limit, weekend_limit_minutes=15
        )
        self.session_id = None
        self.begin_day()

    def begin_day(self):
        self.watched, self.granted, self.grants, self.highest_limit = 0.0, 0, {}, 0
        self.look()

    def look(self):
        """The balance must agree with the ledger, and the ledger with the rule."""
        answer = self.home.balance(self.http)
        self.limit = inf if answer["limit_minutes"] is None else answer["limit_minutes"]
        self.highest_limit = max(self.highest_limit, self.limit)
        self.until = datetime.fromisoformat(answer["next_reset_at"])
        assert (answer["used_minutes"], answer["granted_minutes"]) == (self.watched, self.granted)
        assert answer["is_unlimited_override"] is self.is_unlimited
        left = max(0, self.limit + self.granted - self.watched)
        assert answer["remaining_minutes"] == (None if self.is_unlimited or left == inf else left)
        assert self.is_unlimited or self.watched <= self.highest_limit + self.granted

    @property
    def is_unlimited(self):
        return None in self.grants.values()

    def pass_time(self, **amount):
        target = self.clock.now + timedelta(**amount)
        began = None
        while self.until <= target:
            assert began is None or self.until - began >= timedelta(hours=20)
            began = self.clock.now = self.until
            self.begin_day()
        self.clock.now = target

    @rule(minutes=st.sampled_from([1, 60 * 5, 60 * 23]))
    def wait(self, minutes):
        self.pass_time(minutes=minutes)

    @rule()
    def wait_until_just_before_the_reset(self):
        self.clock.now = max(self.clock.now, self.until - timedelta(seconds=1))

    @rule(beats=st.sampled_from([1, 80]), is_first=st.booleans())
    def watch(self, beats, is_first):
        if is_first:
            self.session_id = None
        url = f"/api/v1/viewing-time/playback-eligible/{self.home.child.profile.id}"
        may_watch = self.http.get(url, headers=self.home.child.headers).json()["eligible"]
        for _ in range(beats):
            if not may_watch:
                break
            answer = self.home.child.beat(self.http, session_id=self.session_id).json()
            self.session_id, may_watch = answer["session_id"], answer["enforcement"] != "blocked"
            self.watched += 0.5
            self.pass_time(seconds=30)
        self.look()

    @rule(minutes=MINUTES)
    def grant(self, minutes):
        self.grants[self.home.grant(self.http, minutes).json()["grant_id"]] = minutes
        self.granted += minutes or 0
        self.look()

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def take_back(self, data):
        grant_id = data.draw(st.sampled_from(list(self.grants)))
        assert self.home.take_back(self.http, grant_id).status_code == 200
        minutes = self.grants.pop(grant_id)
        if minutes is not None:
            self.granted -= max(0, min(minutes, self.limit + self.granted - self.watched))
        elif not self.is_unlimited:
            self.granted = max(self.granted, self.watched - self.limit)
        self.look()

    @rule(minutes=MINUTES, data=st.data())
    def grant_watch_and_take_back(self, minutes, data):
        self.grant(minutes)
        self.watch(beats=80, is_first=False)
        if self.grants:  # the day may have turned
            self.take_back(data)

    @rule(
        changed=st.fixed_dictionaries(
            {}, optional={"timezone": ZONES, "reset_hour": HOURS, "weekday_limit_minutes": LIMITS}
        )
    )
    def change_settings(self, changed):
        self.home.change_with_pin(self.http, **changed)
        self.look()  # whatever was changed, the same day runs


@pytest.mark.nightly
@pytest.mark.usefixtures("server")
def test_no_day_yields_more_than_its_limit_and_its_grants(http, clock):
    run_state_machine_as_test(
        lambda: LifeOfAFamily(http, clock),
        settings=settings(
            deadline=None,
            derandomize=not NIGHTLY,
            database=None,
            max_examples=200 if NIGHTLY else 10,
            stateful_step_count=20,
            phases=[Phase.generate],  # at the speed of HTTP shrinking a failure takes minutes
        ),
    )
