"""Waiting for a condition without polling and without sleeping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Changes:
    """Wakes everyone who waits each time something happened."""

    def __init__(self) -> None:
        self._happened = asyncio.Event()

    def notify(self) -> None:
        """Look at all conditions again, because something happened."""
        self._happened.set()
        self._happened = asyncio.Event()

    async def until(
        self, condition: Callable[[], T | None], timeout: float, describe: Callable[[], str]
    ) -> T:
        """The condition's value once it is true.

        Raises:
            TimeoutError: with `describe()`, so that a failed test says what there was instead.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (value := condition()):
                    await self._happened.wait()
        except TimeoutError:
            raise TimeoutError(describe()) from None
        return value
