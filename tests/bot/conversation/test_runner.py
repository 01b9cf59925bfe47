"""The pipeline on its thread: events and cancellation."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from bot.conversation.runner import PipelineRunner
from rag_core.errors import StoreUnavailableError
from rag_core.inference.worker import Worker, WorkQueue
from rag_core.types import AnswerEvent, Question, RerankStarted, SearchStarted, TextDelta
from tests.bot.fakes import TEXT, FakePipeline, Gate, script
from tests.rag_core.waiting import wait_until

QUESTION = Question("how is data stored?")


@pytest.fixture
def pipeline() -> FakePipeline:
    return FakePipeline()


@pytest.fixture
async def runner(pipeline: FakePipeline) -> AsyncIterator[PipelineRunner]:
    runner = PipelineRunner(pipeline, workers=1)
    yield runner
    runner.close()


async def collect(
    runner: PipelineRunner, into: list[AnswerEvent] | None = None
) -> list[AnswerEvent]:
    collected: list[AnswerEvent] = [] if into is None else into
    async with runner.run(QUESTION) as events:
        while (event := await events.get()) is not None:
            collected.append(event)
    return collected


async def wait(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 10)


def text_of(events: list[AnswerEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_events_come_in_order(runner: PipelineRunner, pipeline: FakePipeline):
    pipeline.script = script(pieces=1)
    assert await collect(runner) == pipeline.script
    assert pipeline.questions == [QUESTION]


async def test_the_pipeline_runs_on_a_thread_of_its_own(
    runner: PipelineRunner, pipeline: FakePipeline
):
    await collect(runner)
    assert pipeline.threads
    assert threading.get_ident() not in pipeline.threads


async def test_no_text_is_lost_between_the_pieces(runner: PipelineRunner, pipeline: FakePipeline):
    pipeline.script = [TextDelta("So "), RerankStarted(30), *script(pieces=20)]
    events = await collect(runner)
    assert text_of(events) == f"So {TEXT}"
    assert events[-1] == pipeline.script[-1]


async def test_an_error_of_the_pipeline_is_raised_after_its_events(
    runner: PipelineRunner, pipeline: FakePipeline
):
    pipeline.script = [SearchStarted(), StoreUnavailableError("no Milvus")]
    arrived: list[AnswerEvent] = []
    with pytest.raises(StoreUnavailableError):
        await collect(runner, arrived)
    assert arrived == [SearchStarted()]


async def test_the_end_of_the_block_closes_the_pipeline(
    runner: PipelineRunner, pipeline: FakePipeline
):
    gate = Gate()
    pipeline.script = [SearchStarted(), gate, *script()]
    async with runner.run(QUESTION) as events:
        assert await events.get() == SearchStarted()
        await wait(gate.reached)
    assert not pipeline.closed.is_set()
    gate.open()
    await wait(pipeline.closed)


async def test_a_cancelled_question_runs_until_its_thread_has_ended(
    runner: PipelineRunner, pipeline: FakePipeline
):
    gate = Gate()
    pipeline.script = [SearchStarted(), gate, *script()]
    task = asyncio.create_task(collect(runner))
    await wait(gate.reached)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not pipeline.closed.is_set()
    gate.open()
    await wait(pipeline.closed)


class InLine:
    """A pipeline whose question waits for a worker that is held at a gate."""

    def __init__(self) -> None:
        self.gate, self.held, self.computed = threading.Event(), threading.Event(), []
        self.queue = WorkQueue(self.serve)
        self.worker = Worker((self.queue,), slots=1)
        threading.Thread(target=self.worker.run, args=(self.queue, "gate")).start()

    def serve(self, items):
        self.computed += items
        if "gate" in items:
            self.held.set()
            assert self.gate.wait(10)
        return items

    def stream(self, question: Question):
        with self.worker.hold_slot():
            yield SearchStarted()
            self.worker.run(self.queue, question.text)


async def test_a_question_that_waits_for_the_models_leaves_the_line_when_cancelled() -> None:
    pipeline = InLine()
    runner = PipelineRunner(pipeline, workers=1)
    await wait(pipeline.held)
    task = asyncio.create_task(collect(runner))
    await asyncio.to_thread(wait_until, lambda: pipeline.worker.waiting == 1)
    task.cancel()
    await asyncio.to_thread(wait_until, lambda: pipeline.worker.slots_taken == 0)
    pipeline.gate.set()
    await asyncio.to_thread(pipeline.worker.close)
    assert pipeline.computed == ["gate"]
    runner.close()
