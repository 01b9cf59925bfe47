"""The slots of callers: how many calls each may have open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from bot.calls.requests import Caller
from bot.http_server import RefusedError


class CallSlots:
    """Counts the open calls of each caller."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[Caller] = Counter()

    @contextmanager
    def hold(self, caller: Caller) -> Iterator[None]:
        """Count a call for the time of the block.

        Raises:
            RefusedError: the caller has too many open.
        """
        if self._open[caller] >= self._most:
            raise RefusedError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too many calls of one caller",
                headers={"Retry-After": "1"},
            )
        self._open[caller] += 1
        try:
            yield
        finally:
            self._open[caller] -= 1
            self._open += Counter()  # drops those at zero
