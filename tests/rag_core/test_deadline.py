from __future__ import annotations

import contextvars

from rag_core.deadline import find_seconds_left, is_time_over, limit_seconds, limit_time


def test_outside_of_a_question_nothing_is_limited():
    assert find_seconds_left() is None
    assert (limit_seconds(60), limit_seconds(None), is_time_over()) == (60, None, False)


def test_a_call_gets_what_is_left():
    with limit_time(1_000):
        assert limit_seconds(60) == 60
        assert 900 < limit_seconds(5_000) <= 1_000
        assert 900 < limit_seconds(None) <= 1_000
        with limit_time(10):
            assert limit_seconds(60) <= 10
        with limit_time(5_000):
            assert find_seconds_left() <= 1_000
    assert find_seconds_left() is None


def test_no_library_is_given_a_limit_of_zero():
    with limit_time(-1):
        assert is_time_over()
        assert 0 < limit_seconds(60) < 0.1


def test_a_thread_in_a_copy_of_the_context_has_the_deadline():
    with limit_time(1_000):
        context = contextvars.copy_context()
    assert context.run(find_seconds_left) is not None
