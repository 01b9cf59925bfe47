"""One question becomes one answer: begin, prepare, run the pipeline, keep, finish, record."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from bot.conversation.open_question import OpenQuestion
from bot.conversation.protocols import Reply
from bot.conversation.question_builder import EarlierMessages, QuestionBuilder
from bot.conversation.runner import PipelineRunner
from bot.conversation.silent_reply import SilentReply, is_worth_posting
from bot.health.telemetry import Telemetry
from bot.storage.answers import AnswerRecord
from bot.storage.database import BotDatabase
from bot.texts import answers
from bot.types import AnswerContext, IncomingMessage
from ingest.errors import StateError
from rag_core.errors import BusyError, DocentError
from rag_core.types import Answer, AnswerDone, Question, RerankStarted, TextDelta

BUSY_SECONDS = 0.25
"""The pause until a question tries again to enter a pipeline that others have filled."""

BUSY_TRIES = 400
"""A question that was refused so many times by a full pipeline ends with that refusal."""

STORE_SECONDS = 1.0
"""An answer that can't be stored in this time is shown without buttons."""

AnswerEnding = Literal["answered", "told", "given_up"]
"""The end of an answer: shown; its asker knows why there is none; or unwanted."""

logger = logging.getLogger(__name__)


class AnswerFlow:
    """Answers questions and stores the answers."""

    def __init__(
        self,
        runner: PipelineRunner,
        database: BotDatabase,
        questions: QuestionBuilder,
        *,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._runner = runner
        self._database = database
        self._questions = questions
        self._telemetry = telemetry or Telemetry()
        self._read_times: dict[frozenset[str], datetime | None] = {}

    async def answer(
        self,
        question: OpenQuestion,
        message: IncomingMessage,
        reply: Reply,
        *,
        earlier: EarlierMessages = None,
    ) -> AnswerEnding:
        """Answer a message, or tell its author why there is no answer.

        Args:
            question: the question, taken by this process.
            message: its message, complete.
            reply: shows the answer; it has not begun yet.
            earlier: messages of the thread before this one, if they have been read already.

        Returns:
            How it ended.

        Raises:
            UndeliverableError: no way to the asker is open.
        """
        if message.audience == "channel":
            reply = SilentReply(reply)
        question.connect(reply)
        record_told = self._telemetry.begin(message.origin, question.id)
        try:
            reply.begin()
            try:
                answer = await self._find_or_write(question, message, reply, earlier)
                if answer is None:
                    logger.info("An answer was stopped.")
                    await reply.mark_stopped()
                    record_told("stopped")
                    return "told" if question.signal in {"", "stop"} else "given_up"
                question.release_slot()
                record = await self._store_answer(question, message, reply, answer)
            except DocentError as error:
                logger.warning("A question got no answer: %s", error)
                await reply.fail(answers.render_error(error))
                record_told("failed")
                return "told"
            except asyncio.CancelledError:
                await self._break_off(question, reply)
                raise
            except Exception:
                logger.exception("A question failed unexpectedly.")
                await reply.fail(answers.UNEXPECTED)
                record_told("failed")
                return "told"
            if not await question.prepare_finish():
                return "given_up"  # another process has taken over
            if not await _try_finish(reply, answer):
                record_told("failed")
                return "told"
            self._telemetry.record_answer(message.origin, answer, request_id=question.id)
            if record is not None and record.posted != reply.message_timestamps:
                await self._record_messages(record, reply.message_timestamps)
            is_silent = message.audience == "channel" and not is_worth_posting(answer)
            return "given_up" if is_silent else "answered"
        finally:
            question.record_posted(reply.message_timestamps or question.posted)

    async def _break_off(self, question: OpenQuestion, reply: Reply) -> None:
        """Leave an answer as it stands, or say that it goes on."""
        if question.is_lost:
            reply.abandon()
        elif question.is_recorded:
            await reply.fail(answers.PAUSED)
        else:
            await reply.fail(answers.RESTARTING)

    async def _find_or_write(
        self,
        question: OpenQuestion,
        message: IncomingMessage,
        reply: Reply,
        earlier: EarlierMessages,
    ) -> Answer | None:
        """Return the answer, or None as soon as it is stopped.

        A process that died may have stored the complete answer already.
        """
        if question.entry.is_resumed:
            record = await asyncio.to_thread(self._database.answers.find, question.id)
            if record is not None and record.answer is not None:
                reply.context = replace(reply.context, scope=record.scope)
                return record.answer
        return await _run_until_stopped(
            self._write_answer(question, message, reply, earlier), reply.stopped
        )

    async def _write_answer(
        self,
        question: OpenQuestion,
        message: IncomingMessage,
        reply: Reply,
        earlier: EarlierMessages,
    ) -> Answer:
        """Run the pipeline, and show its progress and its text."""
        prepared = await self._questions.prepare(message, earlier)
        asked = prepared.question
        reply.context = replace(
            reply.context, scope=asked.scope, notes=prepared.notes, authors=prepared.authors
        )
        for _ in range(BUSY_TRIES):
            try:
                return await self._run_pipeline(replace(asked, id=question.id), reply)
            except BusyError:  # the command line asks as well: its questions will soon be done
                await asyncio.sleep(BUSY_SECONDS)
        return await self._run_pipeline(replace(asked, id=question.id), reply)

    async def _run_pipeline(self, question: Question, reply: Reply) -> Answer:
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
        self, question: OpenQuestion, message: IncomingMessage, reply: Reply, answer: Answer
    ) -> AnswerRecord | None:
        """Store the answer before its buttons can be pressed.

        Returns None when it was not stored: then it has no buttons, and the documentation was read
        when docent last knew.
        """
        if message.audience == "channel" and not is_worth_posting(answer):
            return None  # it is not shown, so there is nothing to keep
        record = AnswerRecord(
            id=question.id,
            key=message.key,
            thread_ts=message.thread_ts,
            user=message.user,
            user_team=message.home_team or message.user_team,
            posted=reply.message_timestamps,
            question=message.text,
            answer=answer,
            scope=reply.context.scope,
            authors=reply.context.authors,
            surface=message.surface,
        )
        storing = asyncio.to_thread(self._add_record, record, reply.context)
        try:
            reply.context = await asyncio.wait_for(storing, STORE_SECONDS)
        except (StateError, TimeoutError) as error:
            logger.warning("An answer is shown without buttons, as it is not stored: %r", error)
            as_of = self._read_times.get(frozenset(record.scope.sources))
            reply.context = replace(reply.context, as_of=as_of)
            return None
        return record

    def _add_record(self, record: AnswerRecord, context: AnswerContext) -> AnswerContext:
        """Store the answer and return the context with its id; blocks."""
        as_of = self._read_as_of(record.scope.sources)
        shown_id = record.id if self._database.answers.keeps_texts else ""
        self._database.answers.add(replace(record, as_of=as_of))
        return replace(context, answer_id=shown_id, as_of=as_of)

    def _read_as_of(self, sources: Collection[str]) -> datetime | None:
        """Return when these sources were last read, and remember it; blocks."""
        as_of = self._database.read_last_success_time(sources)
        self._read_times[frozenset(sources)] = as_of
        return as_of

    async def _record_messages(self, record: AnswerRecord, posted: tuple[str, ...]) -> None:
        """Record which messages show the answer."""
        try:
            await asyncio.to_thread(self._database.answers.record_messages, record.id, posted)
        except StateError as error:
            logger.warning("The messages of an answer could not be recorded: %s", error)


async def _try_finish(reply: Reply, answer: Answer) -> bool:
    """Show the complete answer; return False if docent itself fails at it.

    Raises:
        UndeliverableError: no way to the asker is open.
    """
    try:
        await reply.finish(answer)
    except DocentError:
        raise
    except Exception:
        logger.exception("An answer could not be shown.")
        await reply.fail(answers.UNEXPECTED)
        return False
    return True


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
