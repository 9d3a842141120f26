"""What the models make of the rules' values."""

import pytest

from viewing import rules
from viewing.models import SiteSettings, ViewingTimeBalance, ViewingTimeConfig, limit_columns

PAIR = rules.Limits.from_pair(weekday=60, weekend=None)


def test_limits_survive_their_columns():
    assert ViewingTimeConfig(**limit_columns(PAIR)).limits == PAIR
    assert ViewingTimeConfig(**limit_columns(rules.NO_LIMITS)).limits == rules.NO_LIMITS
    assert ViewingTimeConfig().limits == SiteSettings().default_limits == rules.DEFAULT_LIMITS


@pytest.mark.parametrize("by_weekday", [(60, 60, 60, 60, 90, 90, 90), (60, 60, 60, 60, 60, 90, None)])
def test_limits_that_the_columns_cannot_hold_are_refused(by_weekday):
    with pytest.raises(ValueError, match="weekend"):
        limit_columns(rules.Limits(by_weekday))


def test_a_balance_is_an_allowance():
    balance = ViewingTimeBalance(used_seconds=3600, granted_seconds=900, is_unlimited_override=True)

    assert balance.allowance(30) == rules.Allowance(30, 3600, 900, is_unlimited=True)
