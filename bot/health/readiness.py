"""Readiness: the parts that a question needs, and what keeps each of them from work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from bot.health.probe import Check, Probe

SLACK = "slack"

IsConnected = Callable[[], Awaitable[bool]]


class Readiness:
    """Checks the parts of a running docent.

    Args:
        checks: a blocking check for each part, by its name.
    """

    def __init__(self, checks: Mapping[str, Check] | None = None) -> None:
        self._probes = {name: Probe(check) for name, check in (checks or {}).items()}
        self._is_connected: IsConnected | None = None

    def watch_connection(self, is_connected: IsConnected) -> None:
        """Count the connection to Slack as a part from now on."""
        self._is_connected = is_connected

    async def find_problems(self) -> dict[str, str]:
        """Return why each part is not ready; empty if it is."""
        sentences = await asyncio.gather(
            *(probe.find_problem() for probe in self._probes.values()), self._check_connection()
        )
        return dict(zip((*self._probes, SLACK), sentences, strict=True))

    async def _check_connection(self) -> str:
        if self._is_connected is None:
            return "docent has not connected to Slack yet."
        return "" if await self._is_connected() else "The connection to Slack is lost."
