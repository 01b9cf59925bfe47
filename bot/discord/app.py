"""docent on Discord: the client, and what it calls, built from ready parts."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import discord

from bot.app_parts import AppParts, Conversation, Intervals
from bot.background import BackgroundTasks
from bot.conversation.answer_flow import AnswerFlow
from bot.conversation.earlier_versions import EarlierVersions
from bot.conversation.follow_ups import FollowUps
from bot.conversation.question_builder import QuestionBuilder
from bot.conversation.signal_sender import SignalSender
from bot.conversation.surfaces import SurfaceHandler
from bot.discord.client.gateway import DiscordClient, build_client
from bot.discord.inbox.catch_up import CatchUp
from bot.discord.inbox.messages import ListenerConfig
from bot.discord.inbox.recorder import MessageRecorder
from bot.discord.inbox.responder import DiscordResponder
from bot.discord.inbox.thread_history import DiscordThreadHistory, UnreadFiles
from bot.discord.reply.surface import DiscordSurface
from bot.health.readiness import DISCORD, Readiness
from bot.settings import BotSettings, parse_ids

EDITS = 2.0
"""The edits of an answer come so many times slower than Slack's: every two seconds."""

CLEANUP_SECONDS = 1.0
"""Time for what is taken back to go, once the answers have ended."""


class DiscordApp:
    """docent on Discord: connected by `open`; after `close` no question comes any more."""

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        client: DiscordClient,
        token: str,
        *,
        settings: BotSettings,
        parts: AppParts,
        conversation: Conversation,
        edit_seconds: float,
    ) -> None:
        """Build the handlers; nothing is connected yet.

        Args:
            client: the client.
            token: token of the bot.
            settings: servers and forums.
            parts: the parts of the bot.
            conversation: gets the surface.
            edit_seconds: from one edit of an answer to the next.
        """
        self._client = client
        self._token = token
        self._settings = settings
        self._database = parts.database
        self._readiness: Readiness = parts.readiness
        self._dispatcher = conversation.dispatcher
        self._tasks = BackgroundTasks()
        self._surface = DiscordSurface(client, edit_seconds=edit_seconds)
        self._recorder: MessageRecorder | None = None
        self._catch_up: CatchUp | None = None
        threads = DiscordThreadHistory(client)
        responder = DiscordResponder(
            AnswerFlow(
                conversation.runner,
                parts.database,
                QuestionBuilder(parts.database, threads, UnreadFiles()),
                telemetry=parts.telemetry,
            ),
            self._surface,
            parts.database,
            client=client,
            follow_ups=FollowUps(parts.database.answers, threads),
            versions=EarlierVersions(parts.database, conversation.dispatcher),
        )
        conversation.surfaces["discord"] = SurfaceHandler(
            responder.handle, responder.show_place, self._surface.withdraw
        )

    async def open(self) -> None:
        """Connect, and begin to take questions.

        Raises:
            DiscordUnavailableError: Discord refused the token or an intent, or can't be reached.
        """
        self._readiness.watch_connection(self._client.is_connected, DISCORD)
        await self._client.open(self._token, self._register)

    async def close(self) -> None:
        """Accept no more questions; answers go on."""
        if self._recorder is not None:
            self._recorder.is_open = False
        if self._catch_up is not None:
            await self._catch_up.close()

    async def end(self) -> None:
        """Let what is taken back go, and close the connection."""
        await self._tasks.drain(CLEANUP_SECONDS, cleanup_seconds=CLEANUP_SECONDS)
        await self._client.end()

    def _register(self, bot_user: int) -> None:
        """Register the handlers, once docent's own id is known."""
        settings, client = self._settings, self._client
        config = ListenerConfig(
            bot_user,
            guilds=parse_ids(settings.discord_guilds),
            forums=parse_ids(settings.discord_forums),
            reads_threads=settings.discord_follow_ups,
        )
        signals = SignalSender(self._dispatcher, self._surface.withdraw, self._tasks)
        view = self._database.inbox_view
        recorder = MessageRecorder(client, self._dispatcher, view, signals, config)
        catch_up = CatchUp(
            client,
            recorder,
            self._database.known_messages,
            config=config,
            minutes=settings.catch_up_minutes,
        )
        self._recorder, self._catch_up = recorder, catch_up
        client.on_listed = catch_up.start

        async def on_message(message: discord.Message) -> None:
            await recorder.record_message(message)

        async def on_raw_message_edit(payload: discord.RawMessageUpdateEvent) -> None:
            await recorder.record_edit(payload.message)

        async def on_raw_message_delete(payload: discord.RawMessageDeleteEvent) -> None:
            await recorder.record_deletion(payload.message_id, payload.channel_id, payload.guild_id)

        for handler in (on_message, on_raw_message_edit, on_raw_message_delete):
            client.event(handler)


@contextlib.asynccontextmanager
async def connect_discord(
    settings: BotSettings, parts: AppParts, conversation: Conversation, intervals: Intervals
) -> AsyncIterator[DiscordApp]:
    """Build the app; it is not open yet.

    Args:
        settings: token, servers and forums.
        parts: the parts of the bot.
        conversation: what it shares with other surfaces; it adds itself.
        intervals: seconds between flushes.

    Yields:
        The app.
    """
    reads_content = settings.discord_follow_ups or bool(parse_ids(settings.discord_forums))
    client = build_client(reads_content=reads_content)
    token = settings.discord_bot_token.get_secret_value() if settings.discord_bot_token else ""
    try:
        yield DiscordApp(
            client,
            token.strip(),
            settings=settings,
            parts=parts,
            conversation=conversation,
            edit_seconds=EDITS * intervals.flush_seconds,
        )
    finally:
        await client.end()
