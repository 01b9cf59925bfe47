"""The flow of an answer, shown by a reply that only writes down what it is told."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from bot import messages
from bot.conversation import Conversation, Stopped
from rag_core.errors import StoreUnavailableError
from rag_core.types import Answer, Question, Ranking, Searching, TextDelta
from tests.bot.fakes import TEXT, FakePipeline, Gate, script

QUESTION = Question("how is data stored?")


class Notebook:
    """A reply that writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.begun = asyncio.Event()
        self.stopped = False

    def begin(self) -> None:
        self.lines.append("begin")
        self.begun.set()

    def progress(self, sentence: str) -> None:
        self.lines.append(sentence)

    def append(self, text: str) -> None:
        if self.stopped:
            raise Stopped
        self.lines.append(text)

    async def finish(self, answer: Answer) -> None:
        self.lines.append(f"finish: {answer.text}")

    async def fail(self, sentence: str) -> None:
        self.lines.append(f"fail: {sentence}")


@pytest.fixture
def pipeline() -> FakePipeline:
    return FakePipeline()


@pytest.fixture
async def conversation(pipeline: FakePipeline) -> AsyncIterator[Conversation]:
    conversation = Conversation(pipeline, workers=1)
    yield conversation
    conversation.close()


async def wait(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 10)


async def test_stages_text_and_answer_come_in_order(
    conversation: Conversation, pipeline: FakePipeline
):
    pipeline.script = script(pieces=1)
    reply = Notebook()
    await conversation.answer(QUESTION, reply)
    expected = ["begin", messages.SEARCHING, messages.ranking(30), TEXT, f"finish: {TEXT}"]
    assert reply.lines == expected
    assert pipeline.questions == [QUESTION]


async def test_the_pipeline_runs_on_a_thread_of_its_own(
    conversation: Conversation, pipeline: FakePipeline
):
    await conversation.answer(QUESTION, Notebook())
    assert pipeline.threads
    assert threading.get_ident() not in pipeline.threads


async def test_an_error_is_told_in_docents_words(
    conversation: Conversation, pipeline: FakePipeline
):
    pipeline.script = [Searching(), StoreUnavailableError("no Milvus at tcp://10.0.0.7")]
    reply = Notebook()
    await conversation.answer(QUESTION, reply)
    assert reply.lines[-1] == f"fail: {messages.ERRORS[StoreUnavailableError]}"
    assert "10.0.0.7" not in "".join(reply.lines)


async def test_an_unforeseen_error_is_an_apology_and_a_logged_traceback(
    conversation: Conversation, pipeline: FakePipeline, caplog: pytest.LogCaptureFixture
):
    pipeline.script = [TextDelta("So"), ZeroDivisionError("secret")]
    reply = Notebook()
    await conversation.answer(QUESTION, reply)
    assert reply.lines[-1] == f"fail: {messages.UNEXPECTED}"
    assert "ZeroDivisionError" in caplog.text


async def test_a_stream_without_an_end_is_not_silence(
    conversation: Conversation, pipeline: FakePipeline
):
    pipeline.script = [Searching()]
    reply = Notebook()
    await conversation.answer(QUESTION, reply)
    assert reply.lines[-1].startswith("fail: ")


async def test_cancelling_says_so_and_closes_the_pipeline(
    conversation: Conversation, pipeline: FakePipeline
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
    assert reply.lines[-1] == f"fail: {messages.RESTARTING}"
    assert not any(line.startswith("finish") for line in reply.lines)


async def test_stop_closes_the_pipeline_and_ends_quietly(
    conversation: Conversation, pipeline: FakePipeline
):
    gate = Gate()
    pipeline.script = [Searching(), TextDelta("So"), gate, *script()]
    reply = Notebook()
    reply.stopped = True
    await conversation.answer(QUESTION, reply)
    gate.open()
    await wait(pipeline.closed)
    assert reply.lines == ["begin", messages.SEARCHING]


async def test_who_waits_for_a_worker_has_a_sign_of_life(
    conversation: Conversation, pipeline: FakePipeline
):
    gate = Gate()
    pipeline.script = [Searching(), gate, *script()]
    first = asyncio.create_task(conversation.answer(QUESTION, Notebook()))
    await wait(gate.reached)
    waiting = Notebook()
    second = asyncio.create_task(conversation.answer(Question("and then?"), waiting))
    await waiting.begun.wait()
    assert waiting.lines == ["begin"]
    assert len(pipeline.questions) == 1
    gate.open()
    await asyncio.gather(first, second)
    assert waiting.lines[-1].startswith("finish")


async def test_a_question_that_still_waits_is_dropped_when_cancelled(
    conversation: Conversation, pipeline: FakePipeline
):
    gate = Gate()
    pipeline.script = [gate, Ranking(1), *script()]
    first = asyncio.create_task(conversation.answer(QUESTION, Notebook()))
    await wait(gate.reached)
    waiting = Notebook()
    second = asyncio.create_task(conversation.answer(Question("never mind"), waiting))
    await waiting.begun.wait()
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    gate.open()
    await first
    assert pipeline.questions == [QUESTION]
