"""Stop signals: run a service until SIGTERM or SIGINT, also while it still starts."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_STOPPED_EARLY = "docent was stopped before it was connected to Slack."

logger = logging.getLogger(__name__)


def handle_early_stop() -> None:
    """End cleanly by a SIGTERM that comes before `run_until_stopped`."""

    def end(*_: object) -> None:
        logger.info(_STOPPED_EARLY)
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)


async def run_until_stopped(
    service: AbstractAsyncContextManager[None], *, on_stop: Callable[[], None] = lambda: None
) -> None:
    """Keep a service open until a stop signal.

    A start that has not ended by then is given up.

    Args:
        service: entering it starts the service; leaving it may take its time.
        on_stop: called once, as soon as the signal comes.
    """
    stop, started = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    async def run() -> None:
        async with service:
            started.set()
            logger.info("docent takes questions.")
            await stop.wait()
            logger.info("Stopping: answers in progress may finish, and the others are handed back.")

    def end() -> None:
        if not stop.is_set():
            stop.set()
            on_stop()
            if not started.is_set():
                running.cancel()

    running = asyncio.create_task(run())
    stop_handling = _handle_signals(loop, end)
    try:
        await running
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
        logger.info(_STOPPED_EARLY)
    finally:
        stop_handling()


def _handle_signals(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> Callable[[], None]:
    """Call back at each stop signal; return a function that ends that."""
    try:
        for name in STOP_SIGNALS:
            loop.add_signal_handler(name, end)
    except NotImplementedError:  # the loop of Windows has no handlers of its own
        before = {
            name: signal.signal(name, lambda *_: loop.call_soon_threadsafe(end))
            for name in STOP_SIGNALS
        }
        return lambda: _restore_signals(before)
    return lambda: _remove_handlers(loop)


def _restore_signals(before: Mapping[signal.Signals, Any]) -> None:
    for name, handler in before.items():
        signal.signal(name, handler)


def _remove_handlers(loop: asyncio.AbstractEventLoop) -> None:
    for name in STOP_SIGNALS:
        loop.remove_signal_handler(name)
