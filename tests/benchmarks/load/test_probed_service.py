from __future__ import annotations

import asyncio
import time

from benchmarks.load.probed_service import EVERY_SECONDS, sample_lag

BLOCKED = 0.2


async def test_a_loop_that_is_blocked_is_late():
    async with sample_lag() as samples:
        await asyncio.sleep(0)  # the task starts to wait
        time.sleep(BLOCKED)  # noqa: ASYNC251  (that is what is measured)
        while not samples:  # noqa: ASYNC110  (the list has no event)
            await asyncio.sleep(0)
    at, lag = samples[0]
    assert lag >= BLOCKED - EVERY_SECONDS - 0.001
    assert at <= time.monotonic()
