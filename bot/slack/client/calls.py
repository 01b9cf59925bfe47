"""Calls of the Web API for replies: at Slack's pace, and patient while Slack fails."""

from __future__ import annotations

import asyncio
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.slack.client.api_errors import SLACK_FAILURES, get_failure_kind, get_retry_after
from bot.slack.client.rate_limit import CALLS_A_MINUTE, Clock
from bot.slack.client.workspace import SlackClients

PATIENCE_SECONDS = 60.0
"""The time for which docent repeats a call while Slack fails."""

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds between the attempts; the last repeats."""

MOST_ATTEMPTS = 20
LONGEST_TURN = 120.0
"""The longest that docent waits for its own pace, in seconds; then it lets Slack decide."""


class Patience:
    """The time that one message has while Slack fails, shared by all of its calls."""

    def __init__(self, clock: Clock, seconds: float | None = None) -> None:
        self._clock = clock
        self._ends_at = clock() + (PATIENCE_SECONDS if seconds is None else seconds)
        self._attempts = 0

    async def wait_after(self, error: BaseException) -> bool:
        """Wait before the next attempt.

        Return False at once if there is none.
        """
        pause = PAUSES[min(self._attempts, len(PAUSES) - 1)]
        pause = max(pause, get_retry_after(error) or 0.0)
        self._attempts += 1
        if self._attempts > MOST_ATTEMPTS or self._clock() + pause > self._ends_at:
            return False
        await asyncio.sleep(pause)
        return True


async def execute_call(
    slack: SlackClients, method: str, *, patience: Patience | None = None, **arguments: Any
) -> Any:
    """Call a method of the Web API.

    Args:
        slack: the clients of the workspace.
        method: the method's name, such as `chat.update`.
        patience: repeat the call so long after temporary failures; None for one attempt.
        **arguments: the method's arguments.

    Returns:
        Slack's response.

    Raises:
        SlackClientError, ClientError, TimeoutError: the call failed.
    """
    call = getattr(slack.quick, method.replace(".", "_"))
    while True:
        try:
            return await call(**arguments)
        except SLACK_FAILURES as error:
            _record_429(slack, method, str(arguments.get("channel", "")), error)
            if patience is None or get_failure_kind(error) != "temporary":
                raise
            if not await patience.wait_after(error):
                raise


async def wait_for_turn(slack: SlackClients, method: str, channel: str) -> None:
    """Wait until docent's own pace allows a call.

    Args:
        slack: the clients of the workspace.
        method: the method's name.
        channel: the channel that is posted in.
    """
    pause = slack.rates.get(method, channel).reserve()
    if pause > 0:
        await asyncio.sleep(min(pause, LONGEST_TURN))


def _record_429(slack: SlackClients, method: str, channel: str, error: BaseException) -> None:
    seconds = get_retry_after(error) if isinstance(error, SlackApiError) else None
    if seconds is not None and method in CALLS_A_MINUTE:
        slack.rates.get(method, channel).hold_back(seconds)
