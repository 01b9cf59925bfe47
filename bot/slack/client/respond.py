"""Respond: messages to one person, beside the message that they clicked on."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.slack.client.api_errors import SLACK_FAILURES, is_cut_off
from bot.types import Asker

logger = logging.getLogger(__name__)

Respond = Callable[..., Awaitable[object]]
"""Posts beside the clicked message; the text is the first argument."""


def build_respond(response_url: str) -> Respond:
    """Build what posts to a response URL, once.

    Bolt's `respond` repeats a post after a broken connection, though Slack may have taken it.
    """
    client = AsyncWebhookClient(response_url, retry_handlers=[])

    async def respond(text: str = "", **content: Any) -> object:
        try:
            return await client.send_dict({"text": text, **content})
        except SLACK_FAILURES as error:
            if not is_cut_off(error):
                raise
            logger.warning("A private message may not have got through: %r", error)
            return None  # it can't be looked for, and must not come twice

    return respond


@dataclass(frozen=True, slots=True)
class Click:
    """A click on a button or menu.

    Attributes:
        value: the value of the element, or of the chosen option.
        user: id of the user who clicked.
        user_team: id of their team.
        team: id of the workspace.
        channel: the channel of the message; empty in a modal and in the Home tab.
        message_ts: time stamp of the message.
        thread_ts: time stamp of its thread; empty if it is in none.
        trigger_id: opens a modal, within three seconds.
        delivery: identity of the payload, equal in each of its deliveries.
    """

    value: str
    user: str
    user_team: str
    team: str
    channel: str = ""
    message_ts: str = ""
    thread_ts: str = ""
    trigger_id: str = ""
    delivery: str = ""

    @property
    def person(self) -> Asker:
        """The person who clicked, and where."""
        return Asker(self.user, self.user_team, self.channel or f"D{self.user}", self.team)


async def respond_privately(
    respond: Respond, click: Click, sentence: str, **content: Any
) -> object:
    """Post a sentence in the message's thread that only the clicker sees.

    Args:
        respond: posts by the response URL of the click.
        click: names the channel and the thread.
        sentence: the text.
        **content: more arguments for `respond`, such as blocks.

    Returns:
        Slack's response; None for a click in a modal or in the Home tab, which has no channel.
    """
    if not click.channel:
        logger.warning("A message had no channel to go to: %s", sentence)
        return None
    where = {"thread_ts": click.thread_ts} if click.thread_ts else {}
    return await respond(
        sentence, response_type="ephemeral", replace_original=False, **where, **content
    )
