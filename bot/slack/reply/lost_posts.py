"""Lost posts: finds a message of docent's whose post was never confirmed."""

from __future__ import annotations

import html
import logging
import re
import time
from collections.abc import Collection

from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.calls import Patience, execute_call
from bot.slack.client.workspace import SlackClients, ThreadRef

LOOK_BACK_SECONDS = 300.0
"""Age in seconds of the oldest message that may be it, by this machine's clock."""

_PAGE = 200

logger = logging.getLogger(__name__)


async def find_lost_post(
    slack: SlackClients,
    thread: ThreadRef,
    text: str,
    *,
    known: Collection[str] = (),
    patience: Patience | None = None,
) -> str | None:
    """Look for a message of docent's in a thread.

    Args:
        slack: the clients of the workspace.
        thread: the thread, or the channel.
        text: the text that was posted.
        known: time stamps of messages that it can't be.
        patience: repeat the search so long while Slack fails.

    Returns:
        The message's time stamp; None if there is none or the thread can't be read.
    """
    where = {"ts": thread.thread_ts} if thread.thread_ts else {}
    try:
        response = await execute_call(
            slack,
            "conversations.replies" if where else "conversations.history",
            patience=patience,
            channel=thread.channel,
            oldest=f"{time.time() - LOOK_BACK_SECONDS:.6f}",
            limit=_PAGE,
            **where,
        )
    except SLACK_FAILURES as error:
        logger.warning("A lost message can't be looked for: %s", get_error_code(error) or error)
        return None
    newest_first = sorted(response.get("messages") or (), key=lambda each: each["ts"], reverse=True)
    for message in newest_first:
        is_own = message.get("bot_id") and message["ts"] not in known
        if is_own and _normalise(str(message.get("text") or "")) == _normalise(text):
            return str(message["ts"])
    return None


def _normalise(text: str) -> str:
    """Return the letters and digits alone: Slack rewrites links, marks and escapes."""
    return re.sub(r"[\W_]+", "", html.unescape(text))
