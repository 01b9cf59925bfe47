"""`docent serve`, or nothing at all, with a task that samples how late its event loop is.

    python -m benchmarks.load.probed_service SAMPLES.json [--idle]

With `--idle` the process does nothing else: its samples are the noise of the machine. It writes the
samples when it ends.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from bot import service

EVERY_SECONDS = 0.01
SERVE = "serve"
"""What the service runs on its event loop, a function of its module."""

Samples = list[tuple[float, float]]
"""Moments of `time.monotonic()`, which all processes share, and how late the loop was."""


@contextlib.asynccontextmanager
async def sample_lag() -> AsyncIterator[Samples]:
    """Sample the lag of the running loop during a block."""
    samples: Samples = []

    async def sample() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(EVERY_SECONDS)
            now = time.monotonic()
            samples.append((round(now, 4), round(now - began - EVERY_SECONDS, 5)))

    sampling = asyncio.create_task(sample())
    try:
        yield samples
    finally:
        sampling.cancel()


async def idle() -> Samples:
    """Do nothing until SIGTERM, and return the lag of a loop that does nothing."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with sample_lag() as samples:
        await stop.wait()
    return samples


def serve() -> Samples:
    """Run the service until SIGTERM, and return the lag of its loop."""
    collected: Samples = []
    serve_slack = getattr(service, SERVE)

    async def serve_probed(*args: Any, **more: Any) -> None:
        async with sample_lag() as samples:
            try:
                await serve_slack(*args, **more)
            finally:
                collected.extend(samples)

    setattr(service, SERVE, serve_probed)
    logging.basicConfig(level=logging.INFO)
    service.run()
    return collected


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--idle", action="store_true")
    chosen = parser.parse_args(arguments)
    samples = asyncio.run(idle()) if chosen.idle else serve()
    chosen.path.write_text(json.dumps(samples))


if __name__ == "__main__":
    main()
