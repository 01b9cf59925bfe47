"""Conversation reader: docent's conversations, their latest messages and their threads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code, get_retry_after
from bot.slack.client.workspace import SlackClients, is_direct_channel

Call = Callable[..., Awaitable[Any]]

Message = Mapping[str, Any]
"""A message as Slack lists it."""

KINDS = {"im": "im", "mpim": "mpim", "private_channel": "group", "public_channel": "channel"}
"""The kind of a conversation as an event names it, by the word of `users.conversations`."""

PAGE_SIZE = 200
MAX_PAGES = 5
"""Most pages of one list of messages."""

MAX_CONVERSATION_PAGES = 10
MAX_REFUSALS = 3
"""After so many refusals for the rate, nothing more is read."""

_SPARE = 0.5
"""The part of a rate that is left to questions that are asked now."""

logger = logging.getLogger(__name__)


class RateUsedUpError(Exception):
    """Slack refused too many calls in a row for their rate."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A channel or direct messages; `kind` is the `channel_type` of its events."""

    id: str
    kind: str
    active_at: float = 0.0
    """The time of its newest message, in seconds; 0 if Slack does not tell."""

    @classmethod
    def of_id(cls, channel: str) -> Conversation:
        """Build the conversation of an id.

        The id tells direct messages from the rest.
        """
        return cls(channel, "im" if is_direct_channel(channel) else "channel")


class ConversationReader:
    """Reads from Slack at a pace that leaves room for questions that are asked meanwhile."""

    def __init__(self, slack: SlackClients) -> None:
        self._slack = slack
        self._refusals = 0

    def begin(self) -> None:
        """Begin to read anew: earlier refusals for the rate are over."""
        self._refusals = 0

    async def list_conversations(self) -> tuple[Conversation, ...]:
        """Return the conversations that docent is in.

        Those that it may not list are left out.

        Raises:
            RateUsedUpError: Slack refuses further calls.
        """
        found: list[Conversation] = []
        refused: list[str] = []
        for listed, kind in KINDS.items():  # one by one, as each needs a scope of its own
            try:
                found += [each async for each in self._list_kind(listed, kind)]
            except SLACK_FAILURES as error:
                refused.append(f"{listed} ({get_error_code(error) or error})")
        if refused:
            logger.warning("Conversations could not be listed: %s", ", ".join(refused))
        return tuple(found)

    async def _list_kind(self, listed: str, kind: str) -> AsyncIterator[Conversation]:
        cursor = ""
        for _ in range(MAX_CONVERSATION_PAGES):
            response = await self._request(
                "users.conversations",
                self._slack.quick.users_conversations,
                types=listed,
                exclude_archived=True,
                limit=PAGE_SIZE,
                **({"cursor": cursor} if cursor else {}),
            )
            for channel in response.get("channels") or ():
                if not channel.get("is_user_deleted"):
                    yield Conversation(str(channel["id"]), kind, _get_activity(channel))
            if not (cursor := _get_cursor(response)):
                return

    async def read_history(self, channel: str, oldest: float) -> list[Message]:
        """Return a channel's messages, newest first, at least back to a time.

        Older ones on the same page are among them: their threads may have gone on. Of very many
        messages, the oldest are left out.

        Raises:
            RateUsedUpError: Slack refuses further calls.
            SlackApiError: the channel can't be read.
        """
        messages: list[Message] = []
        cursor = ""
        for _ in range(MAX_PAGES):
            response = await self._request(
                "conversations.history",
                self._slack.quick.conversations_history,
                channel=channel,
                limit=PAGE_SIZE,
                **({"cursor": cursor} if cursor else {}),
            )
            messages += response.get("messages") or ()
            cursor = _get_cursor(response)
            if not cursor or float(messages[-1]["ts"]) < oldest:
                break
        return messages

    async def read_replies(self, channel: str, thread_ts: str, oldest: float) -> list[Message]:
        """Return the replies of a thread since a time, oldest first.

        Args:
            channel: id of the channel.
            thread_ts: time stamp of the thread.
            oldest: the time, in seconds.

        Returns:
            The replies, without the first message.

        Raises:
            RateUsedUpError: Slack refuses further calls.
            SlackApiError: the thread can't be read.
        """
        messages: list[Message] = []
        cursor = ""
        for _ in range(MAX_PAGES):
            response = await self._request(
                "conversations.replies",
                self._slack.quick.conversations_replies,
                channel=channel,
                ts=thread_ts,
                oldest=f"{oldest:.6f}",
                limit=PAGE_SIZE,
                **({"cursor": cursor} if cursor else {}),
            )
            messages += response.get("messages") or ()
            if not (cursor := _get_cursor(response)):
                break
        return [each for each in messages if each["ts"] != thread_ts]

    async def _request(self, method: str, call: Call, **arguments: Any) -> Any:
        """Call a method at docent's pace.

        After a 429 wait as Slack says, and try again.
        """
        bucket = self._slack.rates.get(method)
        while True:
            if (pause := bucket.compute_pause(spare=_SPARE)) > 0:
                await asyncio.sleep(pause)
            bucket.take()
            try:
                return await call(**arguments)
            except SLACK_FAILURES as error:
                retry_after = get_retry_after(error)
                if retry_after is None:
                    raise
                self._refusals += 1
                if self._refusals >= MAX_REFUSALS:
                    raise RateUsedUpError("Slack refuses further calls for their rate.") from error
                bucket.hold_back(retry_after)


def _get_activity(channel: Mapping[str, Any]) -> float:
    latest = channel.get("latest")
    return float((latest.get("ts") or 0) if isinstance(latest, Mapping) else latest or 0)


def _get_cursor(response: Mapping[str, Any]) -> str:
    return str((response.get("response_metadata") or {}).get("next_cursor") or "")
