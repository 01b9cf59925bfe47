"""Status message: one message of docent's own, posted and then edited."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from slack_sdk.models.blocks import Block

from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.respond import Respond
from bot.slack.client.workspace import SlackClients, is_direct_channel
from bot.texts.catalog import say

CLOSED_CHANNEL_CODES = frozenset(
    {"channel_not_found", "is_archived", "not_in_channel", "restricted_action"}
)
"""Codes of channels where docent can't post: https://docs.slack.dev/reference/methods/chat.postMessage"""

logger = logging.getLogger(__name__)


class StatusMessage:
    """A message that is edited, in a channel or else in the caller's direct messages.

    `respond` uses a response URL, which lives for 30 minutes and five messages: too little for a
    sync, so it is the last resort.
    """

    def __init__(
        self, slack: SlackClients, channel: str, respond: Respond, *, user: str = ""
    ) -> None:
        """Prepare a message; `post` posts it.

        Args:
            slack: the clients of the workspace.
            channel: id of the channel, or of a user for their direct messages.
            respond: posts to the caller.
            user: id of the caller.
        """
        self._slack = slack
        self._channel = channel
        self._respond = respond
        self._user = user
        self._ts = ""
        self._closed = False
        self._callers = {user, channel}

    def is_visible_to(self, user: str) -> bool:
        """Return whether a user can read the message.

        Only the caller can read direct messages.
        """
        return not is_direct_channel(self._channel) or user in self._callers

    async def post(self, text: str, blocks: Sequence[Block] = ()) -> None:
        """Post a new message.

        Try the channel, then the caller's direct messages, then `respond`.
        """
        content = _build_content(text, blocks)
        if await self._try_post(self._channel, content):
            return
        elsewhere = self._user if self._closed and self._user != self._channel else ""
        if elsewhere and await self._try_post(elsewhere, content):
            if link := await self.fetch_permalink():
                await self._try_respond({"text": say("told_in_direct", link=link)})
        elif not await self._try_respond(content):
            logger.error("A message could not be posted anywhere: %s", text)

    async def _try_post(self, channel: str, content: dict[str, Any]) -> bool:
        try:
            response = await self._slack.client.chat_postMessage(
                channel=channel, unfurl_links=False, unfurl_media=False, **content
            )
        except SLACK_FAILURES as error:
            logger.info(
                "A message can't be posted in %s: %s", channel, get_error_code(error) or error
            )
            self._closed = get_error_code(error) in CLOSED_CHANNEL_CODES
            return False
        self._channel, self._ts = str(response["channel"]), str(response["ts"])
        return True

    async def _try_respond(self, content: dict[str, Any]) -> bool:
        """Send a message to the caller, and return whether it got through.

        An old response URL answers 404 and raises nothing.
        """
        try:
            response = await self._respond(**content)
        except SLACK_FAILURES as error:
            logger.warning("The caller could not be answered: %s", get_error_code(error) or error)
            return False
        status = getattr(response, "status_code", 200)
        if status != 200:
            logger.warning("The caller could not be answered: status %d", status)
        return bool(status == 200)

    async def edit(self, text: str, blocks: Sequence[Block] = ()) -> bool:
        """Replace the posted message; return False if that fails."""
        if not self._ts:
            return False
        try:
            await self._slack.client.chat_update(
                channel=self._channel,
                ts=self._ts,
                **(_build_content(text, blocks) | {"blocks": list(blocks)}),
            )
        except SLACK_FAILURES as error:
            logger.warning(
                "A status message could not be edited: %s", get_error_code(error) or error
            )
            return False
        return True

    async def fetch_permalink(self) -> str:
        """Return a link to the message; empty if there is none."""
        if not self._ts:
            return ""
        try:
            response = await self._slack.client.chat_getPermalink(
                channel=self._channel, message_ts=self._ts
            )
        except SLACK_FAILURES as error:
            logger.info("A status message has no link: %s", get_error_code(error) or error)
            return ""
        return str(response["permalink"])


def _build_content(text: str, blocks: Sequence[Block]) -> dict[str, Any]:
    """Return the arguments of a post; beside blocks, notifications show the text."""
    if not blocks:
        return {"text": text}
    return {"text": text.partition("\n")[0], "blocks": list(blocks)}
