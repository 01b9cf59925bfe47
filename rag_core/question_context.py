"""The context of a question: its id and its deadline, on every thread that works for it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextvars import copy_context
from typing import Any, TypeVar

from rag_core.deadline import limit_time
from rag_core.request_id import REQUEST_ID
from rag_core.types import Question

Event = TypeVar("Event")
Result = TypeVar("Result")


def run_in_context(
    question: Question, seconds: float, work: Callable[[], Generator[Event, Any, Result]]
) -> Generator[Event, None, Result]:
    """Run a generator in a context that its caller never sees.

    Args:
        question: its id is set.
        seconds: time for all of the work.
        work: returns the generator; its code runs in the context too.

    Yields:
        What the generator yields.

    Returns:
        What it returns.
    """

    def run() -> Generator[Event, Any, Result]:
        if question.id:
            REQUEST_ID.set(question.id)
        with limit_time(seconds):
            return (yield from work())

    context, events = copy_context(), run()
    try:
        while True:
            try:
                event = context.run(next, events)
            except StopIteration as end:
                result: Result = end.value
                return result
            yield event
    finally:
        context.run(events.close)
