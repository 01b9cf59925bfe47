"""The deadline of a question, from which every call on its way gets what is left.

It is a context variable: threads that work for the question run in a copy of its context.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LEAST_SECONDS = 0.001  # to libraries, 0 means no limit or no waiting at all

_ENDS: ContextVar[float | None] = ContextVar("deadline", default=None)
"""`time.monotonic()` at which the time is over; None outside of a question."""


@contextmanager
def limit_time(seconds: float) -> Iterator[None]:
    """Limit the calls of a block to seconds, or what is left."""
    ends, current = time.monotonic() + seconds, _ENDS.get()
    token = _ENDS.set(ends if current is None else min(ends, current))
    try:
        yield
    finally:
        _ENDS.reset(token)


def find_seconds_left() -> float | None:
    """Return the seconds that are left; None for no limit."""
    ends = _ENDS.get()
    if ends is None or math.isinf(ends):
        return None
    return max(ends - time.monotonic(), _LEAST_SECONDS)


def limit_seconds(most: float | None) -> float | None:
    """Return the seconds for a call: what is left, at most `most`.

    None means no limit.
    """
    left = find_seconds_left()
    if most is None or left is None:
        return left if most is None else most
    return min(most, left)


def is_time_over() -> bool:
    """Return True if the question's time is over."""
    left = find_seconds_left()
    return left is not None and left <= _LEAST_SECONDS
