from __future__ import annotations

import pytest

from rag_core.breaker import FAILURES, LONGEST_PAUSE_SECONDS, PAUSE_SECONDS, CircuitBreaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock) -> CircuitBreaker:
    return CircuitBreaker(clock=clock)


def fail(breaker: CircuitBreaker, times: int = FAILURES) -> None:
    for _ in range(times):
        assert breaker.try_begin()
        breaker.record_failure()


def test_it_takes_several_failures_in_a_row(breaker):
    fail(breaker, FAILURES - 1)
    breaker.record_success()
    fail(breaker, FAILURES - 1)
    assert breaker.try_begin()
    breaker.record_failure()
    assert not breaker.try_begin()
    assert breaker.is_open()


def test_after_the_pause_one_call_probes(breaker, clock):
    fail(breaker)
    clock.now += PAUSE_SECONDS - 0.01
    assert not breaker.try_begin()
    clock.now += 0.01
    assert [breaker.try_begin() for _ in range(3)] == [True, False, False]
    breaker.record_success()
    assert [breaker.try_begin() for _ in range(3)] == [True, True, True]
    assert not breaker.is_open()


def test_the_pause_doubles_up_to_some_minutes(breaker, clock):
    fail(breaker)
    pauses = []
    for _ in range(6):
        waited = 0
        while not breaker.try_begin():
            clock.now += 1
            waited += 1
        pauses.append(waited)
        breaker.record_failure()
    assert pauses == [30, 60, 120, 240, 300, 300]
    assert max(pauses) == LONGEST_PAUSE_SECONDS


def test_a_probe_that_never_reports_is_followed_by_another(breaker, clock):
    fail(breaker)
    clock.now += PAUSE_SECONDS
    assert breaker.try_begin()
    assert not breaker.try_begin()
    clock.now += PAUSE_SECONDS
    assert breaker.try_begin()


def test_the_limit_and_the_first_pause_may_be_others(clock):
    breaker = CircuitBreaker(limit=1, pause=5.0, clock=clock)
    fail(breaker, 1)
    assert breaker.is_open()
    clock.now += 5
    assert breaker.try_begin()
    breaker.record_failure()
    clock.now += 5
    assert not breaker.try_begin()
