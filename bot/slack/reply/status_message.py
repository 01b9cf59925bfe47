"""A notice: one message of docent's own, posted and then edited."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from slack_sdk.models.blocks import Block

from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.respond import Respond
from bot.slack.client.workspace import SlackClients
from bot.texts.catalog import say

CLOSED_CHANNEL_CODES = frozenset(
    {"channel_not_found", "is_archived", "not_in_channel", "restricted_action"}
)
"""Codes of channels in which docent can't write: https://docs.slack.dev/reference/methods/chat.postMessage"""

logger = logging.getLogger(__name__)


class StatusMessage:
    """A message in a channel that is edited; where docent is not, in the caller's own.

    What `tell` says goes through a response URL, which lives for 30 minutes and five messages: too
    little for a sync, so it comes last.
    """

    def __init__(self, slack: SlackClients, channel: str, tell: Respond, *, user: str = "") -> None:
        """`channel` may be a user's id: then it stands in their direct messages; `user` calls."""
        self._slack = slack
        self._channel = channel
        self._tell = tell
        self._user = user
        self._ts = ""
        self._closed = False
        self._callers = {user, channel}

    def is_visible_to(self, user: str) -> bool:
        """Whether they can read it: direct messages are the caller's alone."""
        return not self._channel.startswith("D") or user in self._callers

    async def post(self, text: str, blocks: Sequence[Block] = ()) -> None:
        """Say it in a new message: in the channel, else to the caller directly, else alone."""
        content = _build_content(text, blocks)
        if await self._try_post(self._channel, content):
            return
        elsewhere = self._user if self._closed and self._user != self._channel else ""
        if elsewhere and await self._try_post(elsewhere, content):
            if link := await self.fetch_permalink():
                await self._try_respond({"text": say("told_in_direct", link=link)})
        elif not await self._try_respond(content):
            logger.error("Nobody could be told: %s", text)

    async def _try_post(self, channel: str, content: dict[str, Any]) -> bool:
        try:
            response = await self._slack.client.chat_postMessage(
                channel=channel, unfurl_links=False, unfurl_media=False, **content
            )
        except SLACK_FAILURES as error:
            logger.info(
                "A notice can't be posted in %s: %s", channel, get_error_code(error) or error
            )
            self._closed = get_error_code(error) in CLOSED_CHANNEL_CODES
            return False
        self._channel, self._ts = str(response["channel"]), str(response["ts"])
        return True

    async def _try_respond(self, content: dict[str, Any]) -> bool:
        """Whether it got through; an old response URL answers 404 and raises nothing."""
        try:
            response = await self._tell(**content)
        except SLACK_FAILURES as error:
            logger.warning("The caller could not be told: %s", get_error_code(error) or error)
            return False
        status = getattr(response, "status_code", 200)
        if status != 200:
            logger.warning("The caller could not be told: status %d", status)
        return bool(status == 200)

    async def edit(self, text: str, shown: Sequence[Block] = ()) -> bool:
        """Put this in place of what was posted; False where that can't be."""
        if not self._ts:
            return False
        try:
            await self._slack.client.chat_update(
                channel=self._channel,
                ts=self._ts,
                **(_build_content(text, shown) | {"blocks": list(shown)}),
            )
        except SLACK_FAILURES as error:
            logger.warning("A notice could not be edited: %s", get_error_code(error) or error)
            return False
        return True

    async def fetch_permalink(self) -> str:
        """Where it stands; empty where it can't be linked."""
        if not self._ts:
            return ""
        try:
            found = await self._slack.client.chat_getPermalink(
                channel=self._channel, message_ts=self._ts
            )
        except SLACK_FAILURES as error:
            logger.info("A notice has no link: %s", get_error_code(error) or error)
            return ""
        return str(found["permalink"])


def _build_content(text: str, shown: Sequence[Block]) -> dict[str, Any]:
    """Beside blocks, the text is what a notification shows."""
    if not shown:
        return {"text": text}
    return {"text": text.partition("\n")[0], "blocks": list(shown)}
