"""The running bot: its surfaces, over one line of questions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from bot.app_parts import AppParts, Conversation, Intervals
from bot.calls.desk import CallDesk
from bot.calls.library import ServedLibrary
from bot.settings import BotSettings
from bot.slack.app import connect_slack
from bot.stop_signals import run_until_stopped


class SurfaceApp(Protocol):
    """A surface that is built: open between `open` and `close`, gone after `end`."""

    async def open(self) -> None:
        """Begin to accept questions."""

    async def close(self) -> None:
        """Accept no more; answers go on."""

    async def end(self) -> None:
        """End what is still open."""


async def serve(
    settings: BotSettings,
    parts: AppParts,
    *,
    intervals: Intervals | None = None,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Run the bot until SIGTERM or SIGINT; answers in flight may end.

    A start that has not ended by then is given up.

    Args:
        settings: tokens, channels and people.
        parts: the parts that do not depend on a surface.
        intervals: seconds between flushes and edits, and for the end.
        on_stop: called as soon as the signal comes, even if docent still starts.

    Raises:
        SettingsError: a token or secret is missing.
        SlackUnavailableError: Slack refused a token or can't be reached.
    """
    app = run_app(settings, parts, intervals=intervals or Intervals())
    await run_until_stopped(app, on_stop=on_stop)


@contextlib.asynccontextmanager
async def run_app(
    settings: BotSettings, parts: AppParts, *, intervals: Intervals
) -> AsyncIterator[None]:
    """Keep the bot connected for the time of the block.

    Args:
        settings: tokens, channels and people.
        parts: the parts that do not depend on a surface.
        intervals: seconds between flushes and edits, and for the end.

    Yields:
        None, once questions arrive.

    Raises:
        SettingsError: a token or secret is missing.
        SlackUnavailableError: Slack refused a token or can't be reached.
    """
    conversation = Conversation.build(parts, intervals.pace)
    if parts.library is not None:
        _open_desk(parts.library, parts, conversation)
    async with contextlib.AsyncExitStack() as connected:
        apps: list[SurfaceApp] = []
        admission = None
        if settings.uses_slack:
            connecting = connect_slack(settings, parts, conversation, intervals)
            slack = await connected.enter_async_context(connecting)
            admission = slack.admission
            apps.append(slack)
        if settings.mcp_port is not None and parts.library is not None:
            from bot.door.app import open_door  # its packages may not be installed

            apps.append(open_door(settings, settings.mcp_port, parts, parts.library, admission))
        if settings.uses_discord:
            from bot.discord.app import connect_discord  # its package may not be installed

            discord = connect_discord(settings, parts, conversation, intervals)
            apps.append(await connected.enter_async_context(discord))
        await asyncio.to_thread(parts.warm_up)
        purging = asyncio.create_task(parts.database.purge_daily())
        try:
            conversation.dispatcher.start()
            for app in apps:
                await app.open()
            yield
        finally:
            purging.cancel()
            for app in apps:
                await app.close()
            if parts.library is not None:
                parts.library.stop()
            await conversation.dispatcher.stop(intervals.grace_seconds)
            for app in apps:
                await app.end()
            conversation.runner.close()
            if parts.library is not None:
                parts.library.close()


def _open_desk(library: ServedLibrary, parts: AppParts, conversation: Conversation) -> None:
    """Take questions of programs, which wait in the same line."""
    desk = CallDesk(conversation.dispatcher, conversation.runner, parts.database, parts.telemetry)
    conversation.surfaces["mcp"] = conversation.surfaces["http"] = desk.handler
    library.connect(desk)
