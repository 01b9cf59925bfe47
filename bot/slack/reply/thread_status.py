"""The status beside a thread: docent is at work there, or listens."""

from __future__ import annotations

import logging

from bot.slack.client.api_errors import NOT_THERE, SLACK_FAILURES, code, retry_after
from bot.slack.client.workspace import SlackClients, ThreadRef

logger = logging.getLogger(__name__)


class Session:
    """The agent session of one thread. That it can't be shown never stops an answer."""

    def __init__(self, slack: SlackClients, thread: ThreadRef) -> None:
        self._slack = slack
        self._thread = thread
        # Direct messages and channels are refused apart from each other.
        self._what = f"agents.sessions.setStatus {thread.channel[:1]}"
        self.processing = False
        """Whether docent is shown at work; the end of a stream shows otherwise on its way."""

    async def begin(self) -> None:
        """Show that docent is at work."""
        self.processing = await self._set("processing")

    async def end(self) -> None:
        """Show that docent is done, where it was shown at work."""
        if self.processing:
            self.processing = False
            await self._set("active")

    async def rest(self) -> None:
        """Show that docent is not at work, whoever had shown that it is."""
        await self._set("active")

    async def _set(self, status: str) -> bool:
        if self._what in self._slack.unavailable:
            return False
        try:
            await self._slack.quick.agents_sessions_setStatus(
                channel_id=self._thread.channel, thread_ts=self._thread.thread_ts, status=status
            )
        except SLACK_FAILURES as error:
            logger.info("The session status could not be set: %s", code(error) or error)
            if code(error) in NOT_THERE:
                self._slack.unavailable.remember(self._what, seconds=retry_after(error))
            return False
        return True
