"""A sync asked for in Slack: one message that shows how far it is and ends as the report."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from bot import messages
from bot.errors import SyncStoppedError
from bot.place import Slack
from bot.slack_errors import SLACK_FAILURES, code
from ingest.errors import SyncRunningError
from ingest.report import IngestReport, Progress, ProgressCallback
from rag_core.errors import DocentError

EDIT_SECONDS = 3.0

logger = logging.getLogger(__name__)


Sync = Callable[[ProgressCallback], IngestReport]
"""Syncs all sources and returns when that is done; blocks, and raises `IngestError`s."""

Tell = Callable[[str], Awaitable[object]]
"""Says something to the caller of a command alone."""


class Notice:
    """A message in a channel that is edited; where docent is not, the caller is told alone."""

    def __init__(self, slack: Slack, channel: str, tell: Tell) -> None:
        self._slack = slack
        self._channel = channel
        self._tell = tell
        self._ts: str | None = None

    async def post(self, text: str) -> None:
        """Say it in a new message."""
        try:
            response = await self._slack.client.chat_postMessage(
                channel=self._channel, text=text, unfurl_links=False, unfurl_media=False
            )
        except SLACK_FAILURES as error:
            logger.info("A notice goes to the caller alone: %s", code(error) or error)
            await self._tell(text)
        else:
            self._ts = str(response["ts"])

    async def edit(self, text: str) -> bool:
        """Put the text in place of what was posted; False where that can't be."""
        if self._ts is None:
            return False
        try:
            await self._slack.client.chat_update(channel=self._channel, ts=self._ts, text=text)
        except SLACK_FAILURES as error:
            logger.warning("A notice could not be edited: %s", code(error) or error)
            return False
        return True


class Reindex:
    """Runs one sync at a time for whoever may ask for it."""

    def __init__(self, sync: Sync, slack: Slack, *, edit_seconds: float = EDIT_SECONDS) -> None:
        self._sync = sync
        self._slack = slack
        self._edit_seconds = edit_seconds
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="reindex")
        self._latest: Progress | None = None
        self._stopping = False
        self.running = False

    async def run(self, channel: str, tell: Tell) -> None:
        """Sync, and show in the channel how far it is and what came of it."""
        self.running = True
        try:
            notice = Notice(self._slack, channel, tell)
            await notice.post(messages.REINDEX_STARTED)
            outcome = await self._outcome(notice)
            if not await notice.edit(outcome):
                await notice.post(outcome)
        finally:
            self.running = False

    async def _outcome(self, notice: Notice) -> str:
        self._latest = None
        loop = asyncio.get_running_loop()
        job = loop.run_in_executor(self._pool, self._sync, self._note)
        try:
            await self._follow(job, notice)
            return messages.report(job.result())
        except (SyncRunningError, SyncStoppedError) as error:
            return messages.sentence(error)
        except DocentError as error:
            logger.warning("A sync asked for in Slack failed.", exc_info=error)
            return messages.sync_failed(error)
        except Exception:
            logger.exception("A sync asked for in Slack failed in a way nobody foresaw.")
            return messages.UNEXPECTED

    def _note(self, progress: Progress) -> None:
        """Called on the sync's thread; an error ends the sync before it changes anything."""
        if self._stopping:
            raise SyncStoppedError("The sync was stopped because docent is ending.")
        self._latest = progress

    async def _follow(self, job: asyncio.Future[IngestReport], notice: Notice) -> None:
        told: Progress | None = None
        while not job.done():
            await asyncio.wait({job}, timeout=self._edit_seconds)
            if not job.done() and self._latest is not None and self._latest != told:
                told = self._latest
                await notice.edit(messages.syncing(told))

    def close(self) -> None:
        """Take no more syncs; one at work ends at its next sign of progress."""
        self._stopping = True
        self._pool.shutdown(wait=False, cancel_futures=True)
