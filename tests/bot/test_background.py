"""Background tasks are kept, waited for, and their failures logged."""

import asyncio
import gc

import pytest

from bot.background import BackgroundTasks


async def test_a_task_survives_the_garbage_collector():
    tasks, done, waiting = BackgroundTasks(), [], asyncio.Event()

    async def work() -> None:
        await waiting.wait()
        done.append(True)

    tasks.start(work())
    await asyncio.sleep(0)
    gc.collect()
    assert len(tasks) == 1
    waiting.set()
    await tasks.drain(10)
    assert done
    assert len(tasks) == 0


async def test_what_does_not_end_in_time_is_cancelled_and_heard():
    tasks, last_words = BackgroundTasks(), []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            last_words.append("sorry")
            raise

    tasks.start(work())
    await asyncio.sleep(0)
    await tasks.drain(0)
    assert last_words == ["sorry"]


async def test_failures_are_logged(caplog: pytest.LogCaptureFixture):
    tasks = BackgroundTasks()

    async def work() -> None:
        raise ZeroDivisionError

    tasks.start(work())
    await tasks.drain(10)
    assert "ZeroDivisionError" in caplog.text
