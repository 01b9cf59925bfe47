"""Editing: shows an answer as a post that is edited, or as one post at the end."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slack_sdk.models.blocks import Block

from bot.slack.client.api_errors import (
    SLACK_FAILURES,
    UNAVAILABLE_CODES,
    get_error_code,
    get_failure_kind,
    get_retry_after,
    is_ambiguous,
)
from bot.slack.client.calls import Patience, execute_call, wait_for_turn
from bot.slack.client.workspace import ReplyDraft, SlackClients, ThreadRef
from bot.slack.reply.forms import send_parts
from bot.slack.reply.lost_posts import build_mark, build_metadata, find_lost_posts
from bot.slack.views import answer_blocks
from bot.slack.views.message_parts import MessagePart, build_parts

EDITING = "chat.update"
POSTING = "chat.postMessage"

_SPARE = 0.4
"""The part of the rates that is kept for the last calls of other answers."""

_MOST_REFUSED_EDITS = 2
"""Edits of one message that Slack refuses before docent posts it anew: posts may take more."""

ENDED_CODES = frozenset({"message_not_in_streaming_state", "stopped_by_user"})
"""Codes of a stream that has ended already."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _PostedMessage:
    """A posted message, with its content if it is known."""

    ts: str
    part: MessagePart | None = None
    has_turn: bool = False  # a turn for its last edit is reserved
    is_live: bool = False  # it is a stream, which can't be edited
    refused_edits: int = 0  # because of their content


