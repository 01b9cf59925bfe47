"""What was said before in a thread, read from Slack; so it survives restarts."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.conversation.history import MAX_TURNS
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.inbox.messages import ANSWERED_SUBTYPES, extract_plain_text
from bot.slack.views.answer_blocks import TAIL
from bot.types import MessageKey, ThreadMessage

PAGE_SIZE = 200
"""Messages that are read at once; Slack begins with the oldest ones."""

MAX_PROBES = 6
"""Most requests by which the end of a longer thread is looked for."""

MAX_PAGES = 5
"""Most pages that are read from where the looks have ended."""


logger = logging.getLogger(__name__)


class SlackThreadHistory:
    """Reads threads from Slack, within limits."""

    def __init__(self, client: AsyncWebClient, *, bot_user: str) -> None:
        self._client = client
        self.bot_user = bot_user

    async def read_before(
        self, key: MessageKey, thread_ts: str
    ) -> tuple[ThreadMessage, ...] | None:
        """What stands in the thread before a message, oldest first; None where it can't be read."""
        try:
            raw = await self._read_thread(key, thread_ts)
        except SLACK_FAILURES as error:
            logger.warning("A thread could not be read: %s", get_error_code(error) or error)
            return None
        if raw is None:
            logger.warning("The end of a thread could not be found.")
            return None
        said = (
            self._build_thread_message(message)
            for message in raw
            if float(message["ts"]) < float(key.ts)
        )
        return tuple(one for one in said if one is not None)

    async def read_message(self, channel: str, ts: str) -> Mapping[str, Any] | None:
        """One message as Slack has it; None where it can't be read."""
        try:
            response = await self._client.conversations_replies(
                channel=channel, ts=ts, oldest=ts, latest=ts, inclusive=True, limit=1
            )
        except SLACK_FAILURES as error:
            logger.warning("A message could not be read: %s", get_error_code(error) or error)
            return None
        found: list[Mapping[str, Any]] = response.get("messages") or []
        return next((message for message in found if message.get("ts") == ts), None)

    async def _read_thread(self, key: MessageKey, thread_ts: str) -> list[Mapping[str, Any]] | None:
        """All of a thread before a message, or where it is long its first message and its end."""
        messages, cursor = await self._read_page(key, thread_ts)
        if not cursor:
            return messages
        first = [message for message in messages if message["ts"] == thread_ts]
        newest = await self._find_thread_end(key, thread_ts)
        return None if newest is None else first + newest

    async def _find_thread_end(
        self, key: MessageKey, thread_ts: str
    ) -> list[Mapping[str, Any]] | None:
        """The end of a thread that is longer than a page; None where it is not found.

        Slack reads forwards only. So this looks for a span before the message that fits into one
        page, and in which enough was said: between one that was too short and one too long.
        """
        age = float(key.ts) - float(thread_ts)
        short, long = min(1.0, age / 2), age
        found: list[Mapping[str, Any]] | None = None
        for _ in range(MAX_PROBES):
            span = math.sqrt(short * long)
            since = f"{float(key.ts) - span:.6f}"
            messages, cursor = await self._read_page(key, thread_ts, oldest=since)
            if cursor:
                long = span
                continue
            # Slack puts the first message of the thread before any span.
            found = [message for message in messages if message["ts"] != thread_ts]
            if len(found) >= MAX_TURNS:
                return found
            short = span
        # It rested for long: what was said before lies close together, and is read through.
        since = f"{float(key.ts) - long:.6f}"
        read = await self._read_span_end(key, thread_ts, oldest=since)
        return found if read is None else read

    async def _read_span_end(
        self, key: MessageKey, thread_ts: str, *, oldest: str
    ) -> list[Mapping[str, Any]] | None:
        """The end of a span, read page by page; None where it has too many."""
        end: list[Mapping[str, Any]] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            messages, cursor = await self._read_page(key, thread_ts, oldest=oldest, cursor=cursor)
            end = [*end, *(one for one in messages if one["ts"] != thread_ts)][-PAGE_SIZE:]
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
        """Messages of a span, the oldest first, and where the next ones begin, if any."""
        response = await self._client.conversations_replies(
            channel=key.channel,
            ts=thread_ts,
            oldest=oldest,
            latest=key.ts,
            limit=PAGE_SIZE,
            cursor=cursor,
        )
        following = (response.get("response_metadata") or {}).get("next_cursor")
        return list(response.get("messages") or []), str(following or "")

    def _build_thread_message(self, message: Mapping[str, Any]) -> ThreadMessage | None:
        user = str(message.get("user") or "")
        mine = user == self.bot_user
        other_bot = message.get("bot_id") and not mine
        if other_bot or (not mine and message.get("subtype") not in ANSWERED_SUBTYPES):
            return None
        text = _extract_own_text(message) if mine else ""
        text = text or extract_plain_text(str(message.get("text") or ""), bot_user=self.bot_user)
        return ThreadMessage(user, text, is_own=mine) if text else None


def _extract_own_text(message: Mapping[str, Any]) -> str:
    """An answer of docent without what stands below it: blocks until the first of the tail."""
    texts: list[str] = []
    for block in message.get("blocks") or ():
        if str(block.get("block_id", "")).startswith(TAIL):
            break
        texts.append("".join(_extract_texts(block)))
    return "\n\n".join(text for text in texts if text.strip()).strip()


def _extract_texts(node: Any) -> Iterator[str]:
    """Text of a Markdown block, or of the rich text that Slack makes of one."""
    if isinstance(node, list):
        for child in node:
            yield from _extract_texts(child)
    elif isinstance(node, dict):
        if isinstance(node.get("text"), str):
            yield node["text"]
        elif "elements" in node:
            yield from _extract_texts(node["elements"])
            yield "\n" if node.get("type") != "rich_text" else ""
