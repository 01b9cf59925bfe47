"""One message becomes one answer: begin, prepare, run the pipeline, keep, finish, record."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from bot.conversation.protocols import FileReader, Reply, ThreadHistory
from bot.conversation.question_builder import EarlierMessages, QuestionBuilder
from bot.conversation.runner import PipelineRunner
from bot.conversation.silent_reply import SilentReply, is_worth_posting
from bot.storage.answers import AnswerRecord
from bot.storage.database import BotDatabase
from bot.texts import answers
from bot.types import AnswerContext, IncomingMessage, MessageKey
from ingest.errors import StateError
from rag_core.errors import DocentError
from rag_core.types import Answer, AnswerDone, RerankStarted, TextDelta

logger = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class InFlightAnswer:
    """An answer in progress; once `is_complete`, it only has to be shown."""

    message: IncomingMessage
    reply: Reply
    is_complete: bool = False
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def message_timestamps(self) -> tuple[str, ...]:
        """Time stamps of the messages that show it so far."""
        return self.reply.message_timestamps

    async def stop(self) -> tuple[str, ...]:
        """Stop the answer, and return the time stamps of its messages."""
        self.reply.stopped.set()
        await self.done.wait()
        return self.message_timestamps


class AnswerFlow:
    """Answers messages, stores the answers and knows those in progress in this process."""

    def __init__(
        self,
        runner: PipelineRunner,
        database: BotDatabase,
        threads: ThreadHistory,
        files: FileReader,
    ) -> None:
        self._runner = runner
        self._database = database
        self._questions = QuestionBuilder(database, threads, files)
        self._in_flight: dict[MessageKey, InFlightAnswer] = {}

    def find_in_flight(self, key: MessageKey) -> InFlightAnswer | None:
        """Return the answer in progress to a message, if there is one."""
        return self._in_flight.get(key)

    def find_in_flight_at(self, channel: str, ts: str) -> InFlightAnswer | None:
        """Return the answer in progress that one of docent's messages shows."""
        here = (each for each in self._in_flight.values() if each.message.key.channel == channel)
        return next((each for each in here if ts in each.message_timestamps), None)

    def list_in_flight(self, channel: str, thread_ts: str) -> list[InFlightAnswer]:
        """Return the answers in progress in a thread."""
        return [
            each
            for each in self._in_flight.values()
            if (each.message.key.channel, each.message.thread_ts) == (channel, thread_ts)
        ]

    async def answer(
        self, message: IncomingMessage, reply: Reply, *, earlier: EarlierMessages = None
    ) -> None:
        """Answer a message, or tell its author why there is no answer.

        Args:
            message: the question, claimed by this process.
            reply: shows the answer; it has not begun yet.
            earlier: messages of the thread before this one, if they have been read already.
        """
        in_flight = self._in_flight[message.key] = InFlightAnswer(message, reply)
        if message.audience == "channel":
            reply = SilentReply(reply)
        try:
            reply.begin()
            try:
                answer = await _run_until_stopped(
                    self._write_answer(message, reply, earlier), reply.stopped
                )
                if answer is None:
                    logger.info("An answer was stopped.")
                    await reply.mark_stopped()
                    return
                in_flight.is_complete = True
                record = await self._store_answer(message, reply, answer)
            except DocentError as error:
                logger.warning("A question got no answer.", exc_info=error)
                await reply.fail(answers.render_error(error))
            except asyncio.CancelledError:
                await reply.fail(answers.RESTARTING)
                raise
            except Exception:
                logger.exception("A question failed unexpectedly.")
                await reply.fail(answers.UNEXPECTED)
            else:
                await reply.finish(answer)
                if record is not None and record.posted != reply.message_timestamps:
                    await self._record_messages(record, reply.message_timestamps)
        finally:
            if self._in_flight.get(message.key) is in_flight:
                del self._in_flight[message.key]
            in_flight.done.set()

    async def _write_answer(
        self, message: IncomingMessage, reply: Reply, earlier: EarlierMessages
    ) -> Answer:
        """Run the pipeline, and show its progress and its text."""
        prepared = await self._questions.prepare(message, earlier)
        question = prepared.question
        reply.context = replace(reply.context, scope=question.scope, notes=prepared.notes)
        async with self._runner.run(question) as events:
            while (event := await events.get()) is not None:
                if isinstance(event, TextDelta):
                    reply.append(event.text)
                elif isinstance(event, RerankStarted):
                    reply.show_progress(answers.render_reranking(event.candidates))
                elif isinstance(event, AnswerDone):
                    return event.answer
        raise DocentError("The pipeline ended without an answer.")

    async def _store_answer(
        self, message: IncomingMessage, reply: Reply, answer: Answer
    ) -> AnswerRecord | None:
        """Store the answer before its buttons can be pressed.

        Returns None when it was not stored: then it has no buttons.
        """
        if message.audience == "channel" and not is_worth_posting(answer):
            return None  # it is not shown, so there is nothing to keep
        record = AnswerRecord(
            id=uuid4().hex,
            key=message.key,
            thread_ts=message.thread_ts,
            user=message.user,
            posted=reply.message_timestamps,
            question=message.text,
            answer=answer,
            scope=reply.context.scope,
        )
        try:
            reply.context = await asyncio.to_thread(self._add_record, record, reply.context)
        except StateError:
            logger.warning("An answer could not be stored.", exc_info=True)
            return None
        return record

    def _add_record(self, record: AnswerRecord, context: AnswerContext) -> AnswerContext:
        """Store the answer and return the context with its id; blocks."""
        as_of = self._database.read_last_success_time()
        shown_id = record.id if self._database.answers.keeps_texts else ""
        self._database.answers.add(replace(record, as_of=as_of))
        return replace(context, answer_id=shown_id, as_of=as_of)

    async def _record_messages(self, record: AnswerRecord, posted: tuple[str, ...]) -> None:
        """Record which messages show the answer."""
        try:
            await asyncio.to_thread(self._database.answers.record_messages, record.id, posted)
        except StateError:
            logger.warning("The messages of an answer could not be recorded.", exc_info=True)


async def _run_until_stopped(
    work: Coroutine[Any, Any, Answer], stopped: asyncio.Event
) -> Answer | None:
    """Return the answer, or None as soon as it is stopped.

    A stop also cancels the work.
    """
    writing, stop = asyncio.create_task(work), asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({writing, stop}, return_when=asyncio.FIRST_COMPLETED)
        return writing.result() if writing.done() else None
    finally:
        stop.cancel()
        if not writing.done():
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        elif not writing.cancelled():
            writing.exception()  # or asyncio would report an error that was never retrieved
