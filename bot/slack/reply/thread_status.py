"""Thread status: shows beside a thread whether docent is at work there."""

from __future__ import annotations

import asyncio
import logging

from bot.slack.client import calls
from bot.slack.client.api_errors import (
    SLACK_FAILURES,
    UNAVAILABLE_CODES,
    get_error_code,
    get_failure_kind,
    get_retry_after,
    is_ambiguous,
)
from bot.slack.client.calls import Patience, execute_call
from bot.slack.client.workspace import SlackClients, ThreadRef
from bot.texts import answers

SESSION = "agents.sessions.setStatus"
TEXT = "assistant.threads.setStatus"

_SPARE = 0.8
"""The part of the rate of status texts that is kept for first signs."""

_CLEAR_SECONDS = 180.0
"""Seconds for which docent tries to take a status back."""

_clearing: set[asyncio.Task[None]] = set()

logger = logging.getLogger(__name__)


class ThreadStatus:
    """The status of one thread; a failure to show it never stops an answer.

    It is that of the thread's agent session, or a text, which Slack takes more often.
    """

    def __init__(self, slack: SlackClients, thread: ThreadRef, *, is_stale: bool = False) -> None:
        """Prepare the status of a thread; nothing is shown yet.

        If it `is_stale`, another process may have set it, and it is taken back at the end.
        """
        self._slack = slack
        self._thread = thread
        self._is_stale = is_stale
        # Slack may refuse direct messages and channels separately.
        self._kind = thread.channel[:1]
        self._key = (thread.channel, thread.thread_ts)
        self.is_processing = False
        """True while Slack shows docent at work; the end of a stream resets it."""

    async def set_processing(self) -> None:
        """Show that docent is at work, as Slack allows now."""
        rate = self._slack.rates.get(SESSION)
        # One turn for this call, one for the call that takes the status back.
        if self._is_available(SESSION) and rate.take(2):
            failure = await self._set_status(SESSION, "processing")
            # A status whose answer was lost may be there, and has to be taken back as well.
            self.is_processing = failure is None or is_ambiguous(failure)
            if failure is None:
                return
            rate.put_back(0 if self.is_processing else 1)
        await self.set_text(answers.STATUS_SEARCHING)

    async def set_text(self, text: str) -> bool:
        """Show a text as the status.

        Return False if Slack does not take one now.

        A text that follows another leaves turns for those that are a first sign.
        """
        spare = _SPARE if self._key in self._slack.labelled_threads else 0.0
        if not self._is_available(TEXT) or not self._slack.rates.get(TEXT).take(spare=spare):
            return self._key in self._slack.labelled_threads
        self._slack.labelled_threads.add(self._key)
        failure = await self._set_status(TEXT, text)
        if failure is None or is_ambiguous(failure):
            self._slack.labelled_threads.add(self._key)  # a post meanwhile may have come before it
        else:
            self._slack.labelled_threads.discard(self._key)
        return failure is None

    async def clear_processing(self) -> None:
        """Show that docent is done, if it was shown at work."""
        if self.is_processing or self._is_stale:
            self.is_processing = False
            await self._clear_session()
        if self._key in self._slack.labelled_threads or self._is_stale:
            self._slack.labelled_threads.discard(self._key)
            if self._is_available(TEXT):
                await self._set_status(TEXT, "")

    async def set_active(self) -> None:
        """Show that docent is not at work, and that no question waits.

        Unlike `clear_processing`, also if another process showed it.
        """
        self._is_stale = True
        await self.clear_processing()

    async def _clear_session(self) -> None:
        """Take the status back, if necessary later in the background."""
        if not self._is_available(SESSION):
            return
        failure = await self._set_status(SESSION, "active")
        if failure is not None and get_failure_kind(failure) == "temporary":
            task = asyncio.create_task(self._clear_session_later())
            _clearing.add(task)
            task.add_done_callback(_clearing.discard)

    async def _clear_session_later(self) -> None:
        await asyncio.sleep(max(calls.PAUSES[0], self._slack.rates.get(SESSION).reserve()))
        await self._set_status(
            SESSION, "active", patience=Patience(self._slack.clock, _CLEAR_SECONDS)
        )

    def _is_available(self, method: str) -> bool:
        return f"{method} {self._kind}" not in self._slack.unavailable

    async def _set_status(
        self, method: str, status: str, *, patience: Patience | None = None
    ) -> BaseException | None:
        """Set a status, and return the failure; None if Slack took it."""
        try:
            await execute_call(
                self._slack,
                method,
                patience=patience,
                channel_id=self._thread.channel,
                thread_ts=self._thread.thread_ts,
                status=status,
            )
        except SLACK_FAILURES as error:
            code = get_error_code(error)
            logger.info("The status of a thread could not be set: %s", code or error)
            if code in UNAVAILABLE_CODES - {"ratelimited"}:
                self._slack.unavailable.add(
                    f"{method} {self._kind}", seconds=get_retry_after(error)
                )
            return error
        return None


async def finish_clearing(seconds: float) -> None:
    """Wait until the last statuses are taken back."""
    if _clearing:
        await asyncio.wait(_clearing, timeout=seconds)
