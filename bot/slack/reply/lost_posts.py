"""Lost posts: finds messages of docent's whose post was never confirmed, by their marks."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.calls import Patience, execute_call
from bot.slack.client.workspace import SlackClients, ThreadRef

LOOK_BACK_SECONDS = 300.0
"""Age in seconds of the oldest message that may be it, by this machine's clock."""

EVENT_TYPE = "docent_message"
"""The name of docent's metadata: https://docs.slack.dev/messaging/message-metadata"""

_MARK = "mark"
_TASK = "find-"
_PAGE = 200

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LostPost:
    """A message that Slack took without a word; `is_stream` if it began as a stream."""

    ts: str
    is_stream: bool = False


def build_mark() -> str:
    """Build the mark of one post, which no other message has."""
    return uuid4().hex


def build_metadata(mark: str) -> dict[str, Any]:
    """Build the metadata that carries a post's mark."""
    return {"event_type": EVENT_TYPE, "event_payload": {_MARK: mark}}


def build_task_id(mark: str) -> str:
    """Build the id of a stream's task, which carries its mark.

    A stream takes no metadata before its end.
    """
    return f"{_TASK}{mark}"


async def find_lost_posts(
    slack: SlackClients,
    thread: ThreadRef,
    marks: Collection[str],
    *,
    patience: Patience | None = None,
) -> dict[str, LostPost] | None:
    """Look for messages in a thread by their marks.

    The words of a message don't say whose it is: others may ask the same beside it.

    Args:
        slack: the clients of the workspace.
        thread: the thread, or the channel.
        marks: the marks that were posted.
        patience: repeat the search so long while Slack fails.

    Returns:
        The messages by mark; None if the thread can't be read.
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
            include_all_metadata=True,
            **where,
        )
    except SLACK_FAILURES as error:
        logger.warning("A lost message can't be looked for: %s", get_error_code(error) or error)
        return None
    return {
        mark: LostPost(str(message["ts"]), is_stream)
        for message in response.get("messages") or ()
        for mark, is_stream in _read_marks(message).items()
        if mark in marks and message.get("bot_id")
    }


def _read_marks(message: Mapping[str, Any]) -> dict[str, bool]:
    """Return a message's marks, and whether they are a stream's."""
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    tasks = [str(block.get("task_id") or "") for block in message.get("blocks") or ()]
    marks = {task.removeprefix(_TASK): True for task in tasks if task.startswith(_TASK)}
    return marks | ({str(payload[_MARK]): False} if _MARK in payload else {})
