"""A notice: one message of docent's own, posted and then edited."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from slack_sdk.models.blocks import Block

from bot.place import Slack
from bot.slack_errors import SLACK_FAILURES, code

Tell = Callable[..., Awaitable[object]]
"""Says something to the caller of a command alone, as Bolt's `respond`; text comes first."""

logger = logging.getLogger(__name__)


class Notice:
    """A message in a channel that is edited; where docent is not, the caller is told alone."""

    def __init__(self, slack: Slack, channel: str, tell: Tell) -> None:
        """`channel` may be a user's id: then it stands in their direct messages."""
        self._slack = slack
        self._channel = channel
        self._tell = tell
        self._ts = ""

    async def post(self, text: str, blocks: Sequence[Block] = ()) -> None:
        """Say it in a new message."""
        content = _content(text, blocks)
        try:
            response = await self._slack.client.chat_postMessage(
                channel=self._channel, unfurl_links=False, unfurl_media=False, **content
            )
        except SLACK_FAILURES as error:
            logger.info("A notice goes to the caller alone: %s", code(error) or error)
            await self._tell(**content)
        else:
            self._channel, self._ts = str(response["channel"]), str(response["ts"])

    async def edit(self, text: str, shown: Sequence[Block] = ()) -> bool:
        """Put this in place of what was posted; False where that can't be."""
        if not self._ts:
            return False
        try:
            await self._slack.client.chat_update(
                channel=self._channel,
                ts=self._ts,
                **(_content(text, shown) | {"blocks": list(shown)}),
            )
        except SLACK_FAILURES as error:
            logger.warning("A notice could not be edited: %s", code(error) or error)
            return False
        return True

    async def link(self) -> str:
        """Where it stands; empty where it can't be linked."""
        if not self._ts:
            return ""
        try:
            found = await self._slack.client.chat_getPermalink(
                channel=self._channel, message_ts=self._ts
            )
        except SLACK_FAILURES as error:
            logger.info("A notice has no link: %s", code(error) or error)
            return ""
        return str(found["permalink"])


def _content(text: str, shown: Sequence[Block]) -> dict[str, Any]:
    """Beside blocks, the text is what a notification shows."""
    if not shown:
        return {"text": text}
    return {"text": text.partition("\n")[0], "blocks": list(shown)}
