"""Questions of programs wait in the line, are answered once, and are stored."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.calls.desk import build_answered, build_message
from bot.calls.requests import Answered, Ask, Caller, Progress
from bot.errors import CallError, CallRefusedError, CallRepeatedError
from bot.storage.answers import AnswerRecord
from bot.storage.line_limits import Limits
from rag_core.errors import EmptyQuestionError, LLMUnavailableError
from rag_core.types import Scope, SearchStarted, TextDelta, Turn
from tests.bot.calls.bench import WAIT, Bench, open_bench
from tests.bot.fakes import LAST_SYNC, TEXT, Gate, answer, script

ASK = Ask("Where does data live?", surface="http")


async def test_an_answer_comes_event_by_event(bench: Bench):
    events = await bench.ask(ASK)
    assert events[:2] == [SearchStarted(), Progress("Ranking 30 passages")]
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == TEXT
    last = events[-1]
    assert isinstance(last, Answered)
    assert (last.answer.text, last.as_of) == (TEXT, LAST_SYNC)


async def test_it_is_stored_with_its_surface_and_ends_in_the_inbox(bench: Bench):
    last = (await bench.ask(replace(ASK, caller=Caller("ci"))))[-1]
    assert isinstance(last, Answered)
    record = bench.database.answers.find(last.id)
    assert record is not None
    assert (record.surface, record.user, record.question) == ("http", "ci", ASK.question)
    await bench.wait_statuses("answered")


async def test_its_scope_is_the_callers(bench: Bench):
    scope = Scope(("docs",), "guide", "2.0", "en")
    await bench.ask(replace(ASK, scope=scope))
    assert bench.pipeline.questions[0].scope == scope


async def test_a_thread_has_what_was_asked_before_by_the_same_caller(bench: Bench):
    await bench.ask(replace(ASK, thread="t1"))
    await bench.ask(replace(ASK, question="And logs?", thread="t1"))
    await bench.ask(replace(ASK, question="And logs?", thread="t1", caller=Caller("other")))
    await bench.ask(replace(ASK, question="And logs?"))
    _, second, third, fourth = bench.pipeline.questions
    assert second.history == (Turn("user", ASK.question), Turn("assistant", TEXT))
    assert third.history == fourth.history == ()


async def test_what_is_no_question_is_refused_before_the_line(bench: Bench):
    with pytest.raises(EmptyQuestionError):
        await bench.ask(replace(ASK, question=" "))
    assert bench.rows() == {}


async def test_a_failure_is_said_in_a_sentence(bench: Bench):
    bench.pipeline.script = [LLMUnavailableError("no answer")]
    with pytest.raises(CallError, match="language model"):
        await bench.ask(ASK)
    await bench.wait_statuses("told")


async def test_an_unforeseen_failure_is_said_too(bench: Bench):
    bench.pipeline.script = [ZeroDivisionError()]
    with pytest.raises(CallError, match="something went wrong"):
        await bench.ask(ASK)


async def test_who_asks_too_much_at_once_is_refused(tmp_path: Path):
    gate = Gate()
    async with open_bench(tmp_path, limits=Limits(open_per_person=1)) as bench:
        bench.pipeline.script = [gate, *script()]
        first = asyncio.create_task(bench.ask(ASK))
        await asyncio.to_thread(gate.reached.wait, WAIT)
        with pytest.raises(CallRefusedError):
            await bench.ask(replace(ASK, question="Another?"))
        bench.pipeline.script = script()
        await bench.ask(replace(ASK, caller=Caller("another")))
        gate.open()
        assert isinstance((await first)[-1], Answered)


class TestLine:
    async def test_a_program_is_told_its_place(self, tmp_path: Path):
        gate = Gate()
        async with open_bench(tmp_path, slots=1) as bench:
            bench.pipeline.script = [gate, *script()]
            first = asyncio.create_task(bench.ask(ASK))
            await asyncio.to_thread(gate.reached.wait, WAIT)
            events = bench.desk.ask(replace(ASK, question="Second?"))
            async with asyncio.timeout(WAIT):
                said = await anext(events)
            assert isinstance(said, Progress)
            assert "1" in said.says
            gate.open()
            await first
            async with asyncio.timeout(WAIT):
                rest = [event async for event in events]
            assert isinstance(rest[-1], Answered)

    async def test_a_program_that_hangs_up_ends_its_answer(self, bench: Bench):
        gate = Gate()
        bench.pipeline.script = [TextDelta("So"), gate, *script()]
        events = bench.desk.ask(ASK)
        async for event in events:
            if isinstance(event, TextDelta):
                break
        await asyncio.to_thread(gate.reached.wait, WAIT)
        await events.aclose()
        await bench.wait_statuses("given_up")
        gate.open()
        assert await asyncio.to_thread(bench.pipeline.closed.wait, WAIT)

    async def test_a_program_that_hangs_up_leaves_the_line(self, tmp_path: Path):
        gate = Gate()
        async with open_bench(tmp_path, slots=1) as bench:
            bench.pipeline.script = [gate, *script()]
            first = asyncio.create_task(bench.ask(ASK))
            await asyncio.to_thread(gate.reached.wait, WAIT)
            events = bench.desk.ask(replace(ASK, question="Second?"))
            await anext(events)
            await events.aclose()
            await bench.wait_statuses("answering", "given_up")
            gate.open()
            await first
        assert len(bench.pipeline.questions) == 1

    async def test_a_question_whose_asker_is_gone_ends(self, bench: Bench):
        await bench.dispatcher.offer(build_message(ASK))
        await bench.wait_statuses("given_up")
        assert bench.pipeline.questions == []

    async def test_one_that_waits_at_another_process_is_left_to_it(self, bench: Bench):
        other = type(bench.database.inbox)(bench.engine, process="other")
        assert other.add("f" * 32, build_message(ASK))
        await bench.answer(replace(ASK, question="Mine?"))
        await bench.wait_statuses("answered", "waiting")
        taken = other.take(surfaces=("http",))
        assert taken is not None
        assert taken.id == "f" * 32

    async def test_an_end_of_docent_tells_those_who_wait_at_once(self, tmp_path: Path):
        gate = Gate()
        async with open_bench(tmp_path, slots=1) as bench:
            bench.pipeline.script = [gate, *script()]
            first = asyncio.create_task(bench.ask(ASK))
            await asyncio.to_thread(gate.reached.wait, WAIT)
            second = asyncio.create_task(bench.ask(replace(ASK, question="Second?")))
            await bench.wait_statuses("answering", "waiting")
            bench.desk.close()
            with pytest.raises(CallError, match="restarting"):
                await second
            with pytest.raises(CallError, match="restarting"):
                await bench.ask(replace(ASK, question="Third?"))
            gate.open()
            assert isinstance((await first)[-1], Answered)

    async def test_an_end_of_docent_says_to_ask_again(self, tmp_path: Path):
        gate = Gate()
        async with open_bench(tmp_path) as bench:
            bench.pipeline.script = [gate, *script()]
            asking = asyncio.create_task(bench.ask(ASK))
            await asyncio.to_thread(gate.reached.wait, WAIT)
        with pytest.raises(CallError, match="restarting"):
            await asking
        gate.open()


class TestKey:
    KEYED = replace(ASK, key="k1")

    async def test_a_repeated_question_gets_the_same_answer(self, bench: Bench):
        first = (await bench.ask(self.KEYED))[-1]
        again = await bench.ask(self.KEYED)
        assert again == [first]
        assert len(bench.pipeline.questions) == 1

    async def test_two_at_the_same_time_share_one_answer(self, bench: Bench):
        gate = Gate()
        bench.pipeline.script = [gate, *script()]
        first = asyncio.create_task(bench.ask(self.KEYED))
        await asyncio.to_thread(gate.reached.wait, WAIT)
        second = asyncio.create_task(bench.ask(self.KEYED))
        await bench.wait_readers(2)
        gate.open()
        assert (await first)[-1] == (await second)[-1]
        assert len(bench.pipeline.questions) == 1

    async def test_the_first_may_hang_up(self, bench: Bench):
        gate = Gate()
        bench.pipeline.script = [gate, *script()]
        first = asyncio.create_task(bench.ask(self.KEYED))
        await asyncio.to_thread(gate.reached.wait, WAIT)
        second = asyncio.create_task(bench.ask(self.KEYED))
        await bench.wait_readers(2)
        first.cancel()
        gate.open()
        assert isinstance((await second)[-1], Answered)

    async def test_another_question_with_the_key_is_refused(self, bench: Bench):
        await bench.ask(self.KEYED)
        with pytest.raises(CallRepeatedError, match="another key"):
            await bench.ask(replace(self.KEYED, question="Other?"))

    async def test_another_caller_has_keys_of_its_own(self, bench: Bench):
        await bench.ask(self.KEYED)
        await bench.ask(replace(self.KEYED, caller=Caller("other")))
        assert len(bench.pipeline.questions) == 2

    async def test_one_that_got_no_answer_is_asked_anew(self, bench: Bench):
        bench.pipeline.script = [LLMUnavailableError("no answer")]
        with pytest.raises(CallError):
            await bench.ask(self.KEYED)
        bench.pipeline.script = script()
        await bench.wait_statuses()
        assert isinstance((await bench.ask(self.KEYED))[-1], Answered)

    @pytest.mark.parametrize("slots", [1, 2])
    async def test_one_whose_asker_hung_up_is_asked_anew(self, tmp_path: Path, slots: int):
        gate = Gate()
        async with open_bench(tmp_path, slots=slots) as bench:
            bench.pipeline.script = [gate, *script()]
            other = asyncio.create_task(bench.ask(ASK))  # with one slot, the next one waits
            await asyncio.to_thread(gate.reached.wait, WAIT)
            keyed = asyncio.create_task(bench.ask(self.KEYED))
            await bench.wait_statuses("answering", "answering" if slots > 1 else "waiting")
            keyed.cancel()
            await bench.wait_statuses("answering")
            bench.pipeline.script = script()
            gate.open()
            await other
            assert isinstance((await bench.ask(self.KEYED))[-1], Answered)

    @pytest.mark.parametrize("changes", [{"scope": Scope(("docs",))}, {"thread": "t2"}])
    async def test_another_scope_or_thread_is_another_question(
        self, bench: Bench, changes: dict[str, object]
    ):
        await bench.ask(self.KEYED)
        with pytest.raises(CallRepeatedError):
            await bench.ask(replace(self.KEYED, **changes))

    async def test_one_that_a_dead_process_had_is_answered_once(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ):
        gone = "gone"
        dead = type(bench.database.inbox)(bench.engine, process=gone)
        assert dead.add("f" * 32, build_message(self.KEYED))
        assert dead.take(surfaces=("http",)) is not None
        asking = asyncio.create_task(bench.ask(self.KEYED))
        await bench.wait_readers(1)
        monkeypatch.setattr("bot.storage.inbox_entry.is_process_gone", lambda owner: owner == gone)
        assert isinstance((await asking)[-1], Answered)
        assert len(bench.pipeline.questions) == 1

    async def test_one_that_another_process_answers_is_waited_for(self, bench: Bench):
        other = type(bench.database.inbox)(bench.engine, process="other")
        message = build_message(self.KEYED)
        assert other.add("f" * 32, message)
        assert other.take(surfaces=("http",)) is not None
        asking = asyncio.create_task(bench.ask(self.KEYED))
        await bench.wait_readers(1)
        record = AnswerRecord(
            "f" * 32,
            message.key,
            message.thread_ts,
            "local",
            question=message.text,
            answer=answer(),
            surface="http",
        )
        bench.database.answers.add(record)
        assert (await asking)[-1].id == "f" * 32
        assert bench.pipeline.questions == []

    async def test_without_stored_texts_a_repeated_question_is_refused(self, tmp_path: Path):
        async with open_bench(tmp_path, keep_days=0) as bench:
            await bench.ask(self.KEYED)
            with pytest.raises(CallRepeatedError):
                await bench.ask(self.KEYED)


def test_an_answer_without_its_text_can_not_be_given_again():
    message = build_message(ASK)
    record = AnswerRecord("1", message.key, message.thread_ts, "local")
    with pytest.raises(ValueError, match="not stored"):
        build_answered(record)
