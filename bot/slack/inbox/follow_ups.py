"""Follow-ups: messages of a thread that speak to docent without mentioning it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from bot.conversation.question_detector import is_question
from bot.slack.inbox.thread_history import SlackThreadHistory
from bot.storage.answers import Answers
from bot.types import IncomingMessage, ThreadMessage


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The action for a message of a thread, and the messages before it.

    `acknowledge` stands for a reaction: the message thanks docent or approves of its answer.
    """

    action: Literal["answer", "acknowledge", "ignore"]
    earlier: tuple[ThreadMessage, ...] = ()


_IGNORED = FollowUp("ignore")


class FollowUps:
    """The threads that docent answered in, and who asked last in each."""

    def __init__(self, answers: Answers, threads: SlackThreadHistory) -> None:
        self._answers = answers
        self._threads = threads

    async def decide(self, message: IncomingMessage, *, asker: str = "") -> FollowUp:
        """Decide what to do about a thread's message without a mention.

        Where only docent and the author write, all but small talk is answered. Elsewhere the
        message has to ask something, and either comes from the last asker or directly follows
        docent's answer, because people also talk to each other. Slack is asked only about threads
        in which docent answers. `asker` is the user whose question docent is answering there now,
        empty if there is none.

        Raises:
            StateError: the state database can't be used.
        """
        asker = asker or await self._find_last_asker(message)
        asks = is_question(message.text) and message.kind == "question"
        if not asker or (asker != message.user and not asks):
            return _IGNORED
        earlier = await self._threads.read_before(message.key, message.thread_ts)
        is_alone = asker == message.user and _is_alone(message.user, earlier)
        if message.kind == "small_talk":
            return FollowUp("acknowledge") if is_alone else _IGNORED
        if asker == message.user:
            return FollowUp("answer", earlier or ()) if asks or is_alone else _IGNORED
        if earlier and earlier[-1].is_own:
            return FollowUp("answer", earlier)
        return _IGNORED

    async def _find_last_asker(self, message: IncomingMessage) -> str:
        """Return the user whom docent answered last in a thread.

        Return an empty string where it answered none.
        """
        key = message.key
        last = await asyncio.to_thread(
            self._answers.find_last_in_thread, key.team, key.channel, message.thread_ts
        )
        return last.user if last else ""


def _is_alone(user: str, earlier: tuple[ThreadMessage, ...] | None) -> bool:
    """Return whether only docent, apps and the user wrote here.

    Return False where the thread can't be read.
    """
    if earlier is None:
        return False
    return all(each.user == user or each.is_own or each.is_app for each in earlier)
