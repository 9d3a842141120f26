"""What is stored of a plan is read as it was."""

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.viewing.rules.any_plan import FIRST, exceptions, situations
from viewing.rules import Limits
from viewing.rules.documents import (
    limits_from_classes,
    mask_from_weekdays,
    read_changes,
    read_plan,
    weekdays_from_mask,
    write_changes,
    write_plan,
)
from viewing.rules.plan import Plan


@settings(deadline=None)
@given(situations())
def test_a_plan_is_read_as_it_was_written(situation):
    made = replace(situation[0].plan, exceptions=(), lock=None, open_until=None)
    if not made.carry_max:
        made = replace(made, carry_since=None)
    stored = json.loads(json.dumps(write_plan(made)))
    assert read_plan(stored, made.limits, weekend=made.weekend, week_starts_on=made.week_starts_on) == made


@given(exceptions(FIRST))
def test_changes_are_read_as_they_were_written(exception):
    assert read_changes(json.loads(json.dumps(write_changes(exception.changes)))) == exception.changes


def test_a_plan_of_defaults_is_no_document():
    assert write_plan(Plan(limits=Limits.every_day(60))) is None


@given(st.frozensets(st.integers(0, 6)))
def test_weekdays_are_bits(weekdays):
    assert weekdays_from_mask(mask_from_weekdays(weekdays)) == weekdays


def test_the_bits_of_a_weekend():
    assert mask_from_weekdays({5, 6}) == 96
    assert mask_from_weekdays({4, 5}) == 48
    friday_and_saturday = limits_from_classes(weekday=60, weekend=120, weekend_days=frozenset({4, 5}))
    assert friday_and_saturday == Limits((60, 60, 60, 60, 120, 120, 60))
