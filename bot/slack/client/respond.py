"""Respond: say something to one person, beside the message that they clicked on."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger(__name__)

Respond = Callable[..., Awaitable[object]]
"""Says something beside the message that was clicked on, as Bolt's `respond`; text comes first."""


@dataclass(frozen=True, slots=True)
class Click:
    """A click on an element.

    Attributes:
        value: what the element carries, or the option that was chosen.
        user: who clicked.
        user_team: their team.
        team: of the workspace.
        channel: where the message stands; empty in a modal and in the Home tab.
        message_ts: the message.
        thread_ts: its thread; empty where it is in none.
        trigger_id: opens a modal, within three seconds.
    """

    value: str
    user: str
    user_team: str
    team: str
    channel: str = ""
    message_ts: str = ""
    thread_ts: str = ""
    trigger_id: str = ""


async def respond_privately(
    respond: Respond, click: Click, sentence: str, **content: Any
) -> object:
    """Say something to who clicked alone, in the thread of the message; what Slack answered."""
    if not click.channel:
        logger.warning("Nobody could be told: %s", sentence)
        return None
    where = {"thread_ts": click.thread_ts} if click.thread_ts else {}
    return await respond(
        sentence, response_type="ephemeral", replace_original=False, **where, **content
    )
