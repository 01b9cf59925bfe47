"""Acknowledgement: a reaction to thanks, which need no answer."""

from __future__ import annotations

import logging

from bot.slack.client.api_errors import (
    SLACK_FAILURES,
    UNAVAILABLE_CODES,
    get_error_code,
    get_retry_after,
)
from bot.slack.client.workspace import SlackClients
from bot.types import IncomingMessage

REACTION = "+1"

_METHOD = "reactions.add"

logger = logging.getLogger(__name__)


class Acknowledgement:
    """Puts a thumb on messages; it gives up quietly where Slack takes none."""

    def __init__(self, slack: SlackClients) -> None:
        self._slack = slack

    async def react(self, message: IncomingMessage) -> None:
        """Put a reaction on a message, if Slack takes it."""
        if _METHOD in self._slack.unavailable:
            return
        key = message.key
        try:
            await self._slack.quick.reactions_add(
                channel=key.channel, name=REACTION, timestamp=key.ts
            )
        except SLACK_FAILURES as error:
            code = get_error_code(error)
            if code == "already_reacted":
                return
            if code in UNAVAILABLE_CODES:
                self._slack.unavailable.add(_METHOD, seconds=get_retry_after(error))
            logger.info("A reaction was not taken: %s", code or error)
