"""Rates and what is remembered, on a clock of the test's own."""

import pytest

from bot.slack.client.rate_limit import CALLS_A_MINUTE, ExpiringSet, MethodRates, TokenBucket
from tests.servers.slack.arguments import METHODS


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_saved_tokens_are_spent_at_once_and_then_one_waits():
    clock = Clock()
    bucket = TokenBucket(rate=2.0, size=3, clock=clock)
    assert [bucket.reserve() for _ in range(5)] == [0, 0, 0, 0.5, 1.0]


def test_tokens_come_back_with_time_but_no_more_than_the_size():
    clock = Clock()
    bucket = TokenBucket(rate=2.0, size=3, clock=clock)
    for _ in range(4):
        bucket.reserve()
    clock.now += 60
    assert [bucket.reserve() for _ in range(4)] == [0, 0, 0, pytest.approx(0.5)]


def test_what_does_not_work_is_remembered_for_a_while():
    clock = Clock()
    unavailable = ExpiringSet(seconds=600, clock=clock)
    unavailable.add("streams")
    unavailable.add("edits", seconds=3)
    assert "streams" in unavailable
    assert "nothing" not in unavailable
    clock.now += 4
    assert "edits" not in unavailable
    clock.now += 600
    assert "streams" not in unavailable


@pytest.mark.parametrize("method", sorted(CALLS_A_MINUTE))
def test_no_minute_has_more_calls_than_slack_takes(method: str):
    clock = Clock()
    bucket = MethodRates(clock=clock).get(method)
    taken: list[float] = []
    for _ in range(1_800):  # three minutes
        taken += [clock.now] * bucket.take()
        clock.now += 0.1
    most = max(sum(start <= at < start + 60 for at in taken) for start in taken)
    assert 0.8 * CALLS_A_MINUTE[method] < most <= CALLS_A_MINUTE[method]


def test_the_rates_are_those_of_the_local_slack():
    assert {name: METHODS[name].rate for name in CALLS_A_MINUTE} == CALLS_A_MINUTE


def test_posts_have_a_rate_for_each_channel():
    rates = MethodRates(clock=Clock())
    assert rates.get("chat.postMessage", "C1") is not rates.get("chat.postMessage", "C2")
    assert rates.get("chat.update", "C1") is rates.get("chat.update", "C2")


def test_what_is_spared_is_left_for_others():
    clock = Clock()
    bucket = TokenBucket(rate=1, size=10, clock=clock)
    assert sum(bucket.take(spare=0.4) for _ in range(20)) == 6
    assert bucket.compute_pause(spare=0.4) == 1
    assert sum(bucket.take() for _ in range(20)) == 4
    bucket.put_back(2)
    assert bucket.take(2)
    assert not bucket.take()


def test_tokens_are_held_back_as_long_as_slack_says():
    clock = Clock()
    bucket = TokenBucket(rate=1, size=10, clock=clock)
    bucket.hold_back(30)
    assert (bucket.compute_pause(), bucket.reserve()) == (30, 30)
    clock.now += 30
    assert bucket.take()
