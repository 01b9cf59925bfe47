"""The reply to a question of a program: events that those who wait for it read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from bot.calls.requests import Answered, CallEvent, Progress
from bot.errors import CallError
from bot.texts import answers
from bot.types import AnswerContext, IncomingMessage
from rag_core.types import Answer, SearchStarted, TextDelta


class CallReply:
    """Keeps the events of one answer; implements `bot.conversation.protocols.Reply`.

    Several requests with one key may read it, each from its beginning.
    """

    def __init__(self, message: IncomingMessage) -> None:
        self.message = message
        self.is_taken = False
        """True once this process has begun to answer."""
        self.stopped = asyncio.Event()
        self.context = AnswerContext()
        self.on_posted: Callable[[tuple[str, ...]], None] = _ignore_posted
        self.readers = 0
        self.has_ended = False
        self._events: list[CallEvent] = []
        self._error: CallError | None = None
        self._news = asyncio.Event()

    @property
    def message_timestamps(self) -> tuple[str, ...]:
        """Empty: no message shows the answer."""
        return ()

    def is_same(self, message: IncomingMessage) -> bool:
        """Return whether a message asks the same as this one."""
        mine = self.message
        return (mine.text, mine.scope, mine.thread_ts) == (
            message.text,
            message.scope,
            message.thread_ts,
        )

    def begin(self) -> None:
        """Say that docent searches."""
        self._add(SearchStarted())

    def show_progress(self, sentence: str) -> None:
        """Say what docent is doing now."""
        self._add(Progress(sentence))

    def append(self, text: str) -> None:
        """Add text to the answer."""
        self._add(TextDelta(text))

    async def finish(self, answer: Answer) -> None:
        """Give the complete answer."""
        self.deliver(Answered(answer, as_of=self.context.as_of, id=self.context.answer_id))

    def deliver(self, answered: Answered) -> None:
        """Give the complete answer, and end."""
        if not self.has_ended:
            self._add(answered)
            self.end()

    async def fail(self, sentence: str) -> None:
        """Say why there is no answer."""
        # No other process can give this answer to the program that waits here.
        self.end(CallError(answers.RESTARTING if sentence == answers.PAUSED else sentence))

    async def mark_stopped(self) -> None:
        """Say that the answer was stopped."""
        self.end(CallError("The answer was stopped."))

    def abandon(self) -> None:
        """Say that docent can't answer here any more."""
        self.end(CallError(answers.RESTARTING))

    def end(self, error: CallError | None = None) -> None:
        """End the events; an error is raised for those who read them."""
        if not self.has_ended:
            self.has_ended = True
            self._error = error
            self._release()

    async def read(self) -> AsyncIterator[CallEvent]:
        """Yield the events as they come; the last is the answer.

        Raises:
            CallError: there is no answer.
        """
        place = 0
        while True:
            news = self._news
            while place < len(self._events):
                yield self._events[place]
                place += 1
            if self.has_ended:
                break
            await news.wait()
        if self._error is not None:
            raise self._error

    def _add(self, event: CallEvent) -> None:
        self._events.append(event)
        self._release()

    def _release(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _ignore_posted(posted: tuple[str, ...]) -> None:
    del posted
