"""Reindexing from Slack: one message shows the progress and becomes the report."""

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
    """The result of a sync: the text to post, the line for the audit log, and blocks."""

    text: str
    audit_result: str
    blocks: tuple[Block, ...] = ()


class ReindexRunner:
    """Runs one sync at a time; the caller has checked that the user is an admin."""

    def __init__(
        self, index: IndexService, slack: SlackClients, *, edit_seconds: float = EDIT_SECONDS
    ) -> None:
        self._index = index
        self._slack = slack
        self._edit_seconds = edit_seconds
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="reindex")
        self._latest: Progress | None = None
        self._stopping = False
        self._status_message: StatusMessage | None = None

    async def run(
        self, request: SyncRequest, channel: str, respond: Respond, *, user: str = ""
    ) -> str:
        """Run a sync, and show its progress and report in the channel.

        Args:
            request: the sources to sync, and how.
            channel: id of the channel.
            respond: posts to the caller.
            user: id of the caller, who gets the messages if docent can't post in the channel.

        Returns:
            The result as one line, for the audit log.
        """
        if self._status_message is not None:
            await respond(await self._build_running_text(self._status_message, user or channel))
            return "not started: one is running"
        self._status_message = message = StatusMessage(self._slack, channel, respond, user=user)
        try:
            await message.post(answers.REINDEX_STARTED)
            outcome = await self._run_request(request, message)
            if not await message.edit(outcome.text, outcome.blocks):
                await message.post(outcome.text, outcome.blocks)
        finally:
            self._status_message = None
        return outcome.audit_result

    async def _build_running_text(self, message: StatusMessage, user: str) -> str:
        link = await message.fetch_permalink() if message.is_visible_to(user) else ""
        where = f" {say('reindex_where', link=link)}" if link else ""
        return f"{answers.REINDEX_RUNNING}{where}"

    async def _run_request(self, request: SyncRequest, message: StatusMessage) -> ReindexOutcome:
        try:
            if request.dry_run:
                return _build_preview_outcome(
                    await self._run_with_progress(self._index.preview, request, message)
                )
            report = await self._run_with_progress(self._index.sync, request, message)
            versions = await asyncio.to_thread(self._index.list_versions)
            can_roll_back = not report.unchanged and any(version.previous for version in versions)
            return _build_sync_outcome(report, can_roll_back=can_roll_back)
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
        message: StatusMessage,
    ) -> Result:
        """Run `work` on the sync's thread, and show its progress meanwhile."""
        self._latest = None
        loop = asyncio.get_running_loop()
        job = loop.run_in_executor(self._pool, partial(work, request, self._record_progress))
        last_shown, remaining = None, RemainingTime()
        while not job.done():
            await asyncio.wait({job}, timeout=self._edit_seconds)
            latest = self._latest
            if not job.done() and latest is not None and latest != last_shown:
                last_shown = latest
                await message.edit(sync.render_progress(latest, remaining.estimate_seconds(latest)))
        return job.result()

    def _record_progress(self, progress: Progress) -> None:
        """Record the progress, on the sync's thread.

        An error raised here ends the sync before it changes the index.
        """
        if self._stopping:
            raise SyncStoppedError("The sync was stopped because docent is ending.")
        self._latest = progress

    def close(self) -> None:
        """Accept no more syncs.

        A running one ends when it next reports progress.
        """
        self._stopping = True
        self._pool.shutdown(wait=False, cancel_futures=True)


def _build_sync_outcome(report: IngestReport, *, can_roll_back: bool) -> ReindexOutcome:
    pages = f"{report.added} added, {report.changed} changed, {report.removed} removed"
    blocks = tuple(sync_report.build_report_blocks(report, can_roll_back=can_roll_back))
    result = f"{pages}, revision {report.revision[:7]}"
    return ReindexOutcome(sync.render_report(report), result, blocks)


def _build_preview_outcome(preview: Preview) -> ReindexOutcome:
    pages = f"{preview.added} to add, {preview.changed} changed, {preview.removed} to remove"
    return ReindexOutcome(sync.render_preview(preview), pages)
