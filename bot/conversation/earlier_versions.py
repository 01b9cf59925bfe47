"""Earlier versions of an edited question: whether there were any, and how their answers stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from bot.conversation.dispatcher import Dispatcher
from bot.conversation.open_question import OpenQuestion
from bot.storage.database import BotDatabase
from bot.storage.question_filter import QuestionFilter
from bot.types import IncomingMessage
from ingest.errors import StateError

STATE_SECONDS = 1.0
STATE_TRIES = 120
"""Tries, and the pause between two, of a decision that needs the state database."""

REPLACE_SECONDS = 0.2
"""The pause between two looks whether the answer to an earlier version has stopped."""

REPLACE_LOOKS = 150

Result = TypeVar("Result")


class EarlierVersions:
    """Lets the answer to an edited message take the place of the one before."""

    def __init__(self, database: BotDatabase, dispatcher: Dispatcher) -> None:
        self._database = database
        self._dispatcher = dispatcher

    async def replace_earlier(
        self, question: OpenQuestion, message: IncomingMessage
    ) -> bool | None:
        """Stop the answers to earlier versions, and take over their messages.

        Returns:
            False if a later version is there, and None if no version was a question.

        Raises:
            StateError: the state database can't be used for long.
        """
        if not (
            message.is_first_mention or await wait_for_state(lambda: self._has_asked(question))
        ):
            return None
        if not await wait_for_state(lambda: self._replace(question, message)):
            return False
        if not question.posted:
            answers = self._database.answers
            before = await asyncio.to_thread(answers.find_by_message, message.key)
            question.posted = before.posted if before else ()
        return True

    async def _has_asked(self, question: OpenQuestion) -> bool:
        """Return True if an earlier version was a question."""
        key, database = question.entry.message.key, self._database
        if await asyncio.to_thread(database.inbox_view.has_message, key, but=question.id):
            return True
        return await asyncio.to_thread(database.answers.find_by_message, key) is not None

    async def _replace(self, question: OpenQuestion, message: IncomingMessage) -> bool:
        """Stop earlier versions; return False if there is a later one."""
        here = QuestionFilter.of_message(message.key)
        view = self._database.inbox_view
        for _ in range(REPLACE_LOOKS):
            latest = await asyncio.to_thread(view.find_latest_version, message.key, but=question.id)
            if latest > message.version:
                return False
            others = await asyncio.to_thread(view.list_open, here)
            if all(each.id == question.id for each in others):
                break
            await self._dispatcher.send("replace", here, but=question.id)
            await asyncio.sleep(REPLACE_SECONDS)
        question.posted = question.posted or await asyncio.to_thread(
            view.find_last_posted, here, but=question.id
        )
        return True


async def wait_for_state(read: Callable[[], Awaitable[Result]]) -> Result:
    """Read the state database as soon as it can be used.

    Raises:
        StateError: it can't be used for long.
    """
    for _ in range(STATE_TRIES):
        with suppress(StateError):
            return await read()
        await asyncio.sleep(STATE_SECONDS)
    return await read()
