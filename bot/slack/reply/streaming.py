"""Streaming: shows an answer as a stream in the thread."""

from __future__ import annotations

import logging
from collections.abc import Callable

from slack_sdk.models.blocks import Block
from slack_sdk.models.messages.chunk import Chunk, MarkdownTextChunk, TaskUpdateChunk

from bot.markup.splitting import MARKDOWN_LIMIT
from bot.slack.client.api_errors import (
    SLACK_FAILURES,
    UNAVAILABLE_CODES,
    get_error_code,
    get_retry_after,
    is_ambiguous,
    is_cut_off,
)
from bot.slack.client.calls import execute_call
from bot.slack.client.workspace import ReplyDraft, SlackClients, ThreadRef
from bot.slack.reply.editing import ENDED_CODES, stop_stream
from bot.slack.reply.lost_posts import build_mark, build_task_id
from bot.slack.reply.thread_status import ThreadStatus
from bot.slack.views.message_parts import MessagePart, build_parts

STREAM_SECONDS = 210.0
"""docent leaves a stream at this age, since Slack ends it at about five minutes."""

STREAMING = "chat.startStream"
_APPENDING, _STOPPING = "chat.appendStream", "chat.stopStream"
_SPARE = 0.4
"""The part of the rate that is kept for other streams."""

logger = logging.getLogger(__name__)


class StoppedByUser(Exception):  # noqa: N818 (nothing went wrong)
    """The reader pressed Stop: Slack has ended the stream."""


class StreamEnded(Exception):  # noqa: N818 (a turn of events, handled by editing)
    """The stream can't go on.

    Its message is `ts`, or None if it never began; `part` is its content if that is complete. If
    it `is_live`, Slack did not take its end. If it may have begun without a word from Slack, its
    message has the mark `lost_mark`.
    """

    def __init__(
        self,
        ts: str | None,
        part: MessagePart | None = None,
        *,
        is_live: bool = False,
        lost_mark: str = "",
    ) -> None:
        super().__init__(ts)
        self.ts = ts
        self.part = part
        self.is_live = is_live
        self.lost_mark = lost_mark


def reserve_stream(slack: SlackClients) -> bool:
    """Take the turns that begin and end a stream.

    Return False if there are none.
    """
    start, stop = slack.rates.get(STREAMING), slack.rates.get(_STOPPING)
    if STREAMING in slack.unavailable or not start.take():
        return False
    if not stop.take():
        start.put_back()
        return False
    return True


class StreamedMessage:
    """One streamed message; on `StreamEnded` the caller goes on with it by editing.

    Its turns are reserved by `reserve_stream`.
    """

    def __init__(
        self,
        slack: SlackClients,
        thread: ThreadRef,
        status: ThreadStatus,
        *,
        on_posted: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare a stream.

        Args:
            slack: the clients of the workspace.
            thread: the thread of the stream.
            status: the status of the thread, which the end of the stream resets.
            on_posted: called when the stream has a time stamp.
        """
        self._slack = slack
        self._thread = thread
        self._status = status
        self._ts: str | None = None
        self._mark = build_mark()
        self._text = ""
        self._task: tuple[str, str] | None = None
        self._started_at = 0.0
        self._resume_at = 0.0
        self._on_posted = on_posted
        self.message_timestamps: tuple[str, ...] = ()

    def compute_pause(self) -> float:
        """Return the seconds until the rates allow more text to be shown."""
        if self._ts is None:
            return 0.0
        waiting = self._resume_at - self._slack.clock()
        return max(self._slack.rates.get(_APPENDING).compute_pause(spare=_SPARE), waiting, 0.0)

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
        if self._ts is not None and not self._slack.rates.get(_APPENDING).take(spare=_SPARE):
            return
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
        parts = build_parts(draft.text, tail)
        is_whole = len(parts) == 1
        if parts and parts[0].text != draft.text:
            await self._end_early()
        status = "active" if self._status.is_processing else None
        try:
            await self._stop_stream(
                self._build_chunks(draft, last=True), tail if is_whole else [], status=status
            )
        except SLACK_FAILURES as error:
            logger.warning("A stream could not be ended: %s", get_error_code(error) or error)
            if get_error_code(error) == "stopped_by_user":
                raise StoppedByUser from error
            is_live = get_error_code(error) not in ENDED_CODES and not is_cut_off(error)
            raise StreamEnded(self._ts, is_live=is_live) from error
        self._status.is_processing = False
        if parts and not is_whole:  # what does not fit below it comes in messages of its own
            raise StreamEnded(self._ts, parts[0])

    def _build_chunks(self, draft: ReplyDraft, *, last: bool = False) -> list[Chunk]:
        chunks: list[Chunk] = []
        status = _get_task_status(draft, last=last)
        if (draft.progress, status) != self._task:
            task = build_task_id(self._mark)
            chunks.append(TaskUpdateChunk(id=task, title=draft.progress, status=status))
        if new := draft.text[len(self._text) :]:
            chunks.append(MarkdownTextChunk(text=new))
        return chunks

    async def _send_chunks(self, chunks: list[Chunk]) -> None:
        channel = self._thread.channel
        if self._ts is not None:
            await execute_call(self._slack, _APPENDING, channel=channel, ts=self._ts, chunks=chunks)
            return
        response = await execute_call(
            self._slack,
            STREAMING,
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
        self._on_posted()

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
        if self._ts is None and is_ambiguous(error):
            raise StreamEnded(None, lost_mark=self._mark) from error
        await self._end_early()

    async def _end_early(self) -> None:
        """End the stream as it stands: a live one can't be edited."""
        is_live = False
        if self._ts is not None:
            try:
                await stop_stream(self._slack, self._thread, self._ts)
            except SLACK_FAILURES as error:  # editing tries it again
                logger.info("A stream is still live: %s", get_error_code(error) or error)
                is_live = not is_cut_off(error)
        raise StreamEnded(self._ts, is_live=is_live)

    async def _stop_stream(
        self, chunks: list[Chunk], tail: list[Block], *, status: str | None = None
    ) -> None:
        await execute_call(
            self._slack,
            _STOPPING,
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
