"""The flow of an answer, shown by a reply that only writes down what it is told."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from bot.conversation.runner import Around, PipelineRunner
from bot.texts import answers
from ingest.errors import StateError
from rag_core.errors import StoreUnavailableError
from rag_core.inference.worker import Line, Worker
from rag_core.types import Answer, Question, Scope, Searching, TextDelta
from tests.bot.fakes import TEXT, FakePipeline, Gate, script
from tests.rag_core.waiting import wait_until

QUESTION = Question("how is data stored?")


class Notebook:
    """A reply that writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.begun = asyncio.Event()
        self.stopped = asyncio.Event()

    def begin(self) -> None:
        self.lines.append("begin")
        self.begun.set()

    def progress(self, sentence: str) -> None:
        self.lines.append(sentence)

    def append(self, text: str) -> None:
        self.lines.append(text)

    async def finish(self, answer: Answer) -> None:
        self.lines.append(f"finish: {answer.text}")

    async def fail(self, sentence: str) -> None:
        self.lines.append(f"fail: {sentence}")

    async def leave(self) -> None:
        self.lines.append("leave")


@pytest.fixture
def pipeline() -> FakePipeline:
    return FakePipeline()


@pytest.fixture
async def conversation(pipeline: FakePipeline) -> AsyncIterator[PipelineRunner]:
    conversation = PipelineRunner(pipeline, workers=1)
    yield conversation
    conversation.close()


async def wait(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 10)


async def test_stages_text_and_answer_come_in_order(
    conversation: PipelineRunner, pipeline: FakePipeline
):
    pipeline.script = script(pieces=1)
    reply = Notebook()
    await conversation.answer(QUESTION, reply)
    expected = ["begin", answers.SEARCHING, answers.ranking(30), TEXT, f"finish: {TEXT}"]
    assert reply.lines == expected
    assert pipeline.questions == [QUESTION]


async def test_the_pipeline_runs_on_a_thread_of_its_own(
    conversation: PipelineRunner, pipeline: FakePipeline
):
    await conversation.answer(QUESTION, Notebook())
    assert pipeline.threads
    assert threading.get_ident() not in pipeline.threads


async def test_an_error_is_told_in_docents_words(
    conversation: PipelineRunner, pipeline: FakePipeline
):
    pipeline.script = [Searching(), StoreUnavailableError("no Milvus at tcp://10.0.0.7")]
    reply = Notebook()
    await conversation.answer(QUESTION, reply)
    assert reply.lines[-1] == f"fail: {answers.ERRORS[StoreUnavailableError]}"
    assert "10.0.0.7" not in "".join(reply.lines)


async def test_an_unforeseen_error_is_an_apology_and_a_logged_traceback(
    conversation: PipelineRunner, pipeline: FakePipeline, caplog: pytest.LogCaptureFixture
):
    pipeline.script = [TextDelta("So"), ZeroDivisionError("secret")]
    reply = Notebook()
    await conversation.answer(QUESTION, reply)
    assert reply.lines[-1] == f"fail: {answers.UNEXPECTED}"
    assert "ZeroDivisionError" in caplog.text


async def test_a_stream_without_an_end_is_not_silence(
    conversation: PipelineRunner, pipeline: FakePipeline
):
    pipeline.script = [Searching()]
    reply = Notebook()
    await conversation.answer(QUESTION, reply)
    assert reply.lines[-1].startswith("fail: ")


async def test_cancelling_says_so_and_closes_the_pipeline(
    conversation: PipelineRunner, pipeline: FakePipeline
):
    gate = Gate()
    pipeline.script = [Searching(), gate, *script()]
    reply = Notebook()
    task = asyncio.create_task(conversation.answer(QUESTION, reply))
    await wait(gate.reached)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.open()
    await wait(pipeline.closed)
    assert reply.lines[-1] == f"fail: {answers.RESTARTING}"
    assert not any(line.startswith("finish") for line in reply.lines)


