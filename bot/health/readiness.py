"""Readiness: the parts that a question needs, and what keeps each of them from work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from bot.health.probe import Check, Probe

SLACK = "Slack"
DISCORD = "Discord"

IsConnected = Callable[[], Awaitable[bool]]


class Readiness:
    """Checks the parts of a running docent.

    Args:
        checks: a blocking check for each part, by its name.
        connections: names of the services that docent keeps a connection to.
    """

    def __init__(
        self,
        checks: Mapping[str, Check] | None = None,
        connections: Collection[str] = (SLACK,),
    ) -> None:
        self._probes = {name: Probe(check) for name, check in (checks or {}).items()}
        self._connections: dict[str, IsConnected | None] = dict.fromkeys(connections)

    def watch_connection(self, is_connected: IsConnected, name: str = SLACK) -> None:
        """Ask from now on whether the connection to a service stands."""
        self._connections[name] = is_connected

    async def find_problems(self) -> dict[str, str]:
        """Return why each part is not ready; empty if it is."""
        sentences = await asyncio.gather(
            *(probe.find_problem() for probe in self._probes.values()),
            *(_check_connection(name, check) for name, check in self._connections.items()),
        )
        names = (*self._probes, *(name.lower() for name in self._connections))
        return dict(zip(names, sentences, strict=True))


async def _check_connection(name: str, is_connected: IsConnected | None) -> str:
    if is_connected is None:
        return f"docent has not connected to {name} yet."
    return "" if await is_connected() else f"The connection to {name} is lost."
