"""Protocols: the pipeline, the reply and the thread history that an answer needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.types import AnswerContext, MessageKey, SharedFile, ThreadMessage
from rag_core.types import Answer, AnswerEvent, Image, Question


class AnswerPipeline(Protocol):
    """The pipeline: synchronous, so it is iterated on a thread."""

    def stream(self, question: Question) -> Iterator[AnswerEvent]:
        """Yield the stages and the text of an answer.

        Closing the iterator cancels the answer.
        """


class Reply(Protocol):
    """The place where an answer appears.

    `begin` comes first, and one of `finish`, `fail`, `mark_stopped` and `abandon` last. The first
    three methods return at once, and showing goes on in the background.
    """

    stopped: asyncio.Event
    """Set when the answer is no longer wanted: no more text, no more tokens."""

    context: AnswerContext
    """Stands below the complete answer; set it before `finish`."""

    on_posted: Callable[[tuple[str, ...]], None]
    """Called with the time stamps of its messages when they change."""

    @property
    def message_timestamps(self) -> tuple[str, ...]:
        """Time stamps of the messages that show the answer."""

    def begin(self) -> None:
        """Show at once that docent searches."""

    def show_progress(self, sentence: str) -> None:
        """Say what docent is doing now."""

    def append(self, text: str) -> None:
        """Add text to the answer."""

    async def finish(self, answer: Answer) -> None:
        """Show the complete answer in place of the text so far."""

    async def fail(self, sentence: str) -> None:
        """Show why there is no answer, below the text so far."""

    async def mark_stopped(self) -> None:
        """Show that the answer was stopped, below the text so far."""

    def abandon(self) -> None:
        """Show nothing more: another process goes on with the answer."""


class ThreadHistory(Protocol):
    """Reads the messages of a thread."""

    async def read_before(
        self, key: MessageKey, thread_ts: str
    ) -> tuple[ThreadMessage, ...] | None:
        """Return the messages before one, oldest first.

        Returns None if they can't be read.
        """

    async def read_conversation(self, key: MessageKey) -> tuple[ThreadMessage, ...] | None:
        """Return the direct messages shortly before one, oldest first.

        Returns None if they can't be read.
        """


@dataclass(frozen=True, slots=True)
class FileContents:
    """The contents of shared files.

    Attributes:
        material: the text of the files, each below its name.
        images: pictures, without content where the LLM takes none.
        unread: names of the files that were not read.
        shortened: names of the files whose middle was left out.
    """

    material: str = ""
    images: tuple[Image, ...] = ()
    unread: tuple[str, ...] = ()
    shortened: tuple[str, ...] = ()


class FileReader(Protocol):
    """Reads the files that people share."""

    async def read(self, files: Sequence[SharedFile]) -> FileContents:
        """Return the contents of files; name those that can't be read."""
