"""Conversations of programs: the earlier questions and answers of a thread, as they are stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from bot.conversation.protocols import FileContents
from bot.storage.answers import Answers
from bot.types import MessageKey, SharedFile, ThreadMessage
from ingest.errors import StateError

MOST_ANSWERS = 6
"""So many earlier answers of a thread are read with a question."""

logger = logging.getLogger(__name__)


class CallThreads:
    """Reads threads from the stored answers; implements `ThreadHistory`."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def read_before(
        self, key: MessageKey, thread_ts: str
    ) -> tuple[ThreadMessage, ...] | None:
        """Return the questions and answers of a thread, oldest first.

        Returns None if they can't be read.
        """
        try:
            records = await asyncio.to_thread(
                self._answers.list_in_thread, key.channel, thread_ts, limit=MOST_ANSWERS
            )
        except StateError as error:
            logger.warning("The earlier questions of a program could not be read: %s", error)
            return None
        messages: list[ThreadMessage] = []
        for record in records:
            if record.answer is not None:
                messages.append(ThreadMessage(record.user, record.question))
                messages.append(ThreadMessage("", record.answer.text, is_own=True))
        return tuple(messages)

    async def read_conversation(self, key: MessageKey) -> tuple[ThreadMessage, ...] | None:
        """Return nothing: a program names its conversation, or has none."""
        del key
        return None


class NoFiles:
    """Reads no files: programs share none; implements `FileReader`."""

    async def read(self, files: Sequence[SharedFile]) -> FileContents:
        """Return no contents."""
        del files
        return FileContents()
