"""Editing: shows an answer as a post that is edited, or as one post at the end."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block

from bot.markup import markdown
from bot.slack.client.api_errors import (
    SLACK_FAILURES,
    UNAVAILABLE_CODES,
    get_error_code,
    get_retry_after,
)
from bot.slack.client.workspace import ReplyDraft, SlackClients, ThreadRef
from bot.slack.views import answer_blocks

EDITING = "chat.update"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _PostedMessage:
    """A posted message: its text, None if not known, and the blocks below it."""

    ts: str
    text: str | None = None
    tail: tuple[Block, ...] = ()


class EditedMessage:
    """One answer as posts, some of which may exist already; the last has the tail."""

    def __init__(
        self, slack: SlackClients, thread: ThreadRef, *, message_timestamps: Sequence[str] = ()
    ) -> None:
        self._slack = slack
        self._thread = thread
        self._posted = [_PostedMessage(ts) for ts in message_timestamps]
        self.rate_limit = slack.edits

    @property
    def message_timestamps(self) -> tuple[str, ...]:
        """Time stamps of the posted messages."""
        return tuple(posted.ts for posted in self._posted)

    async def show(self, draft: ReplyDraft) -> None:
        """Post or edit the draft; do nothing if editing is unavailable."""
        if EDITING in self._slack.unavailable:
            return
        try:
            texts = markdown.split(draft.text) or [f"_{draft.progress}…_"]
            for index, text in enumerate(texts):
                is_last = index == len(texts) - 1
                await self._post_or_edit(
                    index, text, answer_blocks.build_stop_tail() if is_last else []
                )
        except SLACK_FAILURES as error:
            self._record_failure(error)

    async def close(self, draft: ReplyDraft, tail: list[Block]) -> None:
        """Bring every part up to date.

        Post a part anew if it can't be edited.

        Raises:
            SlackClientError, ClientError, TimeoutError: not even a post got through.
        """
        texts = markdown.split(draft.text)
        stale = self._posted[len(texts) :]
        for index, text in enumerate(texts):
            end = tail if index == len(texts) - 1 else []
            try:
                await self._post_or_edit(index, text, end)
            except SLACK_FAILURES as error:
                if index >= len(self._posted):
                    raise
                self._record_failure(error)
                stale.append(self._posted[index])
                self._posted[index] = await self._post_with_fallback(text, end)
        await self._delete_posted(stale)

    async def delete(self) -> None:
        """Delete all posted messages."""
        await self._delete_posted(self._posted)
        self._posted = []

    def _record_failure(self, error: BaseException) -> None:
        logger.warning(
            "A message could not be posted or edited: %s", get_error_code(error) or error
        )
        if get_error_code(error) in UNAVAILABLE_CODES:
            self._slack.unavailable.add(EDITING, seconds=get_retry_after(error))

    async def _post_or_edit(self, index: int, text: str, tail: list[Block]) -> None:
        if index >= len(self._posted):
            self._posted.append(await self._post_with_fallback(text, tail))
        elif (text, tuple(tail)) != (self._posted[index].text, self._posted[index].tail):
            ts = self._posted[index].ts
            await self._slack.client.chat_update(
                channel=self._thread.channel,
                ts=ts,
                text=answer_blocks.render_preview(text),
                blocks=[answer_blocks.build_text_block(text), *tail],
            )
            self._posted[index] = _PostedMessage(ts, text, tuple(tail))

    async def _post_with_fallback(self, text: str, tail: list[Block]) -> _PostedMessage:
        content: list[Block] | None = [answer_blocks.build_text_block(text), *tail]
        try:
            return await self._post_message(text, content, tail)
        except SlackApiError as error:
            if get_error_code(error) != "invalid_blocks":
                raise
            logger.exception("Slack refused the blocks of an answer; its text goes without them.")
            return await self._post_message(text, None, tail)

    async def _post_message(
        self, text: str, content: list[Block] | None, tail: list[Block]
    ) -> _PostedMessage:
        response = await self._slack.client.chat_postMessage(
            channel=self._thread.channel,
            thread_ts=self._thread.thread_ts or next(iter(self.message_timestamps), None),
            text=answer_blocks.render_preview(text) if content else markdown.escape(text),
            blocks=content,
            unfurl_links=False,
            unfurl_media=False,
        )
        return _PostedMessage(str(response["ts"]), text, tuple(tail))

    async def _delete_posted(self, stale: list[_PostedMessage]) -> None:
        """Delete parts that are no longer needed or were posted anew."""
        for posted in stale:
            try:
                await self._slack.client.chat_delete(channel=self._thread.channel, ts=posted.ts)
            except SLACK_FAILURES as error:
                logger.warning(
                    "A stale part could not be removed: %s", get_error_code(error) or error
                )
