"""Thread history: earlier messages, read from Slack, so they survive restarts."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.conversation.history import MAX_TURNS
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.calls import execute_call
from bot.slack.client.names import Names
from bot.slack.client.workspace import SlackClients
from bot.slack.content.message_content import read_content
from bot.slack.inbox.messages import ANSWERED_SUBTYPES
from bot.slack.inbox.readable_messages import ReadableMessages
from bot.slack.views.answer_blocks import TAIL
from bot.types import MessageKey, ThreadMessage

PAGE_SIZE = 200
"""Most messages in one request; Slack returns the oldest first."""

MAX_PROBES = 6
"""Most requests that search for the end of a longer thread."""

MAX_PAGES = 5
"""Most pages to read once the probes have ended."""

CONVERSATION_SECONDS = 1_800.0
"""Direct messages within so long before a question belong to its conversation."""

CONVERSATION_THREADS = 5
"""Most threads of a direct channel that are read for a question."""

READ_SECONDS = 3.0
"""Longest wait for a thread or a conversation; what was read by then counts."""

Messages = dict[str, Mapping[str, Any]]
"""Messages as Slack stores them, by time stamp."""

logger = logging.getLogger(__name__)


class SlackThreadHistory:
    """Reads threads from Slack, within limits."""

    def __init__(
        self, slack: SlackClients, names: Names, readable: ReadableMessages, *, bot_user: str
    ) -> None:
        """Read threads.

        Args:
            slack: the clients of the workspace.
            names: gives people and channels their names.
            readable: tells whose messages the LLM may read.
            bot_user: the id of docent's user.
        """
        self._slack = slack
        self._names = names
        self._readable = readable
        self.bot_user = bot_user

    async def read_before(
        self, key: MessageKey, thread_ts: str
    ) -> tuple[ThreadMessage, ...] | None:
        """Return the messages before a message in its thread, oldest first.

        Return None if the thread can't be read.
        """
        read: Messages = {}
        try:
            async with asyncio.timeout(READ_SECONDS):
                is_read = await self._read_thread(key, thread_ts, read)
        except SLACK_FAILURES as error:
            logger.warning("A thread could not be read: %s", _describe(error))
            is_read = bool(read)
        else:
            if not is_read:
                logger.warning("The end of a thread could not be found.")
        return await self._build_messages(read, key) if is_read else None

    async def read_conversation(self, key: MessageKey) -> tuple[ThreadMessage, ...] | None:
        """Return the direct messages shortly before one, oldest first.

        docent's answers are in the threads of the questions. Return None if Slack fails.
        """
        since = f"{float(key.ts) - CONVERSATION_SECONDS:.6f}"
        read: Messages = {}
        try:
            async with asyncio.timeout(READ_SECONDS):
                response = await execute_call(
                    self._slack,
                    "conversations.history",
                    channel=key.channel,
                    oldest=since,
                    latest=key.ts,
                    limit=MAX_TURNS,
                )
                recent = list(response.get("messages") or [])
                read |= _index(recent)
                threads = [str(message["ts"]) for message in recent[:CONVERSATION_THREADS]]
                await asyncio.gather(
                    *(self._add_replies(key, each, since, read) for each in threads)
                )
        except SLACK_FAILURES as error:
            logger.warning("A conversation could not be read: %s", _describe(error))
            if not read:
                return None
        return await self._build_messages(read, key)

    async def _add_replies(
        self, key: MessageKey, thread_ts: str, since: str, read: Messages
    ) -> None:
        """Read a thread of a conversation; without it, the others still count."""
        try:
            messages, _ = await self._read_page(key, thread_ts, oldest=since)
        except SLACK_FAILURES as error:
            logger.warning("A thread could not be read: %s", _describe(error))
        else:
            read |= _index(messages)

    async def read_message(self, channel: str, ts: str) -> Mapping[str, Any] | None:
        """Return one message as Slack stores it; None if Slack fails."""
        try:
            response = await self._slack.client.conversations_replies(
                channel=channel, ts=ts, oldest=ts, latest=ts, inclusive=True, limit=1
            )
        except SLACK_FAILURES as error:
            logger.warning("A message could not be read: %s", get_error_code(error) or error)
            return None
        messages: list[Mapping[str, Any]] = response.get("messages") or []
        return next((message for message in messages if message.get("ts") == ts), None)

    async def read_team(self, user: str) -> str:
        """Return the team of a user, which a reaction does not name.

        Return an empty string, as for a guest, if Slack fails.
        """
        try:
            response = await self._slack.client.users_info(user=user)
        except SLACK_FAILURES as error:
            logger.warning(
                "The team of a user could not be read: %s", get_error_code(error) or error
            )
            return ""
        return str(response["user"].get("team_id") or "")

    async def _read_thread(self, key: MessageKey, thread_ts: str, read: Messages) -> bool:
        """Read the thread before a message.

        Return False if its end was not found. Read only the first message and the end of a thread
        longer than a page.
        """
        messages, cursor = await self._read_page(key, thread_ts)
        if not cursor:
            read |= _index(messages)
            return True
        read |= _index(message for message in messages if message["ts"] == thread_ts)
        return await self._read_thread_end(key, thread_ts, read)

    async def _read_thread_end(self, key: MessageKey, thread_ts: str, read: Messages) -> bool:
        """Read the end of a long thread; return False if not found.

        Slack reads forwards only. So search for a span before the message that fits into one page
        and holds enough messages: longer than one known to be too short, shorter than one known to
        be too long. Each probe is the geometric mean of the two: spans range from seconds to years.
        """
        age = float(key.ts) - float(thread_ts)
        short, long = min(1.0, age / 2), age  # seconds
        is_found = False
        for _ in range(MAX_PROBES):
            span = math.sqrt(short * long)
            since = f"{float(key.ts) - span:.6f}"
            messages, cursor = await self._read_page(key, thread_ts, oldest=since)
            if cursor:
                long = span
                continue
            # Slack puts the first message of the thread before any span.
            newest = [message for message in messages if message["ts"] != thread_ts]
            read |= _index(newest)
            is_found = True
            if len(newest) >= MAX_TURNS:
                return True
            short = span
        # The thread was quiet for long, so its last messages lie close together: read through them.
        since = f"{float(key.ts) - long:.6f}"
        span_end = await self._read_span_end(key, thread_ts, oldest=since)
        read |= _index(span_end or ())
        return is_found or span_end is not None

    async def _read_span_end(
        self, key: MessageKey, thread_ts: str, *, oldest: str
    ) -> list[Mapping[str, Any]] | None:
        """Read a span page by page, and return its end.

        Return None if it has too many pages.
        """
        end: list[Mapping[str, Any]] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            messages, cursor = await self._read_page(key, thread_ts, oldest=oldest, cursor=cursor)
            end = [*end, *(each for each in messages if each["ts"] != thread_ts)][-PAGE_SIZE:]
            if not cursor:
                return end
        return None

    async def _read_page(
        self,
        key: MessageKey,
        thread_ts: str,
        *,
        oldest: str | None = None,
        cursor: str | None = None,
    ) -> tuple[list[Mapping[str, Any]], str]:
        """Return a page of messages, oldest first, and the next cursor.

        The cursor is empty after the last page.
        """
        response = await execute_call(
            self._slack,
            "conversations.replies",
            channel=key.channel,
            ts=thread_ts,
            oldest=oldest,
            latest=key.ts,
            limit=PAGE_SIZE,
            cursor=cursor,
        )
        next_cursor = (response.get("response_metadata") or {}).get("next_cursor")
        return list(response.get("messages") or []), str(next_cursor or "")

    async def _build_messages(self, raw: Messages, key: MessageKey) -> tuple[ThreadMessage, ...]:
        """Build the messages before `key`, with names where needed."""
        earlier = [raw[ts] for ts in sorted(raw, key=float) if float(ts) < float(key.ts)]
        built = [
            (message, thread_message)
            for number, message in enumerate(earlier)
            if (thread_message := self._build_thread_message(message, is_first=number == 0))
        ]
        last = built[1:][-MAX_TURNS:]
        read = await self._complete([*built[:1], *last])
        between = [message for _, message in built[1 : len(built) - len(last)]]
        return (*read[:1], *between, *read[1:])

    async def _complete(
        self, built: Sequence[tuple[Mapping[str, Any], ThreadMessage]]
    ) -> list[ThreadMessage]:
        """Return messages with names, without those that may not be read."""
        unreadable, quoting = await asyncio.gather(
            self._readable.find_unreadable([raw for raw, _ in built]),
            asyncio.gather(*(self._readable.remove_foreign_quotations(raw) for raw, _ in built)),
        )
        messages = [
            message if quoted is raw else replace(message, text=self._read_text(quoted))
            for (raw, message), quoted in zip(built, quoting, strict=True)
        ]
        texts = await self._names.resolve(*(each.text for each in messages))
        return [
            replace(each, text="", is_readable=False)
            if str(raw["ts"]) in unreadable
            else replace(each, text=text)
            for (raw, _), each, text in zip(built, messages, texts, strict=True)
        ]

    def _build_thread_message(
        self, message: Mapping[str, Any], *, is_first: bool
    ) -> ThreadMessage | None:
        """Return a message of a thread, an app's only at its beginning."""
        user = str(message.get("user") or message.get("bot_id") or "")
        if user == self.bot_user:
            text = _extract_own_text(message) or self._read_text(_remove_tasks(message))
            return ThreadMessage(user, text, is_own=True) if text else None
        is_app = bool(message.get("bot_id")) or message.get("subtype") == "bot_message"
        if is_app and not is_first:
            return None
        if not is_app and message.get("subtype") not in ANSWERED_SUBTYPES:
            return None
        text = self._read_text(message)
        return ThreadMessage(user, text, is_app=is_app) if text else None

    def _read_text(self, message: Mapping[str, Any]) -> str:
        return read_content(message, bot_user=self.bot_user).full_text


def _index(messages: Iterable[Mapping[str, Any]]) -> Messages:
    return {str(message["ts"]): message for message in messages}


def _describe(error: Exception) -> str:
    return get_error_code(error) or str(error) or type(error).__name__


def _remove_tasks(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a message without the cards that name docent's stage."""
    blocks = [each for each in message.get("blocks") or () if each.get("type") != "task_card"]
    return {**message, "blocks": blocks}


def _extract_own_text(message: Mapping[str, Any]) -> str:
    """Return the text of docent's answer: its blocks before the tail."""
    texts: list[str] = []
    for block in message.get("blocks") or ():
        if str(block.get("block_id", "")).startswith(TAIL):
            break
        texts.append("".join(_extract_texts(block)))
    return "\n\n".join(text for text in texts if text.strip()).strip()


def _extract_texts(node: Any) -> Iterator[str]:
    """Yield the texts of a Markdown block, or of Slack's rich text."""
    if isinstance(node, list):
        for child in node:
            yield from _extract_texts(child)
    elif isinstance(node, dict):
        if isinstance(node.get("text"), str):
            yield node["text"]
        elif "elements" in node:
            yield from _extract_texts(node["elements"])
            yield "\n" if node.get("type") != "rich_text" else ""
