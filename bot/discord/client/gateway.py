"""The client of Discord: built here alone; a connection that can't stand ends with a sentence."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import aiohttp
import discord

from bot.errors import DiscordUnavailableError

IDENTIFIES = 200
"""Most sessions that are begun within a day: after 1,000 Discord resets the token."""

DAY_SECONDS = 86_400.0

READY_SECONDS = 60.0
"""The longest wait for the first session."""

GUILD_SECONDS = 2.0
"""So long without another server, the list of servers is taken for complete."""

_BAD_TOKEN, _UNKNOWN_INTENTS, _FORBIDDEN_INTENTS = 4004, 4013, 4014
"""Codes by which Discord closes a connection that can't stand."""

DISCORD_FAILURES = (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError)
"""The errors of a call that Discord did not take."""

logger = logging.getLogger(__name__)


class DiscordClient(discord.Client):
    """docent's connection to Discord, which begins a bounded number of sessions."""

    def __init__(self, *, reads_content: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """Build a client; it is not connected.

        Args:
            reads_content: whether to ask for messages without a mention.
            clock: returns the time in seconds.
        """
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        intents.message_content = reads_content
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            guild_ready_timeout=GUILD_SECONDS,
        )
        self.before_identify_hook = self._count_session  # type: ignore[method-assign]
        self.on_listed: Callable[[], None] = lambda: None
        """Called at each new session, when the servers are known; earlier events did not arrive."""
        self._clock = clock
        self._identifies: deque[float] = deque()
        self._sessions = asyncio.Event()
        self._listed = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def open(self, token: str, listen: Callable[[int], None] = lambda _: None) -> None:
        """Log in, and wait until the first session stands.

        Args:
            token: token of the bot.
            listen: registers the handlers; it gets the id of docent's user.

        Raises:
            DiscordUnavailableError: Discord refused the token or an intent, or can't be reached.
        """
        try:
            await self.login(token)
        except DISCORD_FAILURES as error:
            raise _explain(error) from error
        if self.user is not None:
            listen(self.user.id)
        self._running = asyncio.create_task(self._run())
        standing = asyncio.create_task(self._sessions.wait())
        try:
            waiting = {self._running, standing}
            await asyncio.wait(waiting, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            standing.cancel()
        if self._running.done():
            await self._running
        if not self._sessions.is_set():
            raise DiscordUnavailableError("Discord can't be reached; try again in a moment.")

    async def end(self) -> None:
        """Close the connection."""
        await self.close()
        if self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)

    async def is_connected(self) -> bool:
        """Return True if the connection stands."""
        is_running = self._running is not None and not self._running.done()
        return is_running and not self.is_closed() and self._sessions.is_set()

    async def _count_session(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Count the sessions of a day, and refuse to begin too many.

        Args:
            shard_id: the part of Discord that the session is for.
            initial: whether it is the first.

        Raises:
            DiscordUnavailableError: there were too many.
        """
        now = self._clock()
        while self._identifies and now - self._identifies[0] > DAY_SECONDS:
            self._identifies.popleft()
        if len(self._identifies) >= IDENTIFIES:
            raise DiscordUnavailableError(
                f"docent began {IDENTIFIES} sessions with Discord within a day; look into its log "
                "and start it again."
            )
        self._identifies.append(now)
        await discord.Client.before_identify_hook(self, shard_id, initial=initial)

    async def on_connect(self) -> None:
        """Note that a session stands."""
        self._sessions.set()

    async def on_ready(self) -> None:
        """Note that the servers and their channels are known."""
        self._listed.set()
        self.on_listed()

    async def wait_until_listed(self) -> None:
        """Wait until the servers and their channels are known."""
        await self._listed.wait()

    async def on_error(self, event_method: str, /, *_: Any, **__: Any) -> None:
        """Log the failure of an event."""
        logger.error(
            "An event of Discord failed unexpectedly: %s", event_method, exc_info=sys.exc_info()
        )

    async def _run(self) -> None:
        """Keep the connection, and log why it ended."""
        try:
            await self.connect()
        except (DiscordUnavailableError, *DISCORD_FAILURES) as error:
            refusal = _explain(error)
            logger.warning("The connection to Discord has ended: %s", refusal)
            raise refusal from error


def build_client(*, reads_content: bool) -> DiscordClient:
    """Build the client that docent uses."""
    return DiscordClient(reads_content=reads_content)


def _explain(error: BaseException) -> DiscordUnavailableError:
    """Say why there is no connection."""
    if isinstance(error, DiscordUnavailableError):
        return error
    code = error.code if isinstance(error, discord.ConnectionClosed) else 0
    if code == _BAD_TOKEN or isinstance(error, discord.LoginFailure):
        return DiscordUnavailableError(
            "Discord refused DISCORD_BOT_TOKEN; reset it in the Developer Portal, under Bot, and "
            "copy it again."
        )
    if code == _UNKNOWN_INTENTS:
        return DiscordUnavailableError(
            "Discord does not know the intents that docent asks for; update docent."
        )
    if code == _FORBIDDEN_INTENTS or isinstance(error, discord.PrivilegedIntentsRequired):
        return DiscordUnavailableError(
            "Discord does not allow docent to read messages without a mention; switch on Message "
            "Content Intent on https://discord.com/developers/applications, under Bot, or unset "
            "DOCENT_DISCORD_FOLLOW_UPS and DOCENT_DISCORD_FORUMS."
        )
    return DiscordUnavailableError("Discord can't be reached; try again in a moment.")
