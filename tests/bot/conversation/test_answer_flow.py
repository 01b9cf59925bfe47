"""The flow of an answer, shown by a reply that only writes down what it is told."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.conversation import answer_flow
from bot.conversation.answer_flow import AnswerFlow
from bot.conversation.protocols import FileContents
from bot.conversation.question_builder import QuestionBuilder
from bot.conversation.runner import PipelineRunner
from bot.storage.database import BotDatabase
from bot.storage.inbox_entry import Signal
from bot.texts import answers
from bot.types import IncomingMessage, MessageKey, SharedFile, ThreadMessage
from ingest.errors import StateError
from ingest.state.database import open_state
from rag_core.errors import BusyError, StoreUnavailableError
from rag_core.types import Answer, AnswerEvent, Question, Scope, SearchStarted, TextDelta, Turn
from tests.bot.fakes import (
    LAST_SYNC,
    TEXT,
    FakePipeline,
    Gate,
    Notebook,
    answer,
    open_question,
    script,
)

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
        questions = QuestionBuilder(self.memory, self.threads, Files())
        self.flow = AnswerFlow(self.runner, self.memory, questions)
        self.question = open_question(MESSAGE)

    async def answer(self, message: IncomingMessage = MESSAGE, **more: object) -> str:
        self.question = open_question(message)
        return await self.flow.answer(self.question, message, self.reply, **more)

    async def answer_again(self) -> str:
        """As the process does that takes the question up after another one died."""
        self.reply = Notebook(posts=("3.0",))
        again = open_question(MESSAGE, attempts=2)
        return await self.flow.answer(again, MESSAGE, self.reply)

    def start(self, message: IncomingMessage = MESSAGE) -> asyncio.Task[str]:
        return asyncio.create_task(self.answer(message))

    async def start_held(self) -> tuple[asyncio.Task[str], Gate]:
        """Answer up to a gate behind the first text."""
        gate = Gate()
        self.pipeline.script = [SearchStarted(), TextDelta("So"), gate, *script()]
        task = self.start()
        await wait(gate.reached)
        return task, gate


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[BotDatabase]:
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    yield BotDatabase.open(engine, keep_days=90, read_last_success_time=lambda *_: LAST_SYNC)
    engine.dispose()


@pytest.fixture
async def bench(memory: BotDatabase) -> AsyncIterator[Bench]:
    bench = Bench(memory)
    with contextlib.closing(bench.runner):
        yield bench


def asked(bench: Bench) -> list[Question]:
    """What the pipeline was asked, without the ids."""
    assert all(question.id == bench.question.id for question in bench.pipeline.questions)
    return [replace(question, id="") for question in bench.pipeline.questions]


async def wait(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 10)


async def test_stages_text_and_answer_come_in_order(bench: Bench):
    bench.pipeline.script = script(pieces=1)
    await bench.answer(MESSAGE)
    assert bench.reply.lines == ["begin", answers.render_reranking(30), TEXT, f"finish: {TEXT}"]
    assert asked(bench) == [Question(MESSAGE.text)]


async def test_the_question_has_the_scope_of_its_channel(bench: Bench):
    bench.memory.scopes.set_scope("T0", "C0", SCOPE, user="U0")
    await bench.answer(MESSAGE)
    assert asked(bench) == [Question(MESSAGE.text, scope=SCOPE)]
    assert bench.reply.context.scope == SCOPE


async def test_the_question_has_the_instructions_of_its_channel(bench: Bench):
    bench.memory.instructions.set_instructions("T0", "C0", "Be brief.", user="U0")
    bench.memory.instructions.set_instructions("T0", "C1", "Be long.", user="U0")
    await bench.answer(IN_THREAD)
    assert asked(bench) == [Question(MESSAGE.text, TURNS, instructions="Be brief.")]


async def test_in_a_thread_it_has_what_was_said_before(bench: Bench):
    await bench.answer(IN_THREAD)
    assert bench.threads.reads == [(KEY, "1.0")]
    assert asked(bench) == [Question(MESSAGE.text, history=TURNS)]


async def test_a_thread_that_was_read_already_is_not_read_again(bench: Bench):
    await bench.answer(IN_THREAD, earlier=EARLIER)
    assert bench.threads.reads == []
    assert asked(bench) == [Question(MESSAGE.text, history=TURNS)]


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
    await bench.answer(MESSAGE)
    assert seen == [answer()]
    assert bench.reply.context.as_of == LAST_SYNC


async def test_where_it_was_posted_is_recorded(bench: Bench):
    await bench.answer(MESSAGE)
    kept = bench.memory.answers.find_by_message(KEY)
    assert kept is not None
    assert kept.posted == ("3.0",)


async def test_an_answer_that_can_not_be_kept_is_shown_without_buttons(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    def keep(_: object) -> None:
        raise StateError("no database")

    monkeypatch.setattr(bench.memory.answers, "add", keep)
    await bench.answer(MESSAGE)
    assert bench.reply.lines[-1] == f"finish: {TEXT}"
    assert bench.reply.context.answer_id == ""
    assert bench.reply.context.as_of == LAST_SYNC


async def test_an_answer_that_is_kept_too_late_says_when_the_pages_were_last_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    await bench.answer()
    bench.reply = Notebook(posts=("4.0",))
    monkeypatch.setattr(answer_flow, "STORE_SECONDS", 0)
    assert await bench.answer() == "answered"
    assert bench.reply.context.answer_id == ""
    assert bench.reply.context.as_of == LAST_SYNC


async def test_nobody_sees_an_uncalled_answer_that_is_none(bench: Bench):
    bench.pipeline.script = [SearchStarted(), script()[-1]]
    bench.pipeline.script[-1] = replace(script()[-1], answer=answer(status="not_found"))
    await bench.answer(replace(MESSAGE, audience="channel"))
    assert bench.reply.lines == []
    assert bench.memory.answers.find_by_message(KEY) is None


async def test_an_uncalled_answer_comes_whole_and_is_kept(bench: Bench):
    await bench.answer(replace(MESSAGE, audience="channel"))
    assert bench.reply.lines == ["begin", f"finish: {TEXT}"]
    kept = bench.memory.answers.find_by_message(KEY)
    assert kept is not None
    assert kept.posted == ("3.0",)
    assert bench.reply.context.answer_id == kept.id


async def test_an_error_is_told_in_docents_words(bench: Bench):
    bench.pipeline.script = [SearchStarted(), StoreUnavailableError("no Milvus at tcp://10.0.0.7")]
    await bench.answer(MESSAGE)
    assert bench.reply.lines == ["begin", f"fail: {answers.ERRORS[StoreUnavailableError]}"]


async def test_settings_that_can_not_be_read_are_those_of_before(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    def read(*_: str) -> Scope:
        raise StateError("no database")

    bench.memory.scopes.set_scope("T0", "C0", SCOPE, user="U0")
    await bench.answer()
    monkeypatch.setattr(bench.memory.scopes, "read_scope", read)
    bench.pipeline.questions.clear()
    assert await bench.answer() == "answered"
    assert asked(bench) == [Question(MESSAGE.text, scope=SCOPE)]


async def test_an_unforeseen_error_is_an_apology_and_a_logged_traceback(
    bench: Bench, caplog: pytest.LogCaptureFixture
):
    bench.pipeline.script = [TextDelta("So"), ZeroDivisionError("secret")]
    await bench.answer(MESSAGE)
    assert bench.reply.lines[-1] == f"fail: {answers.UNEXPECTED}"
    assert "ZeroDivisionError" in caplog.text


async def test_an_answer_that_docent_fails_to_show_is_an_apology(bench: Bench):
    async def finish(_: Answer) -> None:
        raise KeyError("no such text")

    bench.reply.finish = finish
    assert await bench.answer() == "told"
    assert bench.reply.lines[-1] == f"fail: {answers.UNEXPECTED}"


async def test_a_stream_without_an_end_is_not_silence(bench: Bench):
    bench.pipeline.script = [SearchStarted()]
    await bench.answer(MESSAGE)
    assert bench.reply.lines[-1].startswith("fail: ")


async def test_a_busy_pipeline_is_entered_later(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(answer_flow, "BUSY_SECONDS", 0)
    scripts = [[BusyError(2)], [BusyError(2)], script()]
    stream = bench.pipeline.stream

    def play(question: Question) -> Iterator[AnswerEvent]:
        bench.pipeline.script = scripts.pop(0)
        return stream(question)

    monkeypatch.setattr(bench.pipeline, "stream", play)
    assert await bench.answer() == "answered"
    assert scripts == []


async def test_an_end_of_the_process_says_that_the_answer_goes_on(bench: Bench):
    task, gate = await bench.start_held()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.open()
    await wait(bench.pipeline.closed)
    assert bench.reply.lines[-1] == f"fail: {answers.PAUSED}"


async def test_nobody_goes_on_with_a_question_that_is_not_recorded(bench: Bench):
    task, gate = await bench.start_held()
    bench.question.is_recorded = False
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.open()
    assert bench.reply.lines[-1] == f"fail: {answers.RESTARTING}"


async def test_nothing_more_is_shown_once_another_process_has_taken_over(bench: Bench):
    task, gate = await bench.start_held()
    bench.question.is_lost = True
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.open()
    assert bench.reply.lines == ["begin", "So", "abandon"]


async def test_a_complete_answer_of_a_process_that_died_is_shown_as_it_was(bench: Bench):
    await bench.answer()
    bench.pipeline.questions.clear()
    assert await bench.answer_again() == "answered"
    assert bench.pipeline.questions == []
    assert bench.reply.lines == ["begin", f"finish: {TEXT}"]
    assert bench.reply.context.answer_id


async def test_an_answer_that_had_not_been_complete_is_written_again(bench: Bench):
    assert await bench.answer_again() == "answered"
    assert len(bench.pipeline.questions) == 1


@pytest.mark.parametrize(
    ("signal", "ending"), [("stop", "told"), ("delete", "given_up"), ("replace", "given_up")]
)
async def test_a_signal_closes_the_pipeline_and_ends_quietly(
    bench: Bench, signal: Signal, ending: str
):
    task, gate = await bench.start_held()
    bench.question.receive(signal)
    assert await task == ending
    gate.open()
    await wait(bench.pipeline.closed)
    assert bench.reply.lines == ["begin", "So", "leave"]
    assert bench.memory.answers.find_by_message(KEY) is None


async def test_a_signal_that_came_before_the_answer_ends_it(bench: Bench):
    question = open_question(MESSAGE)
    question.receive("stop")
    assert await bench.flow.answer(question, MESSAGE, bench.reply) == "told"
    assert bench.reply.lines == ["begin", "leave"]


async def test_stop_ends_an_answer_whose_thread_is_still_being_read(bench: Bench):
    bench.threads.held = asyncio.Event()
    task = bench.start(IN_THREAD)
    await bench.threads.reached.wait()
    bench.reply.stopped.set()
    await task
    assert bench.reply.lines == ["begin", "leave"]
    assert asked(bench) == []
