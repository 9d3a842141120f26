"""Whatever settings are changed whenever: two viewing days of a child never begin less than 20 h apart."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from parental.children import limits
from tests.parental.homes import Home, make_home
from viewing import rules

NIGHTLY = os.environ.get("NIGHTLY") == "true"
ZONES = st.sampled_from(
    ["UTC", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Havana"]
)
MOMENT = timedelta(microseconds=1)


class LifeOfAChild(RuleBasedStateMachine):
    """A clock that only advances, and a parent who changes settings whenever it pleases, by `limits.change`."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self.home, self.token = home, home.pin_token()

    @initialize(
        timezone=ZONES,
        reset_hour=st.integers(0, 23),
        now=st.datetimes(datetime(2024, 1, 2), datetime(2030, 1, 1), timezones=st.just(UTC)),
    )
    def begin(self, timezone, reset_hour, now):
        self.home.config.delete()
        self.now = now
        self.change(timezone=timezone, reset_hour=reset_hour)
        self.running = self.running_day()

    def change(self, **changed):
        user_id = self.home.parent.user.id
        profile_id = self.home.child.profile.id
        limits.change(profile_id, user_id=user_id, settings=changed, pin_token=self.token, now=self.now)

    def running_day(self):
        return rules.running_day(self.home.config.schedule, now=self.now)

    @rule(minutes=st.integers(1, 40 * 60))
    def wait(self, minutes):
        target = self.now + timedelta(minutes=minutes)
        schedule = self.home.config.schedule
        while self.running.until <= target:
            before, self.now = self.running, self.running.until
            self.running = rules.running_day(schedule, now=self.now)
            assert self.running.day > before.day
            assert self.running.since == before.until
            assert self.running.since - before.since >= timedelta(hours=20)
        self.now = target

    @rule(early=st.sampled_from([MOMENT, timedelta(minutes=1)]))
    def wait_until_just_before_the_reset(self, early):
        self.now = max(self.now, self.running.until - early)

    @rule(
        changed=st.fixed_dictionaries(
            {},
            optional={
                "timezone": ZONES,
                "reset_hour": st.integers(0, 23),
                "weekday_limit_minutes": st.sampled_from([None, 15, 480]),
                "educational_exempt": st.booleans(),
            },
        )
    )
    def change_settings(self, changed):
        self.change(**changed)
        running = self.running_day()
        assert (running.day, running.since) == (self.running.day, self.running.since)
        if not {"timezone", "reset_hour"} & set(changed):
            assert running == self.running
        self.running = running


@pytest.mark.nightly
@pytest.mark.usefixtures("committed")
def test_no_two_days_begin_less_than_20_hours_apart():
    home = make_home()

    run_state_machine_as_test(
        lambda: LifeOfAChild(home),
        settings=settings(
            deadline=None,
            derandomize=not NIGHTLY,
            database=None,
            max_examples=1000 if NIGHTLY else 50,
            stateful_step_count=15,
        ),
    )