class EditedMessage:
    """One answer as posts, some of which may exist already; the last has the tail.

    A message that is still a stream, such as that of a process that died, is stopped and edited.
    """

    def __init__(
        self,
        slack: SlackClients,
        thread: ThreadRef,
        *,
        message_timestamps: Sequence[str] = (),
        lost_marks: Sequence[str] = (),
        on_posted: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare a message; nothing is posted yet.

        Args:
            slack: the clients of the workspace.
            thread: the thread of the answer.
            message_timestamps: docent's messages there that the answer replaces.
            lost_marks: marks of its posts that Slack did not confirm.
            on_posted: called when `message_timestamps` has changed.
        """
        self._slack = slack
        self._thread = thread
        self._posted = [_PostedMessage(ts) for ts in message_timestamps]
        self._stale: list[_PostedMessage] = []
        self._lost_marks = set(lost_marks)
        self._is_refused = False
        self._on_posted = on_posted

    @property
    def message_timestamps(self) -> tuple[str, ...]:
        """Time stamps of the posted messages."""
        return tuple(posted.ts for posted in self._posted)

    def set_state(self, part: MessagePart | None, *, is_live: bool) -> None:
        """Remember the first message as it is.

        It shows `part`, if that is known, and is a stream if it `is_live`.
        """
        if self._posted:
            self._posted[0].part, self._posted[0].is_live = part, is_live

    def compute_pause(self) -> float:
        """Return the seconds until the rates allow a draft to be shown."""
        if self._posted or EDITING in self._slack.unavailable:
            return self._slack.rates.get(EDITING).compute_pause(spare=_SPARE)
        return 0.0

    async def show(self, draft: ReplyDraft) -> None:
        """Post or edit the draft, if the rates and Slack allow."""
        text = draft.text or f"_{draft.progress}…_"
        await self._show_parts(build_parts(text, answer_blocks.build_stop_tail()))

    async def show_alone(self, sentence: str) -> None:
        """Post or edit a sentence without a Stop button, if possible."""
        await self._show_parts([MessagePart(sentence, form="text")])

    async def _show_parts(self, parts: Sequence[MessagePart]) -> None:
        if EDITING in self._slack.unavailable or self._is_refused:
            return
        try:
            for index, part in enumerate(parts):
                if not await self._show_part(index, part):
                    return
        except SLACK_FAILURES as error:
            self._record_failure(error)
            self._is_refused = get_failure_kind(error) != "temporary"

    async def close(self, draft: ReplyDraft, tail: list[Block]) -> None:
        """Bring every message up to date, in the best form possible.

        Raises:
            PlaceClosedError: the place did not take all of it.
        """
        patience = Patience(self._slack.clock)

        async def send(index: int, part: MessagePart) -> None:
            await self._update_part(index, part, patience)

        count = await send_parts(build_parts(draft.text, tail), send)
        self._stale += [*self._posted[count:], *await self._find_lost()]
        del self._posted[count:]
        self.free_turns()
        await self._delete_posted(self._stale)
        self._on_posted()

    async def delete(self) -> None:
        """Delete all posted messages."""
        await self._delete_posted(self._posted)
        self._posted = []

    async def remove_rest(self, count: int = 0) -> None:
        """Stop and delete all but the first messages, where possible."""
        left = [*self._stale, *self._posted[count:], *await self._find_lost()]
        for posted in left:
            with contextlib.suppress(*SLACK_FAILURES):
                await stop_stream(self._slack, self._thread, posted.ts)
        self.free_turns()
        del self._posted[count:]
        await self._delete_posted(left)
        self._on_posted()

    async def _show_part(self, index: int, part: MessagePart) -> bool:
        """Show a part of the draft.

        Return False if the rates do not allow it.
        """
        if index < len(self._posted) and self._posted[index].part == part:
            return True
        editing = self._slack.rates.get(EDITING)
        if not editing.take(spare=_SPARE):
            return False
        if index < len(self._posted):
            await self._edit(index, part)
            return True
        # The turn just taken is kept for the last edit of what is posted now.
        if not self._slack.rates.get(POSTING, self._thread.channel).take(spare=_SPARE):
            editing.put_back()
            return False
        await self._post(part, has_turn=True)
        return True

    async def _update_part(self, index: int, part: MessagePart, patience: Patience) -> None:
        if index < len(self._posted):
            if self._posted[index].part == part:
                return
            try:
                await self._edit_at_end(index, part, patience)
            except SLACK_FAILURES as error:
                self._record_failure(error)
                if get_failure_kind(error) == "content":
                    self._posted[index].refused_edits += 1
                    if self._posted[index].refused_edits < _MOST_REFUSED_EDITS:
                        raise
            else:
                return
            # Those below have to follow the new message.
            self._stale += self._posted[index:]
            del self._posted[index:]
        await wait_for_turn(self._slack, POSTING, self._thread.channel)
        await self._post(part, patience)

    async def _edit_at_end(self, index: int, part: MessagePart, patience: Patience) -> None:
        posted = self._posted[index]
        if not posted.has_turn:
            await wait_for_turn(self._slack, EDITING, self._thread.channel)
        posted.has_turn = False
        await self._edit(index, part, patience)

    async def _edit(self, index: int, part: MessagePart, patience: Patience | None = None) -> None:
        posted = self._posted[index]
        arguments = {
            "channel": self._thread.channel,
            "ts": posted.ts,
            "text": part.render_text(),
            "blocks": part.build_blocks(),  # an empty list takes the old ones away
        }
        if posted.is_live:
            await self._stop(posted, patience)
        try:
            await execute_call(self._slack, EDITING, patience=patience, **arguments)
        except SLACK_FAILURES as error:
            if get_error_code(error) != "streaming_state_conflict":
                raise
            await self._stop(posted, patience)
            await execute_call(self._slack, EDITING, patience=patience, **arguments)
        posted.part = part

    async def _stop(self, posted: _PostedMessage, patience: Patience | None) -> None:
        await stop_stream(self._slack, self._thread, posted.ts, patience=patience)
        posted.is_live = False

    async def _post(
        self, part: MessagePart, patience: Patience | None = None, *, has_turn: bool = False
    ) -> None:
        """Post a message, unless an earlier attempt has got through."""
        if await self._take_lost_post(patience):
            await self._edit(len(self._posted) - 1, part, patience)
            return
        mark = build_mark()
        try:
            response = await execute_call(self._slack, POSTING, **self._build_post(part, mark))
        except SLACK_FAILURES as error:
            if is_ambiguous(error):
                self._lost_marks.add(mark)
            if get_failure_kind(error) != "temporary" or patience is None:
                raise
            if not await patience.wait_after(error):
                raise
            await self._post(part, patience, has_turn=has_turn)
        else:
            self._add_posted(_PostedMessage(str(response["ts"]), part, has_turn))

    @property
    def _thread_ts(self) -> str:
        return self._thread.thread_ts or next(iter(self.message_timestamps), "")

    def _build_post(self, part: MessagePart, mark: str) -> dict[str, Any]:
        return {
            "channel": self._thread.channel,
            "thread_ts": self._thread_ts or None,
            "text": part.render_text(),
            "blocks": part.build_blocks() or None,
            "metadata": build_metadata(mark),
            "unfurl_links": False,
            "unfurl_media": False,
        }

    async def _take_lost_post(self, patience: Patience | None) -> bool:
        """Take over a message whose post was not confirmed.

        Return False if there is none.
        """
        lost = await self._find_lost(patience)
        if not lost:
            return False
        self._stale += lost[1:]
        self._add_posted(lost[0])
        return True

    async def _find_lost(self, patience: Patience | None = None) -> list[_PostedMessage]:
        """Return messages whose post was not confirmed, oldest first.

        Those that are not there yet are looked for again later.
        """
        if not self._lost_marks:
            return []
        thread = replace(self._thread, thread_ts=self._thread_ts)
        posts = await find_lost_posts(self._slack, thread, self._lost_marks, patience=patience)
        self._lost_marks -= (posts or {}).keys()
        oldest_first = sorted((posts or {}).values(), key=lambda post: post.ts)
        return [_PostedMessage(post.ts, is_live=post.is_stream) for post in oldest_first]

    def _add_posted(self, posted: _PostedMessage) -> None:
        self._posted.append(posted)
        # Slack takes the status text of a thread away when the app posts there.
        self._slack.labelled_threads.discard((self._thread.channel, self._thread.thread_ts))
        self._on_posted()

    def _record_failure(self, error: BaseException) -> None:
        logger.warning(
            "A message could not be posted or edited: %s", get_error_code(error) or error
        )
        if get_error_code(error) in UNAVAILABLE_CODES - {"ratelimited"}:
            self._slack.unavailable.add(EDITING, seconds=get_retry_after(error))

    def free_turns(self) -> None:
        """Give back the turns that were reserved for last edits."""
        unused = sum(posted.has_turn for posted in (*self._posted, *self._stale))
        self._slack.rates.get(EDITING).put_back(unused)
        for posted in self._posted:
            posted.has_turn = False

    async def _delete_posted(self, stale: list[_PostedMessage]) -> None:
        """Delete parts that are no longer needed or were posted anew."""
        for posted in stale:
            if posted.is_live:
                with contextlib.suppress(*SLACK_FAILURES):
                    await self._stop(posted, None)
            try:
                await execute_call(
                    self._slack,
                    "chat.delete",
                    patience=Patience(self._slack.clock),
                    channel=self._thread.channel,
                    ts=posted.ts,
                )
            except SLACK_FAILURES as error:
                logger.warning(
                    "A stale part could not be removed: %s", get_error_code(error) or error
                )


async def stop_stream(
    slack: SlackClients, thread: ThreadRef, ts: str, *, patience: Patience | None = None
) -> None:
    """Stop a stream as it stands; it may have been another process's.

    Args:
        slack: the clients of the workspace.
        thread: the thread of the stream.
        ts: the stream's message.
        patience: repeat the call so long while Slack fails.

    Raises:
        SlackClientError, ClientError, TimeoutError: Slack did not stop it.
    """
    try:
        await execute_call(
            slack, "chat.stopStream", patience=patience, channel=thread.channel, ts=ts
        )
    except SLACK_FAILURES as error:
        if get_error_code(error) not in ENDED_CODES:
            raise
