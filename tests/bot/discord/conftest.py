"""A local Discord in place of the real one, and docent on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket

from bot.app_parts import Intervals
from bot.discord.client import gateway
from tests.bot.conftest import INTERVALS, Docent
from tests.servers.discord.server import TOKEN, DiscordServer
from tests.servers.discord.store import GUILD


@pytest.fixture
async def discord_server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordServer]:
    """Discord, which the client library takes for the real one."""
    monkeypatch.setattr(gateway, "GUILD_SECONDS", 0.05)
    async with DiscordServer() as server:
        monkeypatch.setattr(discord.http.Route, "BASE", server.base)
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway.url))
        yield server


@dataclass
class DiscordDocent:
    """docent on Discord alone."""

    docent: Docent
    server: DiscordServer

    async def start(self, *, intervals: Intervals = INTERVALS, **changes: object) -> None:
        """Run the app until the end of the test."""
        values = {
            "slack_bot_token": None,
            "slack_app_token": None,
            "discord_bot_token": TOKEN,
            "discord_guilds": GUILD,
        }
        running = self.docent.running(intervals=intervals, **(values | changes))
        await self.docent.starts.enter_async_context(running)
        await self.server.wait_for(lambda: self.server.gateway.is_connected)


@pytest.fixture
def on_discord(discord_server: DiscordServer, docent: Docent) -> DiscordDocent:
    """docent on Discord, not started yet."""
    return DiscordDocent(docent, discord_server)
