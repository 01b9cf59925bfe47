"""The recorder: writes questions, stops and deletions down before Slack's event is acknowledged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncBoltRequest

from bot.background import BackgroundTasks
from bot.conversation.dispatcher import Dispatcher
from bot.conversation.question_detector import is_question
from bot.conversation.signal_sender import SignalSender
from bot.slack.inbox.messages import ListenerConfig, parse_deletion, parse_edit, parse_event
from bot.slack.inbox.readable_messages import ReadableMessages
from bot.slack.inbox.targets import build_question, parse_reaction, parse_shortcut
from bot.slack.reply.surface import SlackSurface
from bot.storage.database import BotDatabase
from bot.storage.inbox_entry import Signal
from bot.storage.question_filter import QuestionFilter
from bot.types import IncomingMessage, MessageKey
from ingest.errors import StateError

LOOK_SECONDS = 1.5
"""Longest look into the state database before an event is acknowledged; Slack waits for three."""

Parse = Callable[[Mapping[str, Any], ListenerConfig], IncomingMessage | None]
Next = Callable[[], Awaitable[None]]

logger = logging.getLogger(__name__)


class QuestionRecorder:
    """Hands questions to the dispatcher, in middleware that runs before the acknowledgement.

    What can't be decided without Slack is decided when the question's turn comes.
    """

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        dispatcher: Dispatcher,
        database: BotDatabase,
        surface: SlackSurface,
        *,
        readable: ReadableMessages,
        tasks: BackgroundTasks,
        config: ListenerConfig,
    ) -> None:
        """Record what `config` says is for docent.

        Args:
            dispatcher: gets the questions and signals.
            database: knows the threads and messages that docent was asked or answered in.
            surface: removes what docent has shown for a question that is withdrawn.
            readable: leaves out what people have written who may not ask.
            tasks: removes it in the background.
            config: says which messages are for docent.
        """
        self._dispatcher = dispatcher
        self._view = database.inbox_view
        self._answers = database.answers
        self._surface = surface
        self._readable = readable
        self._tasks = tasks
        self._config = config
        self._signals = SignalSender(dispatcher, surface.withdraw, tasks)

    async def record_message(
        self,
        body: dict[str, Any],
        request: AsyncBoltRequest,
        next: Next,  # noqa: A002  (Bolt hands it in by this name)
    ) -> None:
        """Record a mention, a message, an edit or a deletion.

        Args:
            body: the payload.
            request: its headers tell a repeated delivery.
            next: runs the rest of Bolt's chain.
        """
        event = body["event"]
        if (key := parse_deletion(event, self._config)) is not None:
            await self.send("delete", QuestionFilter.of_message(key))
        elif event.get("subtype") == "message_changed":
            await self._record_edit(event)
        elif (message := await self.parse(event)) is not None:
            retries = request.headers.get("x-slack-retry-num") or ["0"]
            # Slack says a mention as `app_mention` too, maybe to another process.
            is_twin = (
                event.get("type") == "message"
                and message.audience == "mention"
                and not message.is_direct
            )
            message = replace(message, may_be_answered=retries[0] != "0")
            await self.offer(message, is_twin=is_twin)
        await next()

    async def parse(
        self, event: Mapping[str, Any], parse: Parse = parse_event
    ) -> IncomingMessage | None:
        """Parse an event without quotations of people who may not ask.

        Return None if it is not for docent.
        """
        if (message := parse(event, self._config)) is None:
            return None
        edited = event.get("message")
        said = edited if isinstance(edited, Mapping) else event
        self._readable.learn_author(said)
        readable = await self._readable.remove_foreign_quotations(said)
        if readable is said:
            return message
        return parse({**event, "message": readable} if said is edited else readable, self._config)

    async def record_reaction(self, body: dict[str, Any], next: Next) -> None:  # noqa: A002  (Bolt)
        """Record a reaction with docent's emoji."""
        if (target := parse_reaction(body["event"], self._config)) is not None:
            await self._dispatcher.offer(build_question(target, "reaction"))
        await next()

    async def record_stop(self, body: dict[str, Any], next: Next) -> None:  # noqa: A002  (Bolt)
        """Record a stop in a thread by Slack's own button."""
        event = body["event"]
        channel, thread_ts = str(event.get("channel") or ""), str(event.get("thread_ts") or "")
        if channel and thread_ts and not await self.stop_thread(channel, thread_ts):
            self._tasks.start(self._surface.set_thread_active(channel, thread_ts))
        await next()

    async def record_shortcut(self, body: Mapping[str, Any], response_url: str) -> None:
        """Record a question that was asked by the message shortcut."""
        is_readable = await self._readable.is_readable(body["message"])
        message = await self._readable.remove_foreign_quotations(body["message"])
        target = parse_shortcut({**body, "message": message}, self._config, is_readable=is_readable)
        await self._dispatcher.offer(build_question(target, "shortcut"), response_url=response_url)

    async def record_command(self, message: IncomingMessage, response_url: str) -> None:
        """Record a question that was asked by a slash command."""
        await self._dispatcher.offer(message, response_url=response_url)

    async def offer(self, message: IncomingMessage, *, is_twin: bool = False) -> None:
        """Record a message if it may be a question to docent.

        Small talk of channels is left out without a trace. While the state database can't be used,
        it is decided later what is docent's. `is_twin` is for `Dispatcher.offer`.
        """
        if message.audience == "channel" and not is_question(message.text):
            return
        if message.audience == "thread":
            place = message.key.team, message.key.channel, message.thread_ts
            if await self._read(self._view.has_thread, *place) is False:
                return
        if message.was_missed:
            await self._dispatcher.offer_missed(message)
        else:
            await self._dispatcher.offer(message, is_twin=is_twin)

    async def _record_edit(self, event: Mapping[str, Any]) -> None:
        """Record an edited message if it is or was a question."""
        message = await self.parse(event, parse_edit)
        if message is None:
            return
        if message.is_first_mention or await self._read(self._has_asked, message.key) is not False:
            await self._dispatcher.offer(message)

    def _has_asked(self, key: MessageKey) -> bool:
        """Return True if a message was a question to docent before; blocks."""
        return self._view.has_message(key) or self._answers.find_by_message(key) is not None

    async def stop_thread(self, channel: str, thread_ts: str) -> bool:
        """Stop the answers of a thread; return True if there were any."""
        return await self.send("stop", QuestionFilter(channel, thread_ts=thread_ts))

    async def send(self, signal: Signal, where: QuestionFilter) -> bool:
        """Send a signal to open questions; return True if there were any."""
        return await self._signals.send(signal, where)

    async def _read(self, read: Callable[..., object], *place: Any) -> object:
        """Return what the state database says; None if it is late."""
        reading = self._dispatcher.run_blocking(read, *place)
        try:
            return await asyncio.wait_for(reading, LOOK_SECONDS)
        except (StateError, TimeoutError) as error:
            logger.warning("A message could not be looked up: %r", error)
            return None
