"""Question builder: a message with its thread and its channel's settings becomes a question."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from bot.conversation.history import build_turns
from bot.conversation.protocols import FileContents, FileReader, ThreadHistory
from bot.storage.database import BotDatabase
from bot.texts import answers
from bot.types import IncomingMessage, MessageKey, ThreadMessage
from ingest.errors import StateError
from rag_core.types import Question, Scope

logger = logging.getLogger(__name__)

READ_SECONDS = 1.0
"""Longest wait for the settings of a channel."""

EarlierMessages = tuple[ThreadMessage, ...] | None
"""Messages of a thread before the question; None if they are still to be read."""


@dataclass(frozen=True, slots=True)
class PreparedQuestion:
    """A question, ready for the pipeline.

    Attributes:
        question: with its history and material.
        notes: for the asker, about what was not read.
        authors: ids of other people whose words it holds.
    """

    question: Question
    notes: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()


class QuestionBuilder:
    """Builds questions for the pipeline from messages."""

    def __init__(self, database: BotDatabase, threads: ThreadHistory, files: FileReader) -> None:
        self._database = database
        self._threads = threads
        self._files = files
        self._settings: dict[tuple[str, str], tuple[Scope, str]] = {}

    async def prepare(
        self, message: IncomingMessage, earlier: EarlierMessages = None
    ) -> PreparedQuestion:
        """Return the question with its history, its files and its channel's settings.

        If the state database can't be used, the settings that were read last count.
        """
        earlier, contents, (scope, instructions) = await asyncio.gather(
            self._read_earlier(message, earlier),
            self._files.read(message.files),
            self._read_settings(message.key),
        )
        # An alert is searched for like a log: by its lines that tell of a failure.
        alert = earlier[0].text if earlier and earlier[0].is_app else ""
        parts = (alert, message.material, contents.material)
        material = "\n\n".join(part for part in parts if part)
        question = Question(
            message.text,
            build_turns(earlier or (), asker=message.user),
            scope if message.scope == Scope() else message.scope,
            instructions,
            material=material,
            images=contents.images,
        )
        authors = _list_authors(message, earlier or ())
        return PreparedQuestion(question, _build_notes(contents), authors)

    async def _read_earlier(
        self, message: IncomingMessage, earlier: EarlierMessages
    ) -> EarlierMessages:
        """Read the conversation before a message."""
        if earlier is not None:
            return earlier
        if message.asks_in_thread:
            return await self._threads.read_before(message.asked_key, message.asked_thread_ts)
        is_written_to_docent = message.is_direct and message.origin in {"direct", "edit"}
        return await self._threads.read_conversation(message.key) if is_written_to_docent else None

    async def _read_settings(self, key: MessageKey) -> tuple[Scope, str]:
        place = (key.team, key.channel)
        reading = asyncio.to_thread(self._read_channel, key)
        try:
            self._settings[place] = await asyncio.wait_for(reading, READ_SECONDS)
        except (StateError, TimeoutError) as error:
            logger.warning("The settings of a channel could not be read: %r", error)
        return self._settings.get(place, (Scope(), ""))

    def _read_channel(self, key: MessageKey) -> tuple[Scope, str]:
        """Read the scope and the instructions of a channel; blocks."""
        scope = self._database.scopes.read_scope(key.team, key.channel)
        return scope, self._database.instructions.read_instructions(key.team, key.channel)


def _list_authors(message: IncomingMessage, earlier: Iterable[ThreadMessage]) -> tuple[str, ...]:
    """Return the ids of other people whose words the LLM may read."""
    said = (each.user for each in earlier if each.is_readable and not each.is_own)
    authors = dict.fromkeys((*message.authors, *said))
    return tuple(each for each in authors if each != message.user)


def _build_notes(contents: FileContents) -> tuple[str, ...]:
    notes: list[str] = []
    if contents.unread:
        notes.append(answers.render_unread_files(contents.unread))
    if contents.shortened:
        notes.append(answers.render_shortened_files(contents.shortened))
    return tuple(notes)
