"""What follows from an attempt: when it is tried again, and when no more."""

from datetime import UTC, datetime, timedelta

import pytest

from parental.deliver.outcomes import DELAYS, MAX_ATTEMPTS, Answer, following, parse_retry_after

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
S500 = Answer(status=500, error="HTTP 500")


def after(answer, *, attempts=1, jitter=0.0):
    return following(answer, attempts=attempts, max_attempts=MAX_ATTEMPTS, jitter=jitter, now=NOW)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_delivered(status):
    assert after(Answer(status=status)).state == "done"


@pytest.mark.parametrize("answer", [S500, Answer(status=302), Answer(status=404), Answer(error="timeout")])
def test_all_else_is_tried_again(answer):
    found = after(answer)

    assert (found.state, found.due_at, found.paused_until) == ("waiting", NOW + timedelta(seconds=5), None)


def test_twelve_attempts_in_three_days():
    dues = [after(S500, attempts=n).due_at - NOW for n in range(1, MAX_ATTEMPTS)]

    assert dues == list(DELAYS)
    assert timedelta(hours=75) < sum(dues, timedelta()) < timedelta(hours=77)
    assert after(S500, attempts=MAX_ATTEMPTS).state == "dead"


def test_delays_are_spread_by_a_fifth():
    assert after(S500, jitter=1).due_at == NOW + timedelta(seconds=6)
    assert after(S500, jitter=-1).due_at == NOW + timedelta(seconds=4)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_an_overloaded_endpoint_is_paused(status):
    wait = timedelta(seconds=120)

    assert after(Answer(status=status)).paused_until == NOW + timedelta(seconds=30)
    found = after(Answer(status=status, retry_after=wait))
    assert (found.paused_until, found.due_at) == (NOW + wait, NOW + wait)


def test_a_longer_delay_of_ours_stands():
    found = after(Answer(status=429, retry_after=timedelta(seconds=120)), attempts=5)

    assert (found.paused_until, found.due_at) == (NOW + timedelta(seconds=120), NOW + timedelta(minutes=30))


def test_gone_ends_it():
    found = after(Answer(status=410))

    assert (found.state, found.is_gone) == ("dead", True)


def test_what_cannot_succeed_and_what_nobody_wants():
    assert after(Answer(error="recipient refused", is_final=True)).state == "dead"
    assert after(Answer(is_moot=True)).state == "cancelled"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("9999999", 86_400),
        ("9" * 400, 86_400),
        ("Wed, 04 Mar 2026 12:01:00 GMT", 60),
        ("Wed, 04 Mar 2026 11:00:00 GMT", 0),
        ("Fri, 01 Jan 2999 00:00:00 GMT", 86_400),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after(value, seconds):
    found = parse_retry_after(value, now=NOW)

    assert found == (None if seconds is None else timedelta(seconds=seconds))
