"""Stop signals: a service ends in order, and a start that is under way is given up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator

import pytest

from bot.stop_signals import STOP_SIGNALS, handle_early_stop, run_until_stopped


class Service:
    """A service that starts when it is let, and notes what happens."""

    def __init__(self) -> None:
        self.starting, self.may_start = asyncio.Event(), asyncio.Event()
        self.started = asyncio.Event()
        self.events: list[str] = []

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        self.starting.set()
        try:
            await self.may_start.wait()
            self.started.set()
            yield
            self.events.append("left")
        finally:
            self.events.append("closed")

    def on_stop(self) -> None:
        self.events.append("stop")


@pytest.mark.parametrize("name", STOP_SIGNALS)
async def test_a_start_is_given_up(name: signal.Signals, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    service = Service()
    running = asyncio.create_task(run_until_stopped(service.run(), on_stop=service.on_stop))
    await service.starting.wait()
    os.kill(os.getpid(), name)
    await asyncio.wait_for(running, 10)
    assert service.events == ["stop", "closed"]
    assert [each.getMessage() for each in caplog.records] == [
        "docent was stopped before it was connected to Slack."
    ]


async def test_a_service_that_runs_is_left_once_however_many_signals_come():
    service = Service()
    service.may_start.set()
    running = asyncio.create_task(run_until_stopped(service.run(), on_stop=service.on_stop))
    await service.started.wait()
    for name in STOP_SIGNALS:
        os.kill(os.getpid(), name)
    await asyncio.wait_for(running, 10)
    assert service.events == ["stop", "left", "closed"]


async def test_a_start_that_fails_says_so():
    @contextlib.asynccontextmanager
    async def fail() -> AsyncIterator[None]:
        raise ValueError("no token")
        yield

    with pytest.raises(ValueError, match="no token"):
        await run_until_stopped(fail())


async def test_who_cancels_it_sees_that():
    service = Service()
    running = asyncio.create_task(run_until_stopped(service.run()))
    await service.starting.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert service.events == ["closed"]


def test_a_signal_before_the_start_is_a_clean_end():
    before = signal.getsignal(signal.SIGTERM)
    try:
        handle_early_stop()
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.value.code == 0


@pytest.mark.parametrize("name", STOP_SIGNALS)
async def test_a_loop_without_signal_handlers_stops_too(monkeypatch, name: signal.Signals):
    def refuse(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.get_running_loop(), "add_signal_handler", refuse)
    before = [signal.getsignal(each) for each in STOP_SIGNALS]
    service = Service()
    service.may_start.set()
    running = asyncio.create_task(run_until_stopped(service.run(), on_stop=service.on_stop))
    await service.started.wait()
    signal.raise_signal(name)
    await asyncio.wait_for(running, 10)
    assert service.events == ["stop", "left", "closed"]
    assert [signal.getsignal(each) for each in STOP_SIGNALS] == before
