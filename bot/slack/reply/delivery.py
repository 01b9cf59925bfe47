"""Delivery: an answer reaches its asker, in its thread or else privately."""

from __future__ import annotations

import logging

from slack_sdk.models.blocks import Block

from bot.errors import UndeliverableError
from bot.slack.client.api_errors import get_error_code, get_failure_kind
from bot.slack.client.workspace import ReplyDraft, SlackClients, ThreadRef
from bot.slack.reply.editing import EditedMessage
from bot.slack.reply.forms import PlaceClosedError
from bot.slack.reply.private import list_outlets, send_privately

logger = logging.getLogger(__name__)


async def send_answer(
    slack: SlackClients,
    thread: ThreadRef,
    message: EditedMessage,
    *,
    draft: ReplyDraft,
    tail: list[Block],
) -> None:
    """Show an answer in its thread, or else to the asker alone.

    Args:
        slack: the clients of the workspace.
        thread: the thread of the answer.
        message: the answer so far, perhaps nothing.
        draft: the complete text.
        tail: the blocks below it.

    Raises:
        UndeliverableError: Slack takes it nowhere, or fails for longer than docent waits.
    """
    try:
        await message.close(draft, tail)
    except PlaceClosedError as closed:
        code = get_error_code(closed.error)
        logger.warning("A thread does not take an answer: %s", code or repr(closed.error))
        if get_failure_kind(closed.error) == "temporary" and code != "ratelimited":
            raise UndeliverableError(
                "Slack has been failing for longer than docent waits."
            ) from closed
        await send_privately(slack, list_outlets(slack, thread), closed.parts, code=code)
        await message.remove_rest(closed.count)
