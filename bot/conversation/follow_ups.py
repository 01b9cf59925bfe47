"""Follow-ups: messages of a thread that speak to docent without mentioning it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.conversation.protocols import ThreadHistory
from bot.conversation.question_detector import is_question
from bot.storage.answers import Answers
from bot.storage.inbox_view import InboxView
from bot.storage.question_filter import QuestionFilter
from bot.types import IncomingMessage, MessageKind, ThreadMessage

Action = Literal["answer", "acknowledge", "hint", "ignore"]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The action for a message of a thread, and the messages before it.

    `acknowledge` stands for a reaction: the message thanks docent or approves of its answer. `hint`
    explains how to ask. The messages are None if they could not be read.
    """

    action: Action
    earlier: tuple[ThreadMessage, ...] | None = ()


_IGNORED = FollowUp("ignore")
_ACTIONS_ALONE: Mapping[MessageKind, Action] = {
    "question": "answer",
    "small_talk": "acknowledge",
    "hint": "hint",
}
READ_PAUSES = (0.5, 1.5)
"""Seconds before a thread that could not be read is read again."""


class FollowUps:
    """The threads that docent answered in, and who asked last in each."""

    def __init__(self, answers: Answers, threads: ThreadHistory) -> None:
        self._answers = answers
        self._threads = threads

    async def decide(self, message: IncomingMessage, *, asker: str = "") -> FollowUp:
        """Decide what to do about a thread's message without a mention.

        Where only docent and the author write, all but small talk is answered. Elsewhere the
        message has to ask something, and either comes from the last asker or directly follows
        docent's answer, because people also talk to each other. One that mentions others has to ask
        where only docent and the author write. Only threads in which docent answers are read.
        `asker` is the user whose question docent is answering there now, empty if there is none.

        Raises:
            StateError: the state database can't be used.
        """
        asker = asker or await self._find_last_asker(message)
        asks = is_question(message.text) and message.kind == "question"
        is_for_others = message.mentions_others and not asks
        is_askers = not asks or message.mentions_others
        if not asker or is_for_others or (asker != message.user and is_askers):
            return _IGNORED
        earlier = await self._read_before(message)
        if asker == message.user:
            return FollowUp(_choose_for_asker(message, earlier, asks=asks), earlier)
        return FollowUp("answer", earlier) if earlier and earlier[-1].is_own else _IGNORED

    async def _read_before(self, message: IncomingMessage) -> tuple[ThreadMessage, ...] | None:
        """Read a thread, and try again if that fails."""
        for pause in READ_PAUSES:
            earlier = await self._threads.read_before(message.key, message.thread_ts)
            if earlier is not None:
                return earlier
            await asyncio.sleep(pause)
        return await self._threads.read_before(message.key, message.thread_ts)

    async def _find_last_asker(self, message: IncomingMessage) -> str:
        """Return the user whom docent answered last in a thread.

        Return an empty string where it answered none.
        """
        key = message.key
        last = await asyncio.to_thread(
            self._answers.find_last_in_thread, key.team, key.channel, message.thread_ts
        )
        return last.user if last else ""


def _choose_for_asker(
    message: IncomingMessage, earlier: tuple[ThreadMessage, ...] | None, *, asks: bool
) -> Action:
    """Choose the action for a message of the last asker."""
    if _is_alone(message.user, earlier):
        return _ACTIONS_ALONE[message.kind]
    return "answer" if asks and not message.mentions_others else "ignore"


def _is_alone(user: str, earlier: tuple[ThreadMessage, ...] | None) -> bool:
    """Return whether only docent, apps and the user wrote here.

    Return True where the thread can't be read: the user asked last, and waits for an answer.
    """
    return all(each.user == user or each.is_own or each.is_app for each in earlier or ())


async def find_open_asker(view: InboxView, message: IncomingMessage, *, but: str) -> str:
    """Return the person who asked last in a message's thread, and waits.

    Args:
        view: reads the inbox.
        message: a message of the thread.
        but: id of its own question, which does not count.

    Returns:
        The id of the person; empty if no question there is open.
    """
    here = QuestionFilter(message.key.channel, thread_ts=message.thread_ts)
    open_here = await asyncio.to_thread(view.list_open, here)
    askers = [each.message.user for each in open_here if each.id != but]
    return askers[-1] if askers else ""
