"""Rates and what is remembered, on a clock of the test's own."""

import pytest

from bot.slack.client.rate_limit import ExpiringSet, TokenBucket


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
