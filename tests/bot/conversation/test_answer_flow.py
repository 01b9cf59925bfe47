"""The flow of an answer, shown by a reply that only writes down what it is told."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.conversation.answer_flow import AnswerFlow, InFlightAnswer
from bot.conversation.protocols import FileContents
from bot.conversation.runner import PipelineRunner
from bot.storage.database import BotDatabase
from bot.texts import answers
from bot.types import IncomingMessage, MessageKey, SharedFile, ThreadMessage
from ingest.errors import StateError
from ingest.state.database import open_state
from rag_core.errors import StoreUnavailableError
from rag_core.types import Answer, Question, Scope, SearchStarted, TextDelta, Turn
from tests.bot.fakes import LAST_SYNC, TEXT, FakePipeline, Gate, Notebook, answer, script

KEY = MessageKey("T0", "C0", "2.0")
MESSAGE = IncomingMessage("question", KEY, "2.0", "U0", "T0", "how is data stored?")
IN_THREAD = replace(MESSAGE, thread_ts="1.0")
SCOPE = Scope(version="2.6")
EARLIER = (ThreadMessage("U0", "what is a segment?"), ThreadMessage("B0", "A file.", is_own=True))
TURNS = (Turn("user", "what is a segment?"), Turn("assistant", "A file."))


@dataclass
class Threads:
    """One thread, as often as it is read; it waits where told to."""

    earlier: tuple[ThreadMessage, ...] | None = EARLIER
    reads: list[tuple[MessageKey, str]] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    held: asyncio.Event | None = None

    async def read_before(
        self, key: MessageKey, thread_ts: str
    ) -> tuple[ThreadMessage, ...] | None:
        self.reads.append((key, thread_ts))
        self.reached.set()
        if self.held:
            await self.held.wait()
        return self.earlier

    async def read_conversation(self, key: MessageKey) -> tuple[ThreadMessage, ...] | None:
        self.reads.append((key, ""))
        return ()


class Files:
    """No files."""

    async def read(self, files: Sequence[SharedFile]) -> FileContents:
        assert not files
        return FileContents()


@dataclass
class Bench:
    """An answer flow, and what it is made of."""

    memory: BotDatabase
    pipeline: FakePipeline = field(default_factory=FakePipeline)
    threads: Threads = field(default_factory=Threads)
    reply: Notebook = field(default_factory=lambda: Notebook(posts=("3.0",)))

    def __post_init__(self) -> None:
        self.runner = PipelineRunner(self.pipeline, workers=1)
        self.flow = AnswerFlow(self.runner, self.memory, self.threads, Files())

    def start(self, message: IncomingMessage = MESSAGE) -> asyncio.Task[None]:
        return asyncio.create_task(self.flow.answer(message, self.reply))

    async def start_held(self) -> tuple[asyncio.Task[None], Gate, InFlightAnswer]:
        """Answer up to a gate behind the first text."""
        gate = Gate()
        self.pipeline.script = [SearchStarted(), TextDelta("So"), gate, *script()]
        task = self.start()
        await wait(gate.reached)
        in_flight = self.flow.find_in_flight(KEY)
        assert in_flight is not None
        return task, gate, in_flight


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[BotDatabase]:
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    yield BotDatabase.open(engine, keep_days=90, read_last_success_time=lambda: LAST_SYNC)
    engine.dispose()


@pytest.fixture
async def bench(memory: BotDatabase) -> AsyncIterator[Bench]:
    bench = Bench(memory)
    with contextlib.closing(bench.runner):
        yield bench


async def wait(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 10)


async def test_stages_text_and_answer_come_in_order(bench: Bench):
    bench.pipeline.script = script(pieces=1)
    await bench.flow.answer(MESSAGE, bench.reply)
    assert bench.reply.lines == ["begin", answers.render_reranking(30), TEXT, f"finish: {TEXT}"]
    assert bench.pipeline.questions == [Question(MESSAGE.text)]


async def test_the_question_has_the_scope_of_its_channel(bench: Bench):
    bench.memory.scopes.set_scope("T0", "C0", SCOPE, user="U0")
    await bench.flow.answer(MESSAGE, bench.reply)
    assert bench.pipeline.questions == [Question(MESSAGE.text, scope=SCOPE)]
    assert bench.reply.context.scope == SCOPE


async def test_the_question_has_the_instructions_of_its_channel(bench: Bench):
    bench.memory.instructions.set_instructions("T0", "C0", "Be brief.", user="U0")
    bench.memory.instructions.set_instructions("T0", "C1", "Be long.", user="U0")
    await bench.flow.answer(IN_THREAD, bench.reply)
    assert bench.pipeline.questions == [Question(MESSAGE.text, TURNS, instructions="Be brief.")]


async def test_in_a_thread_it_has_what_was_said_before(bench: Bench):
    await bench.flow.answer(IN_THREAD, bench.reply)
    assert bench.threads.reads == [(KEY, "1.0")]
    assert bench.pipeline.questions == [Question(MESSAGE.text, history=TURNS)]


async def test_a_thread_that_was_read_already_is_not_read_again(bench: Bench):
    await bench.flow.answer(IN_THREAD, bench.reply, earlier=EARLIER)
    assert bench.threads.reads == []
    assert bench.pipeline.questions == [Question(MESSAGE.text, history=TURNS)]


async def test_the_first_sign_of_life_comes_before_the_thread_is_read(bench: Bench):
    bench.threads.held = asyncio.Event()
    task = bench.start(IN_THREAD)
    await bench.threads.reached.wait()
    assert bench.reply.lines == ["begin"]
    bench.threads.held.set()
    await task


async def test_the_answer_is_kept_before_it_is_shown_complete(bench: Bench):
    seen: list[Answer | None] = []

    async def finish(_: Answer) -> None:
        kept = bench.memory.answers.find(bench.reply.context.answer_id)
        seen.append(kept and kept.answer)

    bench.reply.finish = finish
    await bench.flow.answer(MESSAGE, bench.reply)
    assert seen == [answer()]
    assert bench.reply.context.as_of == LAST_SYNC


async def test_where_it_was_posted_is_recorded(bench: Bench):
    await bench.flow.answer(MESSAGE, bench.reply)
    kept = bench.memory.answers.find_by_message(KEY)
    assert kept is not None
    assert kept.posted == ("3.0",)


async def test_an_answer_that_can_not_be_kept_is_shown_without_buttons(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    def keep(_: object) -> None:
        raise StateError("no database")

    monkeypatch.setattr(bench.memory.answers, "add", keep)
    await bench.flow.answer(MESSAGE, bench.reply)
    assert bench.reply.lines[-1] == f"finish: {TEXT}"
    assert bench.reply.context.answer_id == ""


async def test_nobody_sees_an_uncalled_answer_that_is_none(bench: Bench):
    bench.pipeline.script = [SearchStarted(), script()[-1]]
    bench.pipeline.script[-1] = replace(script()[-1], answer=answer(status="not_found"))
    await bench.flow.answer(replace(MESSAGE, audience="channel"), bench.reply)
    assert bench.reply.lines == []
    assert bench.memory.answers.find_by_message(KEY) is None


async def test_an_uncalled_answer_comes_whole_and_is_kept(bench: Bench):
    await bench.flow.answer(replace(MESSAGE, audience="channel"), bench.reply)
    assert bench.reply.lines == ["begin", f"finish: {TEXT}"]
    kept = bench.memory.answers.find_by_message(KEY)
    assert kept is not None
    assert kept.posted == ("3.0",)
    assert bench.reply.context.answer_id == kept.id


async def test_an_error_is_told_in_docents_words(bench: Bench):
    bench.pipeline.script = [SearchStarted(), StoreUnavailableError("no Milvus at tcp://10.0.0.7")]
    await bench.flow.answer(MESSAGE, bench.reply)
    assert bench.reply.lines == ["begin", f"fail: {answers.ERRORS[StoreUnavailableError]}"]


async def test_what_can_not_be_prepared_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    def of(*_: str) -> Scope:
        raise StateError("no database")

    monkeypatch.setattr(bench.memory.scopes, "read_scope", of)
    await bench.flow.answer(MESSAGE, bench.reply)
    assert bench.reply.lines == ["begin", f"fail: {answers.ERRORS[StateError]}"]
    assert bench.pipeline.questions == []


async def test_an_unforeseen_error_is_an_apology_and_a_logged_traceback(
    bench: Bench, caplog: pytest.LogCaptureFixture
):
    bench.pipeline.script = [TextDelta("So"), ZeroDivisionError("secret")]
    await bench.flow.answer(MESSAGE, bench.reply)
    assert bench.reply.lines[-1] == f"fail: {answers.UNEXPECTED}"
    assert "ZeroDivisionError" in caplog.text


async def test_a_stream_without_an_end_is_not_silence(bench: Bench):
    bench.pipeline.script = [SearchStarted()]
    await bench.flow.answer(MESSAGE, bench.reply)
    assert bench.reply.lines[-1].startswith("fail: ")


async def test_who_comes_after_too_many_is_told_so(bench: Bench):
    task, gate, _ = await bench.start_held()
    refused = Notebook()
    await bench.flow.answer(replace(MESSAGE, key=replace(KEY, ts="9.0")), refused)
    assert refused.lines == ["begin", f"fail: {answers.render_busy(2)}"]
    gate.open()
    await task


async def test_cancelling_says_so_and_closes_the_pipeline(bench: Bench):
    task, gate, _ = await bench.start_held()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.open()
    await wait(bench.pipeline.closed)
    assert bench.reply.lines[-1] == f"fail: {answers.RESTARTING}"
    assert bench.flow.find_in_flight(KEY) is None


async def test_stop_closes_the_pipeline_and_ends_quietly(bench: Bench):
    task, gate, in_flight = await bench.start_held()
    bench.reply.message_timestamps = ("3.0",)
    assert await in_flight.stop() == ("3.0",)
    await task
    gate.open()
    await wait(bench.pipeline.closed)
    assert bench.reply.lines == ["begin", "So", "leave"]
    assert bench.memory.answers.find_by_message(KEY) is None


async def test_stop_ends_an_answer_whose_thread_is_still_being_read(bench: Bench):
    bench.threads.held = asyncio.Event()
    task = bench.start(IN_THREAD)
    await bench.threads.reached.wait()
    bench.reply.stopped.set()
    await task
    assert bench.reply.lines == ["begin", "leave"]
    assert bench.pipeline.questions == []


async def test_an_answer_is_found_while_it_is_given(bench: Bench):
    task, gate, in_flight = await bench.start_held()
    bench.reply.message_timestamps = ("3.0",)
    assert bench.flow.find_in_flight_at("C0", "3.0") is in_flight
    assert bench.flow.find_in_flight_at("C9", "3.0") is None
    assert bench.flow.list_in_flight("C0", "2.0") == [in_flight]
    assert bench.flow.list_in_flight("C0", "1.0") == []
    gate.open()
    await task
    assert bench.flow.find_in_flight(KEY) is None
    assert in_flight.is_complete


async def test_the_end_of_an_older_answer_leaves_the_newer_one_in_progress(bench: Bench):
    """The question was edited: both answers are to the same message."""
    older, gate, _ = await bench.start_held()
    bench.threads.held = asyncio.Event()
    newer = bench.start(IN_THREAD)
    await bench.threads.reached.wait()
    in_flight = bench.flow.find_in_flight(KEY)
    gate.open()
    await older
    assert in_flight is not None
    assert bench.flow.find_in_flight(KEY) is in_flight
    bench.threads.held.set()
    await newer
    assert bench.flow.find_in_flight(KEY) is None
