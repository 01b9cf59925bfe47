"""What was said before in a thread, read from Slack; so it survives restarts."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import TAIL
from bot.incoming import ANSWERED_SUBTYPES, MessageKey, plain_text
from bot.slack_errors import SLACK_FAILURES, code
from rag_core.types import Turn

PAGE = 200
PAGES = 5
"""Of a thread are read, its beginning first; longer threads than this are rare."""

TURNS = 10
CHARACTERS = 6_000
"""Most that is kept of a thread, its end."""

_TURN_CHARACTERS = 1_500

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a thread; `mine` is docent's own, its text without sources and footer."""

    user: str
    text: str
    mine: bool = False


class Threads:
    """Reads threads from Slack, within limits."""

    def __init__(self, client: AsyncWebClient, *, bot_user: str) -> None:
        self._client = client
        self.bot_user = bot_user

    async def before(self, key: MessageKey, thread_ts: str) -> tuple[Said, ...] | None:
        """What stands in the thread before a message, oldest first; None where it can't be read."""
        try:
            raw = await self._read(key, thread_ts)
        except SLACK_FAILURES as error:
            logger.warning("A thread could not be read: %s", code(error) or error)
            return None
        said = (self._said(message) for message in raw if float(message["ts"]) < float(key.ts))
        return tuple(one for one in said if one is not None)

    async def message(self, channel: str, ts: str) -> Mapping[str, Any] | None:
        """One message as Slack has it; None where it can't be read."""
        try:
            response = await self._client.conversations_replies(
                channel=channel, ts=ts, oldest=ts, latest=ts, inclusive=True, limit=1
            )
        except SLACK_FAILURES as error:
            logger.warning("A message could not be read: %s", code(error) or error)
            return None
        found: list[Mapping[str, Any]] = response.get("messages") or []
        return next((message for message in found if message.get("ts") == ts), None)

    async def _read(self, key: MessageKey, thread_ts: str) -> list[Mapping[str, Any]]:
        messages: list[Mapping[str, Any]] = []
        cursor = None
        for _ in range(PAGES):
            response = await self._client.conversations_replies(
                channel=key.channel, ts=thread_ts, latest=key.ts, limit=PAGE, cursor=cursor
            )
            messages += response.get("messages") or []
            cursor = (response.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return messages
        logger.info("A thread is longer than %d messages; its beginning was read.", PAGE * PAGES)
        return messages

    def _said(self, message: Mapping[str, Any]) -> Said | None:
        user = str(message.get("user") or "")
        mine = user == self.bot_user
        other_bot = message.get("bot_id") and not mine
        if other_bot or (not mine and message.get("subtype") not in ANSWERED_SUBTYPES):
            return None
        text = _own_text(message) if mine else ""
        text = text or plain_text(str(message.get("text") or ""), bot_user=self.bot_user)
        return Said(user, text, mine=mine) if text else None


def turns(said: tuple[Said, ...], *, asker: str) -> tuple[Turn, ...]:
    """The end of a conversation as the pipeline reads it.

    A question is often about other people's words ("we see this error", "docent, why?"), so they
    are kept, marked as quotations.
    """
    kept: list[Turn] = []
    room = CHARACTERS
    for one in reversed(said[-TURNS:]):
        text = one.text[:_TURN_CHARACTERS]
        if room < len(text):
            break
        room -= len(text)
        quoted = text if one.mine or one.user == asker else f"> {text}"
        kept.append(Turn("assistant" if one.mine else "user", quoted))
    return tuple(reversed(kept))


def _own_text(message: Mapping[str, Any]) -> str:
    """An answer of docent without what stands below it: blocks until the first of the tail."""
    texts: list[str] = []
    for block in message.get("blocks") or ():
        if str(block.get("block_id", "")).startswith(TAIL):
            break
        texts.append("".join(_words(block)))
    return "\n\n".join(text for text in texts if text.strip()).strip()


def _words(node: Any) -> Iterator[str]:
    """Text of a Markdown block, or of the rich text that Slack makes of one."""
    if isinstance(node, list):
        for child in node:
            yield from _words(child)
    elif isinstance(node, dict):
        if isinstance(node.get("text"), str):
            yield node["text"]
        elif "elements" in node:
            yield from _words(node["elements"])
            yield "\n" if node.get("type") != "rich_text" else ""
