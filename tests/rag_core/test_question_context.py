from __future__ import annotations

import pytest

from rag_core.deadline import find_seconds_left
from rag_core.question_context import run_in_context
from rag_core.request_id import REQUEST_ID
from rag_core.types import Question


def read_context():
    while True:
        yield REQUEST_ID.get(), find_seconds_left()


def test_the_caller_never_sees_the_context():
    events = run_in_context(Question("Why?", id="7"), 100, read_context)
    for _ in range(2):
        request_id, left = next(events)
        assert (request_id, left <= 100) == ("7", True)
        assert (REQUEST_ID.get(), find_seconds_left()) == ("", None)
    events.close()


def test_two_questions_on_one_thread_keep_apart():
    first = run_in_context(Question("Why?", id="1"), 100, read_context)
    second = run_in_context(Question("How?", id="2"), 100, read_context)
    seen = [next(each)[0] for each in (first, second, first, second)]
    assert seen == ["1", "2", "1", "2"]


def test_an_id_that_the_surface_has_set_is_kept():
    token = REQUEST_ID.set("slack-1")
    try:
        assert next(run_in_context(Question("Why?"), 100, read_context))[0] == "slack-1"
    finally:
        REQUEST_ID.reset(token)


def test_the_end_and_the_errors_come_through():
    def work():
        yield "event"
        return "result"

    events = run_in_context(Question("Why?"), 100, work)
    assert next(events) == "event"
    with pytest.raises(StopIteration) as end:
        next(events)
    assert end.value.value == "result"

    def fail():
        yield "event"
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        list(run_in_context(Question("Why?"), 100, fail))


def test_closing_it_closes_the_work_in_its_context():
    closed = []

    def work():
        try:
            yield
        finally:
            closed.append(REQUEST_ID.get())

    events = run_in_context(Question("Why?", id="9"), 100, work)
    next(events)
    events.close()
    assert closed == ["9"]
