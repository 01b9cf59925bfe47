"""The app connected to the tests' local Slack, with a pipeline of the benchmark's own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bot.app import run_app
from bot.app_parts import AppParts, Intervals
from bot.conversation.protocols import AnswerPipeline
from bot.settings import BotSettings
from bot.storage.database import BotDatabase
from ingest.state.database import open_state
from tests.servers.slack.server import SlackServer


@contextlib.asynccontextmanager
async def run_slack_app(pipeline: AnswerPipeline, folder: Path) -> AsyncIterator[SlackServer]:
    """Run the app during a block, with its database in a folder; give the Slack it talks to."""
    engine = open_state(f"sqlite:///{folder / 'bot.sqlite'}")
    database = BotDatabase.open(engine, keep_days=90, read_last_success_time=lambda *_: None)
    parts: Any = AppParts(pipeline, index=None, database=database, warm_up=lambda: None)
    async with SlackServer() as slack:
        settings = BotSettings(
            catch_up_minutes=0,  # nothing was missed, and reading costs time of its own
            _env_file=None,
            slack_bot_token=slack.bot_token,
            slack_app_token=slack.app_token,
            slack_api_url=slack.base_url,
        )
        async with run_app(settings, parts, intervals=Intervals()):
            await slack.wait_connected()
            yield slack
    engine.dispose()
