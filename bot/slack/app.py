"""The Slack application: settings and ready parts become a running bot."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiohttp

from bot.background import BackgroundTasks
from bot.conversation.answer_flow import AnswerFlow
from bot.conversation.protocols import Pipeline
from bot.conversation.runner import WORKERS, PipelineRunner
from bot.index_service import IndexService
from bot.settings import BotSettings, parse_ids
from bot.slack import listeners
from bot.slack.actions.admin import AdminCommands
from bot.slack.actions.answer_buttons import AnswerActions
from bot.slack.actions.ask import AskActions
from bot.slack.actions.commands import Commands
from bot.slack.actions.escalation import Escalation
from bot.slack.actions.interactions import Interactions
from bot.slack.actions.reindex import ReindexRunner
from bot.slack.actions.scope import ScopeCommand
from bot.slack.actions.share import ShareAction
from bot.slack.client import connection
from bot.slack.client.locale import UserLocales
from bot.slack.client.transport import build_transport
from bot.slack.client.user_list import UserList
from bot.slack.client.workspace import SlackClients
from bot.slack.home.home_tab import HomeTab
from bot.slack.home.suggested_prompts import SuggestedPrompts
from bot.slack.inbox.access import AccessPolicy, Enterprise
from bot.slack.inbox.follow_ups import FollowUps
from bot.slack.inbox.messages import ListenerConfig
from bot.slack.inbox.responder import Responder
from bot.slack.inbox.thread_history import SlackThreadHistory
from bot.slack.reply.surface import SlackSurface
from bot.slack.views import buttons
from bot.storage.database import BotDatabase
from ingest.errors import StateError

CALL_SECONDS = 30.0
PURGE_SECONDS = 86_400.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AppParts:
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
    memory: BotDatabase
    warm_up: Callable[[], None]
    max_questions: int = WORKERS


@dataclass(frozen=True, slots=True)
class Intervals:
    """Seconds between two flushes of an answer, two edits of a progress message, and for ending."""

    flush_seconds: float = 1.0
    edit_seconds: float = 3.0
    grace_seconds: float = 20.0


async def serve(settings: BotSettings, parts: AppParts, *, pace: Intervals | None = None) -> None:
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
        async with run_app(settings, parts, pace=pace or Intervals()):
            logger.info("docent is connected to Slack.")
            await stop.wait()
            logger.info("Stopping; answers under way may end.")
    finally:
        for name in STOP_SIGNALS:
            loop.remove_signal_handler(name)


@contextlib.asynccontextmanager
async def run_app(
    settings: BotSettings, parts: AppParts, *, pace: Intervals
) -> AsyncIterator[None]:
    """The bot, connected to Slack for the time of the block. Raises as `serve`."""
    connection.require_settings(settings)
    memory = parts.memory
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        app = connection.build_app(settings, session)
        me = await connection.identify(app.client)
        if settings.http_port is None:
            await connection.check_app_token(
                app.client, connection.reveal_secret(settings.slack_app_token)
            )
        await asyncio.to_thread(parts.warm_up)
        slack = SlackClients.of(app.client, connection.build_quick_client(settings, session))
        locales = UserLocales(
            slack, bot_user=me.bot_user, channels=parse_ids(settings.auto_channels)
        )
        app.use(locales.set_language)
        work = _BackgroundWork.build(slack, parts, pace)
        access = _build_access_policy(settings, slack, me)
        below = _build_answer_actions(settings, slack, memory, access, me)
        admins = UserList(settings.admins, app.client)
        managing = AdminCommands(
            parts.index, work.reindex, admins=admins, audit=memory.audit, slack=slack
        )
        responder, asking = _build_question_handlers(
            settings, work, memory, access, me=me, pace=pace
        )
        scope = ScopeCommand(memory.scopes, parts.index, admins, team=me.team)
        listeners.register(
            app,
            responder=responder,
            asking=asking,
            commands=Commands(
                work.tasks,
                {
                    "ask": asking.answer_command,
                    "why": below.explain_last_answer,
                    "scope": scope.run,
                    **managing.actions,
                },
            ),
            listening=_build_listener_config(settings, me),
            interactions=Interactions(
                work.tasks,
                click_handlers={
                    buttons.STOP: responder.on_stop_click,
                    buttons.SHARE: ShareAction(slack, memory).on_click,
                    **below.click_handlers,
                    **managing.click_handlers,
                },
                form_handlers=below.form_handlers,
            ),
            home=HomeTab(
                parts.index,
                memory.activity,
                fresh_at=memory.read_last_success_time,
                admins=admins,
                access=access,
                slack=slack,
                tasks=work.tasks,
            ),
            prompts=SuggestedPrompts(parts.index, slack, work.tasks, access=access),
        )
        transport = build_transport(app, settings)
        forgetting = asyncio.create_task(_purge_daily(memory))
        try:
            await transport.open()
            yield
        finally:
            forgetting.cancel()
            await transport.close()
            await work.end(pace.grace_seconds)


@dataclass(frozen=True, slots=True)
class _BackgroundWork:
    """What goes on behind the listeners, and has to end before the process does."""

    slack: SlackClients
    tasks: BackgroundTasks
    runner: PipelineRunner
    reindex: ReindexRunner

    @classmethod
    def build(cls, slack: SlackClients, parts: AppParts, pace: Intervals) -> _BackgroundWork:
        reindex = ReindexRunner(parts.index, slack, edit_seconds=pace.edit_seconds)
        runner = PipelineRunner(parts.pipeline, workers=parts.max_questions)
        return cls(slack, BackgroundTasks(), runner, reindex)

    async def end(self, grace_seconds: float) -> None:
        """Stop a sync, let answers end, and apologise for those that don't."""
        self.reindex.close()
        await self.tasks.drain(grace_seconds)
        self.runner.close()


async def _purge_daily(memory: BotDatabase) -> None:
    """What is too old to be kept goes while docent runs, too."""
    while True:
        await asyncio.sleep(PURGE_SECONDS)
        try:
            await asyncio.to_thread(memory.purge)
        except StateError:
            logger.warning("What is too old could not be forgotten.", exc_info=True)


def _build_access_policy(
    settings: BotSettings, slack: SlackClients, me: connection.Identity
) -> AccessPolicy:
    people = UserList(settings.allowed_users, slack.client, variable="DOCENT_ALLOWED_USERS")
    return AccessPolicy(settings, people, Enterprise(me.enterprise, slack.client))


def _build_answer_actions(
    settings: BotSettings,
    slack: SlackClients,
    memory: BotDatabase,
    access: AccessPolicy,
    me: connection.Identity,
) -> AnswerActions:
    people = Escalation(slack, memory.answers, settings.help_channel.strip())
    return AnswerActions(slack, access, memory, people, team=me.team)


def _build_listener_config(settings: BotSettings, me: connection.Identity) -> ListenerConfig:
    return ListenerConfig(
        bot_user=me.bot_user,
        team=me.team,
        auto_channels=parse_ids(settings.auto_channels),
        emoji=settings.emoji.strip().strip(":"),
    )


def _build_question_handlers(  # noqa: PLR0913  (the parts, by name)
    settings: BotSettings,
    work: _BackgroundWork,
    memory: BotDatabase,
    access: AccessPolicy,
    *,
    me: connection.Identity,
    pace: Intervals,
) -> tuple[Responder, AskActions]:
    threads = SlackThreadHistory(work.slack.client, bot_user=me.bot_user)
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
    asking = AskActions(
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
