"""Orphans: docent's messages that were posted right before the process that posted them died."""

from __future__ import annotations

import asyncio
import logging

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.storage.inbox_view import InboxView
from bot.storage.question_filter import QuestionFilter
from bot.types import IncomingMessage

PAGE_SIZE = 200
PAUSE_SECONDS = 1.0
MAX_LOOKS = 10

logger = logging.getLogger(__name__)


class Orphans:
    """Finds the messages of an interrupted answer that the inbox does not know yet."""

    def __init__(self, client: AsyncWebClient, view: InboxView, *, bot_user: str) -> None:
        self._client = client
        self._view = view
        self._bot_user = bot_user

    async def find(self, message: IncomingMessage, entry_id: str) -> tuple[str, ...]:
        """Return docent's messages behind a question that belong to no other question.

        Args:
            message: the question.
            entry_id: its id.

        Returns:
            Their time stamps; none if Slack can't be asked.

        Raises:
            StateError: the state database can't be used.
        """
        here = QuestionFilter(message.key.channel, thread_ts=message.thread_ts)
        for _ in range(MAX_LOOKS):
            own = await self._read_own(message)
            known = await asyncio.to_thread(
                self._view.list_posted, message.key.channel, message.thread_ts, but=entry_id
            )
            unknown = tuple(ts for ts in own if ts not in known)
            if not unknown:
                return ()
            # Another question's first message may have been posted a moment ago.
            others = await asyncio.to_thread(self._view.list_open, here)
            if not any(each.id != entry_id and not each.posted for each in others):
                return unknown
            await asyncio.sleep(PAUSE_SECONDS)
        return ()

    async def _read_own(self, message: IncomingMessage) -> list[str]:
        try:
            response = await self._client.conversations_replies(
                channel=message.key.channel,
                ts=message.thread_ts,
                oldest=message.key.ts,
                limit=PAGE_SIZE,
            )
        except SLACK_FAILURES as error:
            logger.warning("A thread could not be read: %s", get_error_code(error) or error)
            return []
        messages = response.get("messages") or []
        return [
            str(each["ts"])
            for each in messages
            if each.get("user") == self._bot_user and float(each["ts"]) > float(message.key.ts)
        ]
