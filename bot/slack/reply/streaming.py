"""Streaming: shows an answer as a stream in the thread."""

from __future__ import annotations

import contextlib
import logging

from slack_sdk.models.blocks import Block
from slack_sdk.models.messages.chunk import Chunk, MarkdownTextChunk, TaskUpdateChunk

from bot.markup.markdown import MARKDOWN_LIMIT
from bot.slack.client.api_errors import (
    SLACK_FAILURES,
    UNAVAILABLE_CODES,
    get_error_code,
    get_retry_after,
)
from bot.slack.client.workspace import ReplyDraft, SlackClients, ThreadRef
from bot.slack.reply.thread_status import ThreadStatus

STREAM_SECONDS = 210.0
"""docent leaves a stream at this age, since Slack ends it at about five minutes."""

STREAMING = "chat.startStream"
_TASK = "find"

logger = logging.getLogger(__name__)


class StoppedByUser(Exception):  # noqa: N818 (nothing went wrong)
    """The reader pressed Stop: Slack has ended the stream."""


class StreamEnded(Exception):  # noqa: N818 (a turn of events, handled by editing)
    """The stream can't go on. Its message is `ts`, or None if it never began."""

    def __init__(self, ts: str | None) -> None:
        super().__init__(ts)
        self.ts = ts


class StreamedMessage:
    """One streamed message; on `StreamEnded` the caller goes on with it by editing."""

    def __init__(self, slack: SlackClients, thread: ThreadRef, status: ThreadStatus) -> None:
        self._slack = slack
        self._thread = thread
        self._status = status
        self._ts: str | None = None
        self._text = ""
        self._task: tuple[str, str] | None = None
        self._started_at = 0.0
        self._resume_at = 0.0
        self.rate_limit = slack.appends
        self.message_timestamps: tuple[str, ...] = ()

    async def show(self, draft: ReplyDraft) -> None:
        """Stream the new text of the draft.

        Raises:
            StoppedByUser: the reader pressed Stop.
            StreamEnded: streaming is unavailable or has ended.
        """
        chunks = self._build_chunks(draft)
        if not chunks or self._slack.clock() < self._resume_at:
            return
        await self._require_fit(draft)
        try:
            await self._send_chunks(chunks)
        except SLACK_FAILURES as error:
            await self._wait_or_end(error)
        else:
            self._text, self._task = draft.text, (draft.progress, _get_task_status(draft))

    async def close(self, draft: ReplyDraft, tail: list[Block]) -> None:
        """Stream the rest and end, with `tail` below the text.

        Raises:
            StoppedByUser, StreamEnded: as `show`.
        """
        if self._ts is None:
            await self.show(draft)
        await self._require_fit(draft)
        status = "active" if self._status.is_processing else None
        try:
            await self._stop_stream(self._build_chunks(draft, last=True), tail, status=status)
        except SLACK_FAILURES as error:
            logger.warning("A stream could not be ended: %s", get_error_code(error) or error)
            if get_error_code(error) == "stopped_by_user":
                raise StoppedByUser from error
            raise StreamEnded(self._ts) from error
        self._status.is_processing = False

    def _build_chunks(self, draft: ReplyDraft, *, last: bool = False) -> list[Chunk]:
        chunks: list[Chunk] = []
        status = _get_task_status(draft, last=last)
        if (draft.progress, status) != self._task:
            chunks.append(TaskUpdateChunk(id=_TASK, title=draft.progress, status=status))
        if new := draft.text[len(self._text) :]:
            chunks.append(MarkdownTextChunk(text=new))
        return chunks

    async def _send_chunks(self, chunks: list[Chunk]) -> None:
        channel = self._thread.channel
        if self._ts is not None:
            await self._slack.quick.chat_appendStream(channel=channel, ts=self._ts, chunks=chunks)
            return
        response = await self._slack.quick.chat_startStream(
            channel=channel,
            thread_ts=self._thread.thread_ts,
            recipient_team_id=self._thread.user_team,
            recipient_user_id=self._thread.user,
            task_display_mode="timeline",
            chunks=chunks,
        )
        self._ts = str(response["ts"])
        self.message_timestamps = (self._ts,)
        self._started_at = self._slack.clock()

    async def _require_fit(self, draft: ReplyDraft) -> None:
        """End the stream if the draft does not fit it.

        The text may have changed or be too long, or the stream too old.
        """
        age = self._slack.clock() - self._started_at if self._ts else 0.0
        extends = draft.text.startswith(self._text)
        if not extends or len(draft.text) > MARKDOWN_LIMIT or age > STREAM_SECONDS:
            await self._end_early()

    async def _wait_or_end(self, error: BaseException) -> None:
        logger.warning("Streaming failed: %s", get_error_code(error) or error)
        if get_error_code(error) == "stopped_by_user":
            raise StoppedByUser from error
        wait = get_retry_after(error)
        if self._ts is not None and wait is not None:
            self._resume_at = self._slack.clock() + wait
            return
        if self._ts is None and get_error_code(error) in UNAVAILABLE_CODES:
            self._slack.unavailable.add(STREAMING, seconds=wait)
        await self._end_early()

    async def _end_early(self) -> None:
        """End the stream as it stands: a live one can't be edited."""
        if self._ts is not None:
            with contextlib.suppress(*SLACK_FAILURES):
                await self._stop_stream([], [])
        raise StreamEnded(self._ts)

    async def _stop_stream(
        self, chunks: list[Chunk], tail: list[Block], *, status: str | None = None
    ) -> None:
        await self._slack.client.chat_stopStream(
            channel=self._thread.channel,
            ts=str(self._ts),
            chunks=chunks or None,
            blocks=tail or None,
            session_status=status,
        )


def _get_task_status(draft: ReplyDraft, *, last: bool = False) -> str:
    """Return the state of the search task: complete once there is text."""
    if draft.failed:
        return "error"
    return "complete" if draft.text or last else "in_progress"
