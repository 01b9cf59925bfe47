"""The Slack application: settings and ready parts become a running bot."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
from sqlalchemy import Engine

from bot import connect, listeners
from bot.admins import Admins
from bot.claims import Claims
from bot.commands import Commands, ReadStatus
from bot.conversation import WORKERS, Answering, Conversation
from bot.history import Threads
from bot.place import Slack
from bot.reindex import Reindex, Sync
from bot.reply import SlackSurface
from bot.responder import Responder
from bot.settings import BotSettings
from bot.tasks import Tasks
from bot.transport import build_transport

CALL_SECONDS = 30.0
CLAIMS_KEPT = timedelta(days=30)
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the bot is given ready-made.

    Attributes:
        pipeline: answers questions.
        sync: syncs all sources now; blocks.
        read_status: tells the state of the index; blocks.
        engine: the state database.
        warm_up: loads the models; called on a thread, before Slack is connected.
        questions: at work at once, those included whose answer is being written.
    """

    pipeline: Answering
    sync: Sync
    read_status: ReadStatus
    engine: Engine
    warm_up: Callable[[], None]
    questions: int = WORKERS


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two flushes of an answer, two edits of a progress message, and for ending."""

    flush_seconds: float = 1.0
    edit_seconds: float = 3.0
    grace_seconds: float = 20.0


async def serve(settings: BotSettings, parts: Parts, *, pace: Pace | None = None) -> None:
    """Run the bot until SIGTERM or SIGINT; answers under way may end.

    Raises:
        SettingsError: a token or secret is missing.
        SlackUnavailableError: Slack refused a token or can't be reached.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in STOP_SIGNALS:
        loop.add_signal_handler(name, stop.set)
    try:
        async with running(settings, parts, pace=pace or Pace()):
            logger.info("docent is connected to Slack.")
            await stop.wait()
            logger.info("Stopping; answers under way may end.")
    finally:
        for name in STOP_SIGNALS:
            loop.remove_signal_handler(name)


@contextlib.asynccontextmanager
async def running(settings: BotSettings, parts: Parts, *, pace: Pace) -> AsyncIterator[None]:
    """The bot, connected to Slack for the time of the block. Raises as `serve`."""
    connect.require_settings(settings)
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        app = connect.build_app(settings, session)
        me = await connect.identify(app.client)
        if settings.http_port is None:
            await connect.check_app_token(app.client, connect.secret(settings.slack_app_token))
        claims = await asyncio.to_thread(_claims, parts.engine)
        await asyncio.to_thread(parts.warm_up)
        slack = Slack.of(app.client, connect.quick_client(settings, session))
        work = _Work.on(slack, parts, pace)
        threads = Threads(app.client, bot_user=me.bot_user)
        surface = SlackSurface(slack, threads, flush_seconds=pace.flush_seconds)
        admins = Admins(settings.admins, app.client)
        listeners.register(
            app,
            responder=Responder(work.conversation, claims, surface, work.tasks),
            commands=Commands(admins, work.reindex, parts.read_status, work.tasks),
            bot_user=me.bot_user,
            team=me.team,
        )
        transport = build_transport(app, settings)
        try:
            await transport.open()
            yield
        finally:
            await transport.close()
            await work.end(pace.grace_seconds)


@dataclass(frozen=True, slots=True)
class _Work:
    """What goes on behind the listeners, and has to end before the process does."""

    tasks: Tasks
    conversation: Conversation
    reindex: Reindex

    @classmethod
    def on(cls, slack: Slack, parts: Parts, pace: Pace) -> _Work:
        reindex = Reindex(parts.sync, slack, edit_seconds=pace.edit_seconds)
        return cls(Tasks(), Conversation(parts.pipeline, workers=parts.questions), reindex)

    async def end(self, grace_seconds: float) -> None:
        """Stop a sync, let answers end, and apologise for those that don't."""
        self.reindex.close()
        await self.tasks.drain(grace_seconds)
        self.conversation.close()


def _claims(engine: Engine) -> Claims:
    claims = Claims(engine)
    claims.purge(older_than=CLAIMS_KEPT)
    return claims
