"""Follow-ups: messages of a thread that speak to docent without mentioning it."""

from __future__ import annotations

import asyncio

from bot.conversation.question_detector import is_question
from bot.slack.inbox.thread_history import SlackThreadHistory
from bot.storage.answers import Answers
from bot.types import IncomingMessage, ThreadMessage


class FollowUps:
    """The threads that docent answered in, and who asked last in each."""

    def __init__(self, answers: Answers, threads: SlackThreadHistory) -> None:
        self._answers = answers
        self._threads = threads

    async def read_earlier_messages(
        self, message: IncomingMessage, *, asker: str = ""
    ) -> tuple[ThreadMessage, ...] | None:
        """Return the messages before a follow-up; None if the message is none.

        A follow-up asks something, and either comes from the last asker or directly follows
        docent's answer: elsewhere people talk to each other. Slack is asked only about threads in
        which docent answers. `asker` is the user whose question docent is answering there now,
        empty if there is none.

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
        earlier = await self._threads.read_before(key, message.thread_ts)
        if asker == message.user:
            return earlier or ()
        return earlier if earlier and earlier[-1].is_own else None