async def test_stop_closes_the_pipeline_and_ends_quietly(
    conversation: PipelineRunner, pipeline: FakePipeline
):
    gate = Gate()
    pipeline.script = [Searching(), TextDelta("So"), gate, *script()]
    reply = Notebook()
    answering = asyncio.create_task(conversation.answer(QUESTION, reply))
    await wait(gate.reached)
    reply.stopped.set()
    assert await answering is None
    gate.open()
    await wait(pipeline.closed)
    assert reply.lines == ["begin", answers.SEARCHING, "So", "leave"]


async def test_a_question_is_completed_after_the_first_sign_of_life(
    conversation: PipelineRunner, pipeline: FakePipeline
):
    reply, kept = Notebook(), []

    async def prepare(question: Question) -> Question:
        assert reply.lines == ["begin"]
        return Question(question.text, scope=Scope(version="2.6"))

    async def keep(answer: Answer) -> None:
        assert not reply.lines[-1].startswith("finish")
        kept.append(answer)

    answer = await conversation.answer(QUESTION, reply, Around(prepare, keep))
    assert kept == [answer]
    assert pipeline.questions == [Question(QUESTION.text, scope=Scope(version="2.6"))]


async def test_what_can_not_be_prepared_is_told(conversation: PipelineRunner):
    async def prepare(question: Question) -> Question:
        raise StateError(f"no database for {question.text}")

    reply = Notebook()
    assert await conversation.answer(QUESTION, reply, Around(prepare, prepare)) is None
    assert reply.lines == ["begin", f"fail: {answers.ERRORS[StateError]}"]


async def test_who_comes_after_too_many_is_told_so(
    conversation: PipelineRunner, pipeline: FakePipeline
):
    gate = Gate()
    pipeline.script = [Searching(), gate, *script()]
    first = asyncio.create_task(conversation.answer(QUESTION, Notebook()))
    await wait(gate.reached)
    refused = Notebook()
    await conversation.answer(Question("and then?"), refused)
    assert refused.lines == ["begin", f"fail: {answers.busy(2)}"]
    gate.open()
    await first
    await asyncio.to_thread(wait_until, lambda: conversation.at_work == 0)
    later = Notebook()
    await conversation.answer(QUESTION, later)
    assert later.lines[-1].startswith("finish")
    assert len(pipeline.questions) == 2


async def test_a_stopped_question_is_at_work_until_its_thread_has_ended(
    conversation: PipelineRunner, pipeline: FakePipeline
):
    gate = Gate()
    pipeline.script = [Searching(), gate, *script()]
    task = asyncio.create_task(conversation.answer(QUESTION, Notebook()))
    await wait(gate.reached)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert conversation.at_work == 1
    gate.open()
    await asyncio.to_thread(wait_until, lambda: conversation.at_work == 0)


class InLine:
    """A pipeline whose question waits for a worker that is held at a gate."""

    def __init__(self) -> None:
        self.gate, self.held, self.computed = threading.Event(), threading.Event(), []
        self.line = Line(self.serve)
        self.worker = Worker((self.line,), places=1)
        threading.Thread(target=self.worker.run, args=(self.line, "gate")).start()

    def serve(self, items):
        self.computed += items
        if "gate" in items:
            self.held.set()
            assert self.gate.wait(10)
        return items

    def stream(self, question: Question):
        with self.worker.place():
            yield Searching()
            self.worker.run(self.line, question.text)


async def test_a_question_that_waits_for_the_models_leaves_the_line_when_cancelled() -> None:
    pipeline = InLine()
    conversation = PipelineRunner(pipeline, workers=1)
    await wait(pipeline.held)
    task = asyncio.create_task(conversation.answer(QUESTION, Notebook()))
    await asyncio.to_thread(wait_until, lambda: pipeline.worker.waiting == 1)
    task.cancel()
    await asyncio.to_thread(wait_until, lambda: pipeline.worker.places_taken == 0)
    pipeline.gate.set()
    await asyncio.to_thread(pipeline.worker.close)
    assert pipeline.computed == ["gate"]
    conversation.close()
