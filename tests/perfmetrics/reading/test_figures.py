"""Quantiles from buckets are within the bucket's error; readings add up."""

import math
from bisect import bisect_left
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Histogram

from perfmetrics.counting import metrics
from perfmetrics.reading import figures
from perfmetrics.reading.figures import Buckets
from tests.perfmetrics.readings import make_totals

BOUNDS = metrics.FINE
# Of no registry: seen by nobody else.
QUICK = metrics.QuickHistogram("sandglass_test_quick", "", buckets=BOUNDS, registry=None)
STOCK = Histogram("sandglass_test_stock", "", buckets=BOUNDS, registry=None)
seconds = st.floats(min_value=0.00101, max_value=1.0, allow_nan=False)
quantiles = st.sampled_from([0.0, 0.01, 0.5, 0.9, 0.95, 0.99, 1.0])


def buckets_of(values, bounds=BOUNDS):
    counts = [0] * (len(bounds) + 1)
    for value in values:
        counts[bisect_left(bounds, value)] += 1
    return Buckets(list(accumulate(counts)), sum(values))


def samples_of(histogram):
    (family,) = histogram.collect()
    return [sample.value for sample in family.samples if not sample.name.endswith("_created")]


def exact(values, q):
    """The nearest rank."""
    return sorted(values)[max(0, math.ceil(round(q * len(values), 6)) - 1)]


def test_the_bounds_grow_by_5_percent_from_1_ms_to_1_s():
    inner = [bound for bound in BOUNDS if bound < 1.06]

    assert inner[0] == 0.001
    assert inner[-1] >= 1
    assert all(1.049 < after / before < 1.051 for before, after in pairwise(inner))
    assert list(BOUNDS) == sorted(set(BOUNDS))


@given(values=st.lists(seconds, min_size=1, max_size=200), q=quantiles)
def test_a_quantile_is_within_5_percent_of_the_exact_one(values, q):
    found = figures.quantile(buckets_of(values), q, bounds=BOUNDS)

    assert found == pytest.approx(exact(values, q), rel=0.0501, abs=1e-9)


@given(values=st.lists(seconds, min_size=1, max_size=200))
def test_a_higher_quantile_is_never_lower(values):
    buckets = buckets_of(values)
    found = [figures.quantile(buckets, q / 20, bounds=BOUNDS) for q in range(21)]

    assert found == sorted(found)


@given(before=st.lists(seconds, max_size=50), after=st.lists(seconds, min_size=1, max_size=50), q=quantiles)
def test_what_was_observed_between_two_readings_is_as_if_it_were_alone(before, after, q):
    first, second = buckets_of(before), buckets_of(before + after)

    difference = second.since(first)

    assert difference.count == len(after)
    assert difference.sum == pytest.approx(sum(after))
    assert figures.quantile(difference, q, bounds=BOUNDS) == pytest.approx(exact(after, q), rel=0.0501)


def test_without_observations_there_is_no_quantile():
    assert figures.quantile(Buckets(), 0.95, bounds=BOUNDS) is None
    assert figures.quantile(buckets_of([]), 0.95, bounds=BOUNDS) is None


def test_what_lies_above_the_last_bound_counts_as_that_bound():
    assert figures.quantile(buckets_of([3600.0]), 0.95, bounds=BOUNDS) == BOUNDS[-1]


def test_what_lies_below_the_first_bound_counts_as_below_it():
    assert 0 <= figures.quantile(buckets_of([0.0001]), 0.95, bounds=BOUNDS) <= BOUNDS[0]


@given(value=st.one_of(seconds, st.floats(min_value=0, max_value=100), st.sampled_from(BOUNDS)))
def test_the_quick_histogram_finds_the_bucket_that_the_stock_one_finds(value):
    before = [(histogram, samples_of(histogram)) for histogram in (QUICK, STOCK)]
    for histogram, _ in before:
        histogram.observe(value)
    added = [[now - then for now, then in zip(samples_of(each), was, strict=True)] for each, was in before]

    assert added[0] == pytest.approx(added[1])
    assert sum(added[0]) > 1


def test_answered_beats_are_those_answered_200():
    outcomes = dict.fromkeys(metrics.heartbeats, 1)

    assert metrics.answered_outcomes == {"counted", "replay", "successor", "nothing_left", "unavailable"}
    assert make_totals(outcomes=outcomes).heartbeats == 5
    assert make_totals(outcomes=outcomes).refused_busy == 2
