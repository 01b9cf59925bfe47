"""The Slack application: builds the running bot from its settings and ready parts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import aiohttp
from slack_bolt.async_app import AsyncApp

from bot.background import BackgroundTasks
from bot.conversation.answer_flow import AnswerFlow
from bot.conversation.dispatcher import Dispatcher
from bot.conversation.lease_keeper import Pace
from bot.conversation.protocols import AnswerPipeline
from bot.conversation.question_builder import QuestionBuilder
from bot.conversation.runner import WORKERS, PipelineRunner
from bot.health.readiness import Readiness
from bot.health.telemetry import Telemetry
from bot.index_service import IndexService
from bot.settings import BotSettings, parse_ids
from bot.slack import listeners
from bot.slack.actions.admin import AdminCommands
from bot.slack.actions.admin_gate import AdminGate
from bot.slack.actions.answer_buttons import AnswerActions
from bot.slack.actions.commands import Commands
from bot.slack.actions.deliveries import Deliveries
from bot.slack.actions.escalation import Escalation
from bot.slack.actions.gate import Gate
from bot.slack.actions.instructions import InstructionsCommand
from bot.slack.actions.interactions import Interactions
from bot.slack.actions.reindex import ReindexRunner
from bot.slack.actions.scope import ScopeCommand
from bot.slack.actions.share import ShareAction
from bot.slack.actions.visible_answers import VisibleAnswers
from bot.slack.client import connection
from bot.slack.client.call_trace import build_call_trace
from bot.slack.client.file_download import FileDownloads
from bot.slack.client.locale import UserLocales
from bot.slack.client.names import Names
from bot.slack.client.people import People
from bot.slack.client.required_secrets import require_settings, reveal_secret
from bot.slack.client.transport import build_transport
from bot.slack.client.user_list import UserList
from bot.slack.client.workspace import SlackClients
from bot.slack.home.home_tab import HomeTab
from bot.slack.home.suggested_prompts import SuggestedPrompts
from bot.slack.inbox.access import AccessPolicy, Workspace
from bot.slack.inbox.acknowledgement import Acknowledgement
from bot.slack.inbox.catch_up import CatchUp
from bot.slack.inbox.conversation_reader import ConversationReader
from bot.slack.inbox.file_reader import SlackFileReader
from bot.slack.inbox.follow_ups import FollowUps
from bot.slack.inbox.message_reader import MessageReader
from bot.slack.inbox.messages import ListenerConfig
from bot.slack.inbox.orphans import Orphans
from bot.slack.inbox.readable_messages import ReadableMessages
from bot.slack.inbox.recorder import QuestionRecorder
from bot.slack.inbox.responder import Responder
from bot.slack.inbox.thread_history import SlackThreadHistory
from bot.slack.reply.surface import SlackSurface
from bot.slack.reply.thread_status import finish_clearing
from bot.slack.views import buttons
from bot.stop_signals import run_until_stopped
from bot.storage.database import BotDatabase
from bot.storage.problems import Problem

CALL_SECONDS = 30.0
CLEANUP_SECONDS = 1.0
"""Time for clicks and commands to end once the answers have ended, and again to clean up."""


@dataclass(frozen=True, slots=True)
class AppParts:
    """The parts of the bot that do not depend on Slack.

    Attributes:
        pipeline: answers questions.
        index: syncs the index, reports on it and rolls it back; its methods block.
        database: the bot's tables.
        warm_up: loads the models; called on a thread before docent connects to Slack.
        max_questions: most questions in the pipeline at once; further ones wait in the inbox.
        instructions: what the team tells the LLM.
        reads_images: True if the LLM takes pictures.
        telemetry: counts questions and calls of Slack.
        readiness: is told of the connection to Slack.
        list_problems: returns what does not work at the moment, for admins; blocks.
    """

    pipeline: AnswerPipeline
    index: IndexService
    database: BotDatabase
    warm_up: Callable[[], None]
    max_questions: int = WORKERS
    instructions: str = ""
    reads_images: bool = False
    telemetry: Telemetry = field(default_factory=Telemetry)
    readiness: Readiness = field(default_factory=Readiness)
    list_problems: Callable[[], Sequence[Problem]] = tuple


@dataclass(frozen=True, slots=True)
class Intervals:
    """The times, in seconds, that pace the messages and the end.

    Attributes:
        flush_seconds: from one flush of an answer to the next.
        edit_seconds: from one edit of a sync's progress message to the next.
        grace_seconds: time for answers in flight to end when docent stops.
        pace: of the line.
    """

    flush_seconds: float = 1.0
    edit_seconds: float = 3.0
    grace_seconds: float = 18.0
    pace: Pace = field(default_factory=Pace)


async def serve(
    settings: BotSettings,
    parts: AppParts,
    *,
    intervals: Intervals | None = None,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Run the bot until SIGTERM or SIGINT; answers in flight may end.

    A start that has not ended by then is given up.

    Args:
        settings: tokens, channels and people.
        parts: the parts that do not depend on Slack.
        intervals: seconds between flushes and edits, and for the end.
        on_stop: called as soon as the signal comes, even if docent still starts.

    Raises:
        SettingsError: a token or secret is missing.
        SlackUnavailableError: Slack refused a token or can't be reached.
    """
    app = run_app(settings, parts, intervals=intervals or Intervals())
    await run_until_stopped(app, on_stop=on_stop)


