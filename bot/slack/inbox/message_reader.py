"""Message reader: completes a message with what only Slack knows."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.conversation.follow_ups import FollowUps
from bot.slack.client.names import Names
from bot.slack.content.message_content import read_content
from bot.slack.inbox.readable_messages import ReadableMessages
from bot.slack.inbox.targets import list_authors
from bot.slack.inbox.thread_history import SlackThreadHistory
from bot.types import IncomingMessage


class MessageReader:
    """Reads the message of a reaction, and the names of people and channels."""

    def __init__(
        self,
        threads: SlackThreadHistory,
        names: Names,
        follow_ups: FollowUps,
        readable: ReadableMessages,
    ) -> None:
        """Complete messages.

        Args:
            threads: reads the message of a reaction.
            names: gives people and channels their names.
            follow_ups: knows docent's threads.
            readable: tells whose messages the LLM may read.
        """
        self._readable = readable
        self._threads = threads
        self._names = names
        self._follow_ups = follow_ups

    async def complete(self, message: IncomingMessage) -> IncomingMessage | None:
        """Return a message with its text, and names for ids.

        Return None for a reaction to a message that asks nothing, is docent's own or is gone, and
        for a greeting in a thread that is none of docent's alone.

        Raises:
            StateError: the state database can't be used.
        """
        if message.kind == "hint" and message.audience == "thread":
            decision = await self._follow_ups.decide(message)
            return message if decision.action == "hint" else None
        if message.origin == "reaction" and not message.text:
            completed = await self._read_target(message)
            if completed is None:
                return None
            message = completed
        text, material = await self._names.resolve(message.text, message.material)
        return replace(message, text=text, material=material)

    async def _read_target(self, message: IncomingMessage) -> IncomingMessage | None:
        """Read the message that a person put a reaction on."""
        key, bot_user = message.key, self._threads.bot_user
        raw, team = await asyncio.gather(
            self._threads.read_message(key.channel, key.ts), self._threads.read_team(message.user)
        )
        if raw is None or raw.get("user") == bot_user:
            return None
        thread_ts = str(raw.get("thread_ts") or key.ts)
        if not await self._readable.is_readable(raw):
            return replace(message, user_team=team, thread_ts=thread_ts, is_about_foreign=True)
        raw = await self._readable.remove_foreign_quotations(raw)
        content = read_content(raw, bot_user=bot_user)
        if not content.text:
            return None
        return replace(
            message,
            user_team=team,
            thread_ts=thread_ts,
            text=content.text,
            material=content.material,
            files=content.files,
            authors=list_authors(raw, asker=message.user),
        )
