"""Which messages of a thread speak to docent without mentioning it."""

from __future__ import annotations

import asyncio

from bot.conversation.question_detector import is_question
from bot.slack.inbox.thread_history import SlackThreadHistory
from bot.storage.answers import Answers
from bot.types import IncomingMessage, ThreadMessage


class FollowUps:
    """Knows the threads that docent answered in, and who asked there."""

    def __init__(self, answers: Answers, threads: SlackThreadHistory) -> None:
        self._answers = answers
        self._threads = threads

    async def read_earlier_messages(
        self, message: IncomingMessage, *, asker: str = ""
    ) -> tuple[ThreadMessage, ...] | None:
        """What stands before a message that goes on with a conversation; None for any other.

        It must ask something, and either come from whoever asked last, or right after docent's
        answer: in between, people are talking to each other. Slack is asked only about threads in
        which docent answers: `asker` is whose question it is answering now, empty for nobody's.

        Raises:
            StateError: the state database can't be used.
        """
        if not is_question(message.text):
            return None
        key = message.key
        if not asker:
            last = await asyncio.to_thread(
                self._answers.find_last_in_thread, key.team, key.channel, message.thread_ts
            )
            if last is None:
                return None
            asker = last.user
        said = await self._threads.read_before(key, message.thread_ts)
        if asker == message.user:
            return said or ()
        return said if said and said[-1].is_own else None