@contextlib.asynccontextmanager
async def run_app(
    settings: BotSettings, parts: AppParts, *, intervals: Intervals
) -> AsyncIterator[None]:
    """Keep the bot connected to Slack for the time of the block.

    Args:
        settings: tokens, channels and people.
        parts: the parts that do not depend on Slack.
        intervals: seconds between flushes and edits, and for the end.

    Yields:
        None, once events arrive.

    Raises:
        SettingsError: a token or secret is missing.
        SlackUnavailableError: Slack refused a token or can't be reached.
    """
    require_settings(settings)
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
    counting = build_call_trace(parts.telemetry.metrics, connection.build_base_url(settings))
    async with aiohttp.ClientSession(timeout=timeout, trace_configs=[counting]) as session:
        app = connection.build_app(settings, session)
        identity = await _identify(settings, app)
        await asyncio.to_thread(parts.warm_up)
        slack = SlackClients.of(app.client, connection.build_quick_client(settings, session))
        work = _BackgroundWork.build(slack, parts, intervals)
        dispatcher, catch_up = _register_listeners(
            app, settings, parts, work, identity=identity, intervals=intervals
        )
        transport = build_transport(app, settings, catch_up)
        parts.readiness.watch_connection(transport.is_connected)
        purging = asyncio.create_task(parts.database.purge_daily())
        try:
            dispatcher.start()
            await transport.open()
            yield
        finally:
            purging.cancel()
            await transport.close()
            await catch_up.close()
            await dispatcher.stop(intervals.grace_seconds)
            await finish_clearing(CLEANUP_SECONDS)
            await work.end()


async def _identify(settings: BotSettings, app: AsyncApp) -> connection.Identity:
    """Check the tokens, and return the identity they belong to."""
    identity = await connection.identify(app.client, app=app)
    if settings.http_port is None:
        app_token = reveal_secret(settings.slack_app_token)
        await connection.check_app_token(app.client, app_token)
    return identity


@dataclass(frozen=True, slots=True)
class _BackgroundWork:
    """Work behind the listeners that has to end before the process does."""

    slack: SlackClients
    tasks: BackgroundTasks
    runner: PipelineRunner
    reindex: ReindexRunner

    @classmethod
    def build(cls, slack: SlackClients, parts: AppParts, intervals: Intervals) -> _BackgroundWork:
        reindex = ReindexRunner(parts.index, slack, edit_seconds=intervals.edit_seconds)
        runner = PipelineRunner(parts.pipeline, workers=parts.max_questions)
        return cls(slack, BackgroundTasks(), runner, reindex)

    async def end(self) -> None:
        """Stop a sync, and let clicks and commands end."""
        self.reindex.close()
        await self.tasks.drain(CLEANUP_SECONDS, cleanup_seconds=CLEANUP_SECONDS)
        self.runner.close()


