"""The Slack application: settings and ready parts become a running bot."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiohttp

from bot.background import Tasks
from bot.conversation.answer_flow import AnswerFlow
from bot.conversation.protocols import Pipeline
from bot.conversation.runner import WORKERS, PipelineRunner
from bot.index_service import IndexService
from bot.settings import BotSettings, names
from bot.slack import listeners
from bot.slack.actions.admin import Managing
from bot.slack.actions.answer_buttons import AnswerActions
from bot.slack.actions.ask import Asking
from bot.slack.actions.commands import Commands
from bot.slack.actions.escalation import People
from bot.slack.actions.interactions import Interactions
from bot.slack.actions.reindex import Reindex
from bot.slack.actions.scope import ScopeCommand
from bot.slack.actions.share import Sharing
from bot.slack.client import connection
from bot.slack.client.locale import Locales
from bot.slack.client.transport import build_transport
from bot.slack.client.user_list import Admins
from bot.slack.client.workspace import SlackClients
from bot.slack.home.home_tab import Home
from bot.slack.home.suggested_prompts import Prompts
from bot.slack.inbox.access import Access, Enterprise
from bot.slack.inbox.follow_ups import FollowUps
from bot.slack.inbox.messages import Listening
from bot.slack.inbox.responder import Responder
from bot.slack.inbox.thread_history import SlackThreads
from bot.slack.reply.surface import SlackSurface
from bot.slack.views import buttons
from bot.storage.database import Memory
from ingest.errors import StateError

CALL_SECONDS = 30.0
FORGET_SECONDS = 86_400.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the bot is given ready-made.

    Attributes:
        pipeline: answers questions.
        index: is synced, looked at and rolled back; blocks.
        memory: the tables of the state database.
        warm_up: loads the models; called on a thread, before Slack is connected.
        questions: at work at once, those included whose answer is being written.
    """

    pipeline: Pipeline
    index: IndexService
    memory: Memory
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
    connection.require_settings(settings)
    memory = parts.memory
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        app = connection.build_app(settings, session)
        me = await connection.identify(app.client)
        if settings.http_port is None:
            await connection.check_app_token(
                app.client, connection.secret(settings.slack_app_token)
            )
        await asyncio.to_thread(parts.warm_up)
        slack = SlackClients.of(app.client, connection.quick_client(settings, session))
        locales = Locales(slack, bot_user=me.bot_user, channels=names(settings.auto_channels))
        app.use(locales.middleware)
        work = _Work.on(slack, parts, pace)
        access = _access(settings, slack, me)
        below = _answer_actions(settings, slack, memory, access, me)
        admins = Admins(settings.admins, app.client)
        managing = Managing(
            parts.index, work.reindex, admins=admins, audit=memory.audit, slack=slack
        )
        responder, asking = _ways_to_ask(settings, work, memory, access, me=me, pace=pace)
        scope = ScopeCommand(memory.scopes, parts.index, admins, team=me.team)
        listeners.register(
            app,
            responder=responder,
            asking=asking,
            commands=Commands(
                work.tasks,
                {
                    "ask": asking.ask,
                    "why": below.tell_why,
                    "scope": scope.run,
                    **managing.words,
                },
            ),
            listening=_listening(settings, me),
            interactions=Interactions(
                work.tasks,
                clicks={
                    buttons.STOP: responder.stop_clicked,
                    buttons.SHARE: Sharing(slack, memory).clicked,
                    **below.clicks,
                    **managing.clicks,
                },
                forms=below.forms,
            ),
            home=Home(
                parts.index,
                memory.activity,
                fresh_at=memory.fresh_at,
                admins=admins,
                access=access,
                slack=slack,
                tasks=work.tasks,
            ),
            prompts=Prompts(parts.index, slack, work.tasks, access=access),
        )
        transport = build_transport(app, settings)
        forgetting = asyncio.create_task(_forget_daily(memory))
        try:
            await transport.open()
            yield
        finally:
            forgetting.cancel()
            await transport.close()
            await work.end(pace.grace_seconds)


@dataclass(frozen=True, slots=True)
class _Work:
    """What goes on behind the listeners, and has to end before the process does."""

    slack: SlackClients
    tasks: Tasks
    runner: PipelineRunner
    reindex: Reindex

    @classmethod
    def on(cls, slack: SlackClients, parts: Parts, pace: Pace) -> _Work:
        reindex = Reindex(parts.index, slack, edit_seconds=pace.edit_seconds)
        runner = PipelineRunner(parts.pipeline, workers=parts.questions)
        return cls(slack, Tasks(), runner, reindex)

    async def end(self, grace_seconds: float) -> None:
        """Stop a sync, let answers end, and apologise for those that don't."""
        self.reindex.close()
        await self.tasks.drain(grace_seconds)
        self.runner.close()


async def _forget_daily(memory: Memory) -> None:
    """What is too old to be kept goes while docent runs, too."""
    while True:
        await asyncio.sleep(FORGET_SECONDS)
        try:
            await asyncio.to_thread(memory.forget)
        except StateError:
            logger.warning("What is too old could not be forgotten.", exc_info=True)


def _access(settings: BotSettings, slack: SlackClients, me: connection.Identity) -> Access:
    people = Admins(settings.allowed_users, slack.client, variable="DOCENT_ALLOWED_USERS")
    return Access(settings, people, Enterprise(me.enterprise, slack.client))


def _answer_actions(
    settings: BotSettings,
    slack: SlackClients,
    memory: Memory,
    access: Access,
    me: connection.Identity,
) -> AnswerActions:
    people = People(slack, memory.answers, settings.help_channel.strip())
    return AnswerActions(slack, access, memory, people, team=me.team)


def _listening(settings: BotSettings, me: connection.Identity) -> Listening:
    return Listening(
        bot_user=me.bot_user,
        team=me.team,
        auto_channels=names(settings.auto_channels),
        emoji=settings.emoji.strip().strip(":"),
    )


def _ways_to_ask(  # noqa: PLR0913  (the parts, by name)
    settings: BotSettings,
    work: _Work,
    memory: Memory,
    access: Access,
    *,
    me: connection.Identity,
    pace: Pace,
) -> tuple[Responder, Asking]:
    threads = SlackThreads(work.slack.client, bot_user=me.bot_user)
    can_escalate = bool(settings.help_channel.strip())
    flow = AnswerFlow(work.runner, memory, threads)
    responder = Responder(
        flow,
        SlackSurface(work.slack, can_escalate=can_escalate, flush_seconds=pace.flush_seconds),
        memory,
        access=access,
        follow_ups=FollowUps(memory.answers, threads),
        tasks=work.tasks,
    )
    asking = Asking(
        work.slack,
        flow,
        responder,
        access=access,
        threads=threads,
        tasks=work.tasks,
        team=me.team,
        can_escalate=can_escalate,
    )
    return responder, asking
