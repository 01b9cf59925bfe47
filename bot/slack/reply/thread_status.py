"""Thread status: shows beside a thread whether docent is at work there."""

from __future__ import annotations

import logging

from bot.slack.client.api_errors import (
    SLACK_FAILURES,
    UNAVAILABLE_CODES,
    get_error_code,
    get_retry_after,
)
from bot.slack.client.workspace import SlackClients, ThreadRef

logger = logging.getLogger(__name__)


class ThreadStatus:
    """The agent session of one thread; a failure to show it never stops an answer."""

    def __init__(self, slack: SlackClients, thread: ThreadRef) -> None:
        self._slack = slack
        self._thread = thread
        # Slack may refuse direct messages and channels separately.
        self._method = f"agents.sessions.setStatus {thread.channel[:1]}"
        self.is_processing = False
        """True while Slack shows docent at work; the end of a stream resets it."""

    async def set_processing(self) -> None:
        """Show that docent is at work."""
        self.is_processing = await self._set_status("processing")

    async def clear_processing(self) -> None:
        """Show that docent is done, if it was shown at work."""
        if self.is_processing:
            self.is_processing = False
            await self._set_status("active")

    async def set_active(self) -> None:
        """Show that docent is not at work.

        Unlike `clear_processing`, also if another process showed it at work.
        """
        await self._set_status("active")

    async def _set_status(self, status: str) -> bool:
        if self._method in self._slack.unavailable:
            return False
        try:
            await self._slack.quick.agents_sessions_setStatus(
                channel_id=self._thread.channel, thread_ts=self._thread.thread_ts, status=status
            )
        except SLACK_FAILURES as error:
            logger.info("The session status could not be set: %s", get_error_code(error) or error)
            if get_error_code(error) in UNAVAILABLE_CODES:
                self._slack.unavailable.add(self._method, seconds=get_retry_after(error))
            return False
        return True
