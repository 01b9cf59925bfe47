"""The desk: takes questions of programs, which get the line and the answers that people get."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from uuid import uuid4

from bot.background import BackgroundTasks
from bot.calls.reply import CallReply
from bot.calls.requests import Answered, Ask, CallEvent
from bot.calls.threads import CallThreads, NoFiles
from bot.conversation.answer_flow import AnswerFlow
from bot.conversation.dispatcher import Dispatcher
from bot.conversation.inbox_writer import Outcome
from bot.conversation.open_question import OpenQuestion
from bot.conversation.question_builder import QuestionBuilder
from bot.conversation.runner import PipelineRunner
from bot.conversation.surfaces import SurfaceHandler
from bot.errors import CallError, CallRefusedError, CallRepeatedError
from bot.health.telemetry import Telemetry
from bot.storage.answers import AnswerRecord
from bot.storage.database import BotDatabase
from bot.storage.question_filter import QuestionFilter
from bot.texts import answers
from bot.texts.catalog import set_language
from bot.types import IncomingMessage, MessageKey
from rag_core.pipeline import check_question
from rag_core.request_id import REQUEST_ID
from rag_core.types import Question

LOOK_SECONDS = 0.5
"""The pause between two looks for an answer that another process gives."""

_LANGUAGE = "en"


class CallDesk:
    """Puts questions of programs into the line, and hands them their answers."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        runner: PipelineRunner,
        database: BotDatabase,
        telemetry: Telemetry,
    ) -> None:
        """Answer over the parts that all surfaces share.

        Args:
            dispatcher: takes the questions from the line.
            runner: runs the pipeline.
            database: the bot's tables.
            telemetry: counts questions.
        """
        self._dispatcher = dispatcher
        self._database = database
        questions = QuestionBuilder(database, CallThreads(database.answers), NoFiles())
        self._flow = AnswerFlow(runner, database, questions, telemetry=telemetry)
        self._telemetry = telemetry
        self._replies: dict[tuple[str, str], CallReply] = {}
        self._is_closed = False
        self._tasks = BackgroundTasks()

    @property
    def handler(self) -> SurfaceHandler:
        """The handler of the surfaces `mcp` and `http`."""
        return SurfaceHandler(self._handle, self._show_place, self._remove_place)

    async def ask(self, ask: Ask) -> AsyncGenerator[CallEvent, None]:
        """Yield the events of one answer; the last is `Answered`.

        Closing the iterator withdraws the question, unless others wait for it by the same key.

        Raises:
            QuestionError: the question is empty or too long.
            CallRepeatedError: its key was used before, and there is no such answer.
            CallRefusedError: a limit of the line refuses it.
            CallError: there is no answer; the message says why.
        """
        check_question(Question(ask.question))
        if self._is_closed:
            raise CallError(self._say_restarting())
        message = build_message(ask)
        if ask.key and (earlier := await self._find_earlier(message)) is not None:
            yield earlier
            return
        place = (message.key.channel, message.key.ts)
        reply = self._replies.get(place)
        if reply is not None and not reply.is_same(message):
            raise _build_repeated_error()
        is_first = reply is None
        reply = self._replies.setdefault(place, CallReply(message))
        reply.readers += 1
        try:
            if is_first and not await self._dispatcher.offer(message):
                self._tasks.start(self._wait_for_answer(reply))
            async for event in reply.read():
                yield event
        finally:
            reply.readers -= 1
            if not reply.readers:
                self._replies.pop(place, None)
                if not reply.has_ended:
                    # Its task may be cancelled, so this can't be awaited here.
                    self._tasks.start(self._withdraw(message))

    def close(self) -> None:
        """Take no more questions, and end those that wait."""
        self._is_closed = True
        for reply in list(self._replies.values()):
            if not reply.is_taken:
                reply.end(CallError(self._say_restarting()))

    def _say_restarting(self) -> str:
        set_language(_LANGUAGE)
        return answers.RESTARTING

    async def _find_earlier(self, message: IncomingMessage) -> Answered | None:
        """Return the answer that a key has got already.

        Raises:
            CallRepeatedError: it was used for another question.
        """
        record = await asyncio.to_thread(self._database.answers.find_by_message, message.key)
        if record is None or record.answer is None:
            return None
        asked = (record.question, record.scope, record.thread_ts)
        if asked != (message.text, message.scope, message.thread_ts):
            raise _build_repeated_error()
        return build_answered(record)

    async def _wait_for_answer(self, reply: CallReply) -> None:
        """Wait for the answer to an open question.

        Another process may answer it, or this one, which then ends the reply itself.
        """
        here = QuestionFilter.of_message(reply.message.key)
        while not reply.has_ended:
            is_open = await asyncio.to_thread(self._database.inbox_view.list_open, here)
            try:
                if (earlier := await self._find_earlier(reply.message)) is not None:
                    reply.deliver(earlier)
                elif not is_open and not reply.is_taken:
                    reply.end(_build_repeated_error())
            except CallRepeatedError as error:
                reply.end(error)
            await asyncio.sleep(LOOK_SECONDS)

    async def _withdraw(self, message: IncomingMessage) -> None:
        """End a question that no one waits for."""
        where = QuestionFilter.of_message(message.key)
        ended, _ = await self._dispatcher.send("delete", where)
        for entry in ended:
            if entry.message.has_key:
                await self._dispatcher.run_blocking(self._database.inbox.forget, entry.id)

    async def _handle(self, question: OpenQuestion) -> Outcome:
        """Answer one question, if the program still waits here."""
        REQUEST_ID.set(question.id)
        message = question.entry.message
        reply = self._replies.get((message.key.channel, message.key.ts))
        if reply is None:
            return _free_key(message, "given_up")
        reply.is_taken = True
        set_language(_LANGUAGE)
        if no := answers.find_limit_sentence(question.entry.stage):
            self._telemetry.record_told(message.origin, "refused", request_id=question.id)
            reply.end(CallRefusedError(no))
            return _free_key(message, "told")
        try:
            return _free_key(message, await self._flow.answer(question, message, reply))
        finally:
            reply.end(CallError(answers.UNEXPECTED))

    async def _show_place(
        self, message: IncomingMessage, place: int, posted: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Tell a program the place of its question in the line."""
        reply = self._replies.get((message.key.channel, message.key.ts))
        if reply is not None:
            set_language(_LANGUAGE)
            reply.show_progress(answers.render_place(place))
        return posted

    async def _remove_place(self, message: IncomingMessage, posted: tuple[str, ...]) -> None:
        """Take back nothing: a program was told, and no message shows it."""


def build_message(ask: Ask) -> IncomingMessage:
    """Build the message of a question.

    Equal keys of a caller give equal messages.
    """
    caller = f"{ask.caller.team}/{ask.caller.user}"
    name = _hash_name(caller, ask.key) if ask.key else uuid4().hex
    ts = f"call-{name}"
    return IncomingMessage(
        kind="question",
        key=MessageKey("", ask.surface, ts),
        thread_ts=f"thread-{_hash_name(caller, ask.thread)}" if ask.thread else ts,
        user=ask.caller.user,
        user_team=ask.caller.team,
        text=ask.question,
        origin="call",
        surface=ask.surface,
        scope=ask.scope,
        has_key=bool(ask.key),
    )


def build_answered(record: AnswerRecord) -> Answered:
    """Build the last event from a stored answer.

    Raises:
        ValueError: its text is not stored.
    """
    if record.answer is None:
        raise ValueError("the text of the answer is not stored")
    return Answered(record.answer, as_of=record.as_of, id=record.id)


def _free_key(message: IncomingMessage, outcome: Outcome) -> Outcome:
    """Return an outcome; without an answer, the key becomes free."""
    return "ignored" if message.has_key and outcome != "answered" else outcome


def _hash_name(caller: str, name: str) -> str:
    return hashlib.sha256(f"{caller}\n{name}".encode(errors="replace")).hexdigest()[:32]


def _build_repeated_error() -> CallRepeatedError:
    return CallRepeatedError(
        "This Idempotency-Key was used before for another question, or its answer is not stored: "
        "take another key."
    )
