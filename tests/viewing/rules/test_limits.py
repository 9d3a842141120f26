"""A day's limit, what is left of it, and what a player is answered."""

from datetime import date

import pytest

from viewing import rules


class TestLimit:
    @pytest.mark.parametrize(("first", "last", "limit"), [(6, 10, 120), (11, 12, 180)])
    def test_saturday_and_sunday_take_the_weekend_limit(self, first, last, limit):
        for day in range(first, last + 1):  # 2026-07-06 is a Monday
            assert rules.Limits.from_pair(weekday=120, weekend=180).on(date(2026, 7, day)) == limit

    def test_no_limit_on_one_kind_of_day(self):
        assert rules.Limits.from_pair(weekday=None, weekend=180).on(date(2026, 7, 10)) is None
        assert rules.Limits.from_pair(weekday=120, weekend=None).on(date(2026, 7, 11)) is None

    @pytest.mark.parametrize(
        ("limit", "used", "granted", "unlimited", "left"),
        [
            (120, 0, 0, False, 7200),
            (120, 30, 0, False, 7170),
            (120, 7200, 0, False, 0),
            (120, 7230, 0, False, 0),
            (120, 7200, 1800, False, 1800),
            (15, 21 * 60, 60 * 60, False, 54 * 60),
            (120, 7200, 0, True, None),
            (None, 7200, 0, False, None),
        ],
    )
    def test_remaining_seconds(self, limit, used, granted, unlimited, left):
        assert rules.Allowance(limit, used, granted, is_unlimited=unlimited).remaining_seconds == left

    @pytest.mark.parametrize(
        ("left", "word"),
        [
            (901, "allowed"),
            (900, "warning_15"),
            (301, "warning_15"),
            (300, "warning_5"),
            (1, "warning_5"),
            (0, "blocked"),
            (-30, "blocked"),
        ],
    )
    def test_enforcement(self, left, word):
        assert rules.Allowance(60, used_seconds=3600 - left).enforcement == word
        assert rules.Allowance(15, used_seconds=2700 - left, granted_seconds=1800).enforcement == word
        assert rules.Allowance(60, used_seconds=3600 - left, is_unlimited=True).enforcement == "allowed"
        assert rules.Allowance(None, used_seconds=3600 - left).enforcement == "allowed"

    @pytest.mark.parametrize(
        ("limit", "used", "granted", "grant", "unused"),
        [
            (60, 0, 1800, 1800, 1800),  # the limit is used first
            (60, 3600, 1800, 1800, 1800),
            (60, 3900, 1800, 1800, 1500),
            (60, 5400, 1800, 1800, 0),
            (60, 9000, 1800, 1800, 0),  # watched on an unlimited day: never below 0
            (60, 3900, 3600, 1800, 1800),  # of two grants this one last
            (60, 0, 900, 1800, 900),  # a limit that was raised took of it: never more than is granted
            (None, 9000, 1800, 1800, 1800),
        ],
    )
    def test_unused_part_of_a_grant(self, limit, used, granted, grant, unused):
        assert rules.Allowance(limit, used, granted).unused(grant) == unused
        assert rules.Allowance(limit, used, granted, is_unlimited=True).unused(grant) == unused

    @pytest.mark.parametrize(
        ("limit", "used", "granted", "stays"),
        [(60, 1800, 0, 0), (60, 5400, 0, 1800), (60, 5400, 3600, 3600), (60, 7200, 900, 3600), (None, 7200, 900, 900)],
    )
    def test_what_was_watched_of_an_unlimited_day_stays_granted(self, limit, used, granted, stays):
        allowance = rules.Allowance(limit, used, granted, is_unlimited=True)

        assert allowance.granted_seconds_once_limited == stays

    def test_total(self):
        assert rules.Allowance(60, 30, 1800).total_seconds == 5400
        assert rules.Allowance(60, 30, 1800, is_unlimited=True).total_seconds is None
        assert rules.Allowance(None, 30, 1800).total_seconds is None