def _register_listeners(  # noqa: PLR0913  (the parts, by name)
    app: AsyncApp,
    settings: BotSettings,
    parts: AppParts,
    work: _BackgroundWork,
    *,
    identity: connection.Identity,
    intervals: Intervals,
) -> tuple[Dispatcher, CatchUp]:
    """Build the handlers and register them; return what is to start."""
    index, database = parts.index, parts.database
    slack, tasks, client = work.slack, work.tasks, work.slack.client
    auto_channels = parse_ids(settings.auto_channels)
    help_channel = settings.help_channel.strip()
    can_escalate = bool(help_channel)

    # People: their language, and what they may do.
    people = People(client)
    locales = UserLocales(people, bot_user=identity.bot_user, channels=auto_channels)
    admins = UserList(settings.admins, client)
    allowed_users = UserList(settings.allowed_users, client, variable="DOCENT_ALLOWED_USERS")
    workspace = Workspace(identity.team, identity.enterprise)
    access = AccessPolicy(settings, allowed_users, people, workspace)
    gate = Gate(access, admins)

    # Questions: written into the inbox as they come, taken from it, answered.
    names = Names(slack)
    readable = ReadableMessages(access, bot_user=identity.bot_user)
    threads = SlackThreadHistory(slack, names, readable, bot_user=identity.bot_user)
    files = SlackFileReader(FileDownloads(client), reads_images=parts.reads_images)
    follow_ups = FollowUps(database.answers, threads)
    surface = SlackSurface(slack, can_escalate=can_escalate, flush_seconds=intervals.flush_seconds)
    responder = Responder(
        AnswerFlow(
            work.runner,
            database,
            QuestionBuilder(database, threads, files),
            telemetry=parts.telemetry,
        ),
        surface,
        database,
        access=access,
        follow_ups=follow_ups,
        orphans=Orphans(client, database.inbox_view, bot_user=identity.bot_user),
        reader=MessageReader(threads, names, follow_ups, readable),
        acknowledgement=Acknowledgement(slack),
        locales=locales,
        telemetry=parts.telemetry,
    )
    responder.dispatcher = dispatcher = Dispatcher(
        database.inbox,
        database.inbox_view,
        responder.handle,
        slots=parts.max_questions,
        show_place=responder.show_place,
        remove_place=surface.withdraw,
        pace=intervals.pace,
    )
    config = ListenerConfig(
        bot_user=identity.bot_user,
        team=identity.team,
        auto_channels=auto_channels,
        emoji=settings.emoji.strip().strip(":"),
    )
    recorder = QuestionRecorder(
        dispatcher, database, surface, readable=readable, tasks=tasks, config=config
    )
    reader, minutes = ConversationReader(slack), settings.catch_up_minutes
    catch_up = CatchUp(reader, database, recorder, config=config, minutes=minutes)

    # Answers: their buttons.
    escalation = Escalation(slack, database, help_channel)
    visible = VisibleAnswers(database.answers, team=identity.team)
    answer_actions = AnswerActions(slack, database, escalation, visible=visible, gate=gate)
    share_action = ShareAction(slack, database, visible)

    # The index: what admins do with it. Channels: what they ask of, and what the LLM is told.
    admin_gate = AdminGate(gate, database.audit)
    admin_commands = AdminCommands(
        index, work.reindex, gate=admin_gate, slack=slack, list_problems=parts.list_problems
    )
    instructions = InstructionsCommand(
        database.instructions, team=identity.team, team_instructions=parts.instructions
    )
    scope = ScopeCommand(database.scopes, index, gate, team=identity.team)
    deliveries = Deliveries(database.claims)
    app.use(locales.set_language)
    listeners.register(
        app,
        recorder=recorder,
        commands=Commands(
            tasks,
            {"why": answer_actions.explain_last_answer, "scope": scope.run},
            deliveries,
            gate=gate,
            admin_actions={
                "instructions": admin_gate.restrict(instructions.run),
                **admin_commands.actions,
            },
        ),
        config=config,
        interactions=Interactions(
            tasks,
            gate,
            slack.send_direct,
            click_handlers={
                buttons.STOP: responder.on_stop_click,
                buttons.SHARE: share_action.on_click,
                **answer_actions.click_handlers,
            },
            admin_click_handlers=admin_commands.click_handlers,
            form_handlers=answer_actions.form_handlers,
            deliveries=deliveries,
        ),
        home=HomeTab(
            index,
            database.activity,
            read_last_success_time=database.read_last_success_time,
            list_problems=parts.list_problems,
            gate=gate,
            slack=slack,
            tasks=tasks,
        ),
        suggested_prompts=SuggestedPrompts(index, slack, tasks, gate=gate),
    )
    return dispatcher, catch_up
