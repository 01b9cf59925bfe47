"""Waiting: shows beside a question that it waits, and its place in the line."""

from __future__ import annotations

from bot.slack.client.workspace import SlackClients, ThreadRef
from bot.slack.reply.editing import EditedMessage
from bot.slack.reply.thread_status import ThreadStatus
from bot.types import MessageKey


class WaitingNotices:
    """The notices of the questions that wait: a status if Slack takes one, else a message."""

    def __init__(self, slack: SlackClients) -> None:
        self._slack = slack
        self._messages: dict[MessageKey, EditedMessage] = {}

    async def show(self, thread: ThreadRef, key: MessageKey, sentence: str) -> tuple[str, ...]:
        """Show a sentence beside a question, in place of the one before.

        Args:
            thread: the thread of the question.
            key: the question.
            sentence: says that it waits, and where in the line.

        Returns:
            The time stamps of the messages that show it; empty if there are none.
        """
        message = self._messages.get(key)
        is_posted = message is not None and bool(message.message_timestamps)
        if not is_posted and await ThreadStatus(self._slack, thread).set_text(sentence):
            return ()
        if message is None:
            message = self._messages[key] = EditedMessage(self._slack, thread)
        await message.show_alone(sentence)
        return message.message_timestamps

    def forget(self, key: MessageKey) -> None:
        """Forget a question that waits no longer.

        Its reply takes the message over.
        """
        if message := self._messages.pop(key, None):
            message.free_turns()
