"""The limiter: how often something may be tried, by subject and by source."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from parental.limiter import limiter, rules
from parental.limiter.limiter import Bound, Limit, from_source, take
from parental.models import LimiterCount
from tests.races import in_parallel
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("committed")

THREE = Limit("three", 3, timedelta(minutes=5))
FIVE = Limit("five", 5, timedelta(hours=1))


@pytest.fixture
def subject():
    return str(uuid.uuid4())


def count_of(bound):
    return LimiterCount.objects.filter(pk=bound.key).values_list("count", flat=True).first()


def test_the_limit_and_the_time_until_it_may_go_on(subject, clock):
    bounds = [Bound(THREE, subject)]
    assert [take(bounds, now=clock.now) for _ in range(3)] == [None] * 3
    clock.forward(seconds=100.5)

    assert take(bounds, now=clock.now) == 200
    clock.forward(seconds=199.5)

    assert take(bounds, now=clock.now) is None


def test_what_is_refused_does_not_extend_the_window(subject, clock):
    bounds = [Bound(THREE, subject)]
    for _ in range(50):
        take(bounds, now=clock.now)
    assert count_of(bounds[0]) == 4
    clock.forward(minutes=5)

    assert take(bounds, now=clock.now) is None
    assert count_of(bounds[0]) == 1


def test_subjects_sources_and_limits_are_counted_apart(subject):
    now = timezone.now()
    bounds = [
        Bound(THREE, subject),
        Bound(THREE, subject + "x"),
        Bound(THREE, source=subject),
        Bound(THREE, subject, "203.0.113.7"),
        Bound(FIVE, subject),
    ]
    assert len({bound.key for bound in bounds}) == 5
    for _ in range(4):
        take(bounds[:1], now=now)

    assert take(bounds[:1], now=now) is not None
    assert [take([bound], now=now) for bound in bounds[1:]] == [None] * 4


def test_a_refused_try_uses_up_nothing_of_a_later_bound(subject):
    now, bounds = timezone.now(), [Bound(THREE, subject), Bound(FIVE, subject)]

    refused = [take(bounds, now=now) for _ in range(10)]

    assert [seconds is None for seconds in refused] == [True] * 3 + [False] * 7
    assert count_of(bounds[1]) == 3


def test_of_20_parallel_tries_as_many_pass_as_may(subject):
    now, bounds = timezone.now(), [Bound(THREE, subject), Bound(FIVE, subject)]

    passed = in_parallel(20, lambda _: take(bounds, now=now))

    assert passed.count(None) == 3


def test_a_count_is_one_statement(subject):
    now, bound = timezone.now(), Bound(THREE, subject)
    take([bound], now=now)

    with statements() as sent:
        take([bound], now=now)

    assert len(sent) == 1, sent.all


def test_an_unknown_source_has_no_bound():
    assert from_source(THREE, "") == []
    assert from_source(THREE, "203.0.113.7") == [Bound(THREE, source="203.0.113.7")]


def test_cleared_it_counts_from_0(subject):
    now, bounds = timezone.now(), [Bound(THREE, subject)]
    for _ in range(4):
        take(bounds, now=now)

    limiter.clear(bounds)

    assert [take(bounds, now=now) for _ in range(3)] == [None] * 3


def test_new_counts_take_ended_ones_along(clock):
    ended = [Bound(THREE, str(uuid.uuid4())) for _ in range(20)]
    for bound in ended:
        take([bound], now=clock.now)
    clock.forward(minutes=6)
    LimiterCount.objects.filter(window_ends_at__lte=clock.now).exclude(pk__in=[bound.key for bound in ended]).delete()

    take([Bound(THREE, "another")], now=clock.now)

    assert not LimiterCount.objects.filter(pk__in=[bound.key for bound in ended]).exists()


def test_every_limit_has_a_name_of_its_own_and_fits_its_column():
    limits = [value for value in vars(rules).values() if isinstance(value, Limit)]

    assert len({limit.name for limit in limits}) == len(limits) >= 6
    assert all(0 < limit.max_count <= 30_000 for limit in limits)
