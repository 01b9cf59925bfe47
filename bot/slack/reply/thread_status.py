"""The status beside a thread: docent is at work there, or listens."""

from __future__ import annotations

import logging

from bot.slack.client.api_errors import NOT_THERE, SLACK_FAILURES, code, retry_after
from bot.slack.client.workspace import Place, Slack

logger = logging.getLogger(__name__)


class Session:
    """The agent session of one thread. That it can't be shown never stops an answer."""

    def __init__(self, slack: Slack, place: Place) -> None:
        self._slack = slack
        self._place = place
        # Direct messages and channels are refused apart from each other.
        self._what = f"agents.sessions.setStatus {place.channel[:1]}"
        self._processing = False

    async def begin(self) -> None:
        """Show that docent is at work."""
        if self._what not in self._slack.unavailable:
            self._processing = await self._set("processing")

    async def end(self) -> None:
        """Show that docent is done, where it was shown at work."""
        if self._processing:
            self._processing = False
            await self._set("active")

    async def rest(self) -> None:
        """Show that docent is not at work, whoever had shown that it is."""
        await self._set("active")

    @property
    def closing_status(self) -> str | None:
        """What the end of a stream sets on its way; None where no status was shown."""
        return "active" if self._processing else None

    def ended(self) -> None:
        """The end of a stream has set the closing status."""
        self._processing = False

    async def _set(self, status: str) -> bool:
        try:
            await self._slack.quick.agents_sessions_setStatus(
                channel_id=self._place.channel, thread_ts=self._place.thread_ts, status=status
            )
        except SLACK_FAILURES as error:
            logger.info("The session status could not be set: %s", code(error) or error)
            if code(error) in NOT_THERE:
                self._slack.unavailable.remember(self._what, seconds=retry_after(error))
            return False
        return True
