"""An open question: one that this process answers now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bot.conversation.protocols import Reply
from bot.storage.inbox_entry import InboxEntry, Signal


class OpenQuestion:
    """A question that this process has taken, with the signals that reach it."""

    def __init__(
        self,
        entry: InboxEntry,
        record: Callable[[OpenQuestion], None],
        record_finishing: Callable[[OpenQuestion], Awaitable[bool]],
        *,
        free_slot: Callable[[], None],
    ) -> None:
        """Open a question.

        Args:
            entry: the question in the inbox.
            record: records in the background which messages show the answer.
            record_finishing: records that a private answer is about to be posted.
            free_slot: lets the next question into the pipeline.
        """
        self.entry = entry
        self.id = entry.id
        self.posted = entry.posted
        """Time stamps of docent's messages for the question."""
        self.signal: Signal = entry.signal
        self.is_recorded = entry.is_recorded
        self.is_watched = False
        """True if this process showed its place, so that it knows all that was shown."""
        self.is_lost = False
        """True if another process has taken over, so nothing may be shown any more."""
        self.has_slot = True
        self.has_news = False
        self.is_recording = False
        self.task: asyncio.Task[None] | None = None
        self._record = record
        self._record_finishing = record_finishing
        self._free_slot = free_slot
        self._reply: Reply | None = None

    def connect(self, reply: Reply) -> None:
        """Let signals stop a reply from now on."""
        self._reply = reply
        reply.on_posted = self.record_posted
        if self.signal:
            reply.stopped.set()

    def receive(self, signal: Signal) -> None:
        """Receive a signal; the first one counts."""
        self.signal = self.signal or signal
        if self._reply is not None:
            self._reply.stopped.set()

    def record_posted(self, posted: tuple[str, ...]) -> None:
        """Record in the background which messages show the answer."""
        if posted != self.posted:
            self.posted = posted
            self._record(self)

    async def prepare_finish(self) -> bool:
        """Record that a private answer is about to be posted.

        Return False if it must not be posted.
        """
        return not self.entry.message.is_private or await self._record_finishing(self)

    def release_slot(self) -> None:
        """Let the next question into the pipeline."""
        if self.has_slot:
            self.has_slot = False
            self._free_slot()
