"""A check that hangs costs nobody more than its limit."""

from __future__ import annotations

import asyncio
import threading

import pytest

from bot.health.probe import Probe
from rag_core.errors import StoreUnavailableError


async def test_a_check_that_passes_has_no_problem():
    assert await Probe(lambda: "a value is no problem").find_problem() == ""


async def test_an_errors_sentence_is_the_problem():
    def check() -> None:
        raise StoreUnavailableError("No Milvus answers at milvus:19530.")

    assert await Probe(check).find_problem() == "No Milvus answers at milvus:19530."


async def test_an_unexpected_error_is_a_problem_and_keeps_its_words_in_the_log(
    caplog: pytest.LogCaptureFixture,
):
    def check() -> None:
        raise ZeroDivisionError("secret")

    assert "ZeroDivisionError" in (problem := await Probe(check).find_problem())
    assert "secret" not in problem
    assert "secret" in caplog.text


async def test_a_result_is_kept_for_a_while():
    now, checks = [0.0], []
    probe = Probe(lambda: checks.append(1), keep_seconds=5, clock=lambda: now[0])
    for now[0] in (0, 4.9, 5.0, 9.9):
        await probe.find_problem()
    assert len(checks) == 2


async def test_a_check_that_hangs_is_waited_for_once():
    started: list[str] = []
    released = threading.Event()

    def check() -> None:
        started.append(threading.current_thread().name)
        assert threading.current_thread().daemon
        assert released.wait(10)

    probe = Probe(check, limit_seconds=0.01, keep_seconds=0)
    assert await probe.find_problem() == "There was no answer within 0.01 s."
    assert await probe.find_problem() == "There was no answer within 0.01 s."
    assert len(started) == 1
    running = probe._running
    assert running is not None
    released.set()
    assert await running == ""


async def test_callers_at_the_same_time_share_a_check():
    checks: list[int] = []
    probe = Probe(lambda: checks.append(1))
    assert await asyncio.gather(*(probe.find_problem() for _ in range(5))) == [""] * 5
    assert len(checks) == 1


async def test_a_caller_that_gives_up_leaves_the_check_to_the_others():
    released = threading.Event()

    def check() -> None:
        assert released.wait(10)

    probe = Probe(check, limit_seconds=10)
    first, second = (asyncio.create_task(probe.find_problem()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    released.set()
    assert await second == ""
