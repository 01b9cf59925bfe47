"""Forms: sends the messages of an answer, each in the first form that Slack takes."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from bot.slack.client.api_errors import (
    SLACK_FAILURES,
    TOO_LONG_CODES,
    get_error_code,
    get_failure_kind,
)
from bot.slack.views.message_parts import MessagePart, list_plainer

Send = Callable[[int, MessagePart], Awaitable[None]]
"""Sends a message as number n of its answer, counted from 0."""

logger = logging.getLogger(__name__)


class PlaceClosedError(Exception):
    """A place took `count` messages of an answer, and not those in `parts`."""

    def __init__(self, parts: Sequence[MessagePart], error: BaseException, count: int) -> None:
        super().__init__(get_error_code(error) or repr(error))
        self.parts = tuple(parts)
        self.error = error
        self.count = count


async def send_parts(parts: Sequence[MessagePart], send: Send) -> int:
    """Send messages, those that Slack refuses in a plainer form.

    Args:
        parts: the messages of an answer.
        send: sends one of them.

    Returns:
        The number of messages that were sent.

    Raises:
        PlaceClosedError: no form got through.
    """
    queue, count = deque(parts), 0
    left = tuple(queue)  # what was not sent, in its best form: another place may take that
    while queue:
        part = queue.popleft()
        try:
            await send(count, part)
        except SLACK_FAILURES as error:
            plainer = _find_plainer(part, error)
            if not plainer:
                raise PlaceClosedError(left, error, count) from error
            queue.extendleft(reversed(plainer))
        else:
            count += 1
            left = tuple(queue)
    return count


def _find_plainer(part: MessagePart, error: BaseException) -> list[MessagePart]:
    if get_failure_kind(error) not in {"content", "unknown"}:
        return []
    code = get_error_code(error)
    logger.warning("Slack refused a form of a message: %s", code or error)
    return list_plainer(part, is_too_long=code in TOO_LONG_CODES)
