"""A sync asked for in Slack: one message that shows how far it is and ends as the report."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from slack_sdk.models.blocks import Block

from bot.errors import SyncStoppedError
from bot.index_service import IndexService, SyncRequest
from bot.slack.client.respond import Respond
from bot.slack.client.workspace import SlackClients
from bot.slack.reply.status_message import StatusMessage
from bot.slack.views import sync_report
from bot.texts import answers, sync
from bot.texts.catalog import say
from ingest.changes.preview import Preview
from ingest.errors import SyncRunningError
from ingest.progress import RemainingTime
from ingest.report import IngestReport, Progress
from rag_core.errors import DocentError

EDIT_SECONDS = 3.0

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReindexOutcome:
    """How it ended: what is said, what stands in the audit."""

    text: str
    audit_result: str
    blocks: tuple[Block, ...] = ()


class ReindexRunner:
    """Runs one sync at a time for whoever may ask for it."""

    def __init__(
        self, index: IndexService, slack: SlackClients, *, edit_seconds: float = EDIT_SECONDS
    ) -> None:
        self._index = index
        self._slack = slack
        self._edit_seconds = edit_seconds
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="reindex")
        self._latest: Progress | None = None
        self._stopping = False
        self._notice: StatusMessage | None = None

    async def run(
        self, request: SyncRequest, channel: str, tell: Respond, *, user: str = ""
    ) -> str:
        """Sync, and show in the channel how far it is and what came of it; the result in short.

        Where docent can't post there, it writes to `user`, who asked.
        """
        if self._notice is not None:
            await tell(await self._build_running_text(self._notice, user or channel))
            return "not started: one is running"
        self._notice = notice = StatusMessage(self._slack, channel, tell, user=user)
        try:
            await notice.post(answers.REINDEX_STARTED)
            outcome = await self._run_request(request, notice)
            if not await notice.edit(outcome.text, outcome.blocks):
                await notice.post(outcome.text, outcome.blocks)
        finally:
            self._notice = None
        return outcome.audit_result

    async def _build_running_text(self, notice: StatusMessage, user: str) -> str:
        link = await notice.fetch_permalink() if notice.is_visible_to(user) else ""
        where = f" {say('reindex_where', link=link)}" if link else ""
        return f"{answers.REINDEX_RUNNING}{where}"

    async def _run_request(self, request: SyncRequest, notice: StatusMessage) -> ReindexOutcome:
        try:
            if request.dry_run:
                return _build_preview_outcome(
                    await self._run_with_progress(self._index.preview, request, notice)
                )
            done = await self._run_with_progress(self._index.sync, request, notice)
            versions = await asyncio.to_thread(self._index.list_versions)
            back = not done.unchanged and any(version.previous for version in versions)
            return _build_sync_outcome(done, roll_back=back)
        except (SyncRunningError, SyncStoppedError) as error:
            return ReindexOutcome(answers.render_error(error), str(error))
        except DocentError as error:
            logger.warning("A sync asked for in Slack failed.", exc_info=error)
            return ReindexOutcome(answers.render_sync_failure(error), f"failed: {error}")
        except Exception as error:
            logger.exception("A sync asked for in Slack failed unexpectedly.")
            return ReindexOutcome(answers.UNEXPECTED, f"failed: {type(error).__name__}")

    async def _run_with_progress(
        self,
        work: Callable[[SyncRequest, Callable[[Progress], None]], Result],
        request: SyncRequest,
        notice: StatusMessage,
    ) -> Result:
        """Do it on the sync's thread, and show meanwhile how far it is."""
        self._latest = None
        loop = asyncio.get_running_loop()
        job = loop.run_in_executor(self._pool, partial(work, request, self._record_progress))
        told, remaining = None, RemainingTime()
        while not job.done():
            await asyncio.wait({job}, timeout=self._edit_seconds)
            latest = self._latest
            if not job.done() and latest is not None and latest != told:
                told = latest
                await notice.edit(sync.render_progress(told, remaining.estimate_seconds(told)))
        return job.result()

    def _record_progress(self, progress: Progress) -> None:
        """Called on the sync's thread; an error ends the sync before it changes anything."""
        if self._stopping:
            raise SyncStoppedError("The sync was stopped because docent is ending.")
        self._latest = progress

    def close(self) -> None:
        """Take no more syncs; one at work ends at its next sign of progress."""
        self._stopping = True
        self._pool.shutdown(wait=False, cancel_futures=True)


def _build_sync_outcome(done: IngestReport, *, roll_back: bool) -> ReindexOutcome:
    pages = f"{done.added} added, {done.changed} changed, {done.removed} removed"
    shown = tuple(sync_report.build_report_blocks(done, roll_back=roll_back))
    return ReindexOutcome(sync.render_report(done), f"{pages}, revision {done.revision[:7]}", shown)


def _build_preview_outcome(found: Preview) -> ReindexOutcome:
    would = f"{found.added} to add, {found.changed} changed, {found.removed} to remove"
    return ReindexOutcome(sync.render_preview(found), would)
