"""An open door for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.calls.bench import Bench, open_bench
from tests.bot.door.door import Door, open_door


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, slots=8) as opened:
        yield opened


@pytest.fixture
async def door(bench: Bench) -> AsyncIterator[Door]:
    async with open_door(bench) as opened:
        yield opened
